"""Masks as vendors read them: where OpenAI's is transparent, others want white on black."""

import asyncio
import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate, islice

from darkroom.blob import Blob, BytesBlob
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile, NotAnImage

MAX_MASK_BYTES = 4 * 1024 * 1024  # of the file, as at OpenAI
MAX_MASK_PIXELS = 2048 * 2048  # each is looked at by Python
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {4: 2, 6: 4}  # grey or colours, with an alpha channel behind them
_ROWS_A_TURN = 64
_PACKED_PIECE_BYTES = 16 * 1024
_PIECE_BYTES = 256 * 1024
_INVERTED = bytes(range(255, -1, -1))


async def to_black_and_white(mask: ImageFile) -> Blob:
    """A PNG that is white where the mask is transparent and black where it is opaque.

    Raises `InvalidRequest` for a mask that is no PNG with an alpha channel, or is too large.
    """
    try:
        content = await mask.to_bytes()
        if content.size > MAX_MASK_BYTES:
            raise _unfit(f"of at most {MAX_MASK_BYTES // 2**20} MiB")
        return BytesBlob(await _convert(content.head(content.size)))
    except (NotAnImage, ValueError, struct.error, zlib.error):
        raise _unfit("that can be read") from None


async def _convert(png: bytes) -> bytes:
    chunks = list(_chunks(png))
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not width or not height:
        raise ValueError("no pixels")
    if colours not in _CHANNELS or depth not in (8, 16) or interlaced:
        raise _unfit("of 8 or 16 bits, not interlaced")
    if width * height > MAX_MASK_PIXELS:
        raise _unfit(f"of at most {MAX_MASK_PIXELS} pixels")
    packed = b"".join(data for kind, data in chunks if kind == b"IDAT")
    step = _CHANNELS[colours] * depth // 8
    # Filters work on each byte of a pixel by itself, so that alpha's can be taken apart from the
    # others before they are undone (RFC 2083, section 6); of 16 bits the upper 8 will do.
    alpha_at = 1 + step - depth // 8
    deflate, painted, alpha = zlib.compressobj(), [], bytes(width)
    for row, line in enumerate(islice(_lines(packed, 1 + width * step), height)):
        alpha = _undo(line[0], line[alpha_at::step], alpha)
        painted.append(deflate.compress(b"\0" + alpha.translate(_INVERTED)))
        if row % _ROWS_A_TURN == 0:
            await asyncio.sleep(0)
    if len(painted) != height:
        raise ValueError("the picture breaks off")
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pieces = [(b"IHDR", header), (b"IDAT", b"".join(painted) + deflate.flush()), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in pieces
    )


def _lines(packed: bytes, size: int) -> Iterator[bytes]:
    """The rows of a picture as they are filtered, `size` bytes each, few of them at a time."""
    inflate, held = zlib.decompressobj(), b""
    for start in range(0, len(packed), _PACKED_PIECE_BYTES):
        piece = packed[start : start + _PACKED_PIECE_BYTES]
        while piece:
            held += inflate.decompress(piece, _PIECE_BYTES)
            piece = inflate.unconsumed_tail
            whole = len(held) // size * size
            for at in range(0, whole, size):
                yield held[at : at + size]
            held = held[whole:]
    held += inflate.flush()
    if len(held) >= size:
        yield held[:size]


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """A PNG's chunks in order, of which the first is its header; raises `ValueError`."""
    if not png.startswith(_SIGNATURE) or png[12:16] != b"IHDR":
        raise ValueError("not a PNG")
    position = len(_SIGNATURE)
    while position + 8 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        yield kind, png[position + 8 : position + 8 + length]
        position += length + 12


def _undo(kind: int, line: bytes, above: bytes) -> bytes:
    """One row of one channel without its filter; `above` is the row before it."""
    if kind == 0 or (kind == 1 and not any(line)):
        return line
    if not any(line) and (kind == 2 or (kind == 4 and above.count(above[:1]) == len(above))):
        return above  # most rows of most masks: like the one before
    if kind == 1:
        sums: Iterator[int] = accumulate(line, _add)
        return bytes(sums)
    if kind == 2:
        return bytes(map(_add, line, above))
    if kind not in (3, 4):
        raise ValueError("no such filter")
    row, left, corner = bytearray(), 0, 0
    for value, up in zip(line, above, strict=True):
        guess = (left + up) // 2 if kind == 3 else _paeth(left, up, corner)
        left, corner = (value + guess) & 255, up
        row.append(left)
    return bytes(row)


def _add(one: int, other: int) -> int:
    return (one + other) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


def _unfit(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"mask: this model takes a PNG with an alpha channel {what}, transparent where the "
        "picture may change.",
        param="mask",
    )
