"""PNG files in pure Python: rows of samples read out of one, rows written into one (RFC 2083)."""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import accumulate

HEADER_BYTES = 33  # the signature and the first chunk
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PACKED_PIECE_BYTES = 16 * 1024
_PIECE_BYTES = 256 * 1024
_NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)
# Runs in which nothing happens and runs in which something does, whose last byte is not 0.
_RUNS = re.compile(rb"\0{8,}+|(?:\0{0,7}+[^\0]++)++|\0++")


class Colours(IntEnum):
    """What the samples of a pixel are."""

    GREY = 0
    RGB = 2
    PALETTE = 3
    GREY_ALPHA = 4
    RGBA = 6


_CHANNELS = {
    Colours.GREY: 1,
    Colours.RGB: 3,
    Colours.PALETTE: 1,
    Colours.GREY_ALPHA: 2,
    Colours.RGBA: 4,
}
_DEPTHS = {Colours.GREY: (1, 2, 4, 8, 16), Colours.PALETTE: (1, 2, 4, 8)}
_TRANSPARENCY_BYTES = {Colours.GREY: 2, Colours.RGB: 6}  # a colour; of a palette as many as it has


@dataclass(frozen=True, slots=True)
class Header:
    """Size in pixels, bits of a sample, and what the samples are."""

    width: int
    height: int
    depth: int
    colours: Colours
    interlaced: bool = False

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a pixel; 1 where several pixels share one."""
        return max(1, _CHANNELS[self.colours] * self.depth // 8)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, without that of its filter."""
        return (self.width * _CHANNELS[self.colours] * self.depth + 7) // 8


@dataclass(frozen=True, slots=True)
class Png:
    """A file taken apart. `transparency` is its tRNS chunk, `packed` its pixels, still deflated."""

    header: Header
    palette: bytes
    transparency: bytes
    packed: bytes

    def rows(self, offsets: Sequence[int]) -> Iterator[tuple[bytes, ...]]:
        """Row by row, the bytes at those offsets of every pixel: one string for each offset.

        Filters work on each byte of a pixel by itself (section 6), so that nothing else has to be
        undone. Raises `ValueError` or `zlib.error` when the file breaks off or makes no sense.
        """
        header, step = self.header, self.header.pixel_bytes
        rows = [bytes(header.row_bytes // step)] * len(offsets)
        packed = lines(self.packed, 1 + header.row_bytes)
        for _ in range(header.height):
            line = next(packed, None)
            if line is None:
                raise ValueError("the picture breaks off")
            rows = _undo_all(line[0], [line[1 + offset :: step] for offset in offsets], rows)
            yield tuple(rows)


def read_header(head: bytes) -> Header:
    """The header of a file that begins like this; raises `ValueError` if it is none."""
    if len(head) < HEADER_BYTES or not head.startswith(_SIGNATURE) or head[12:16] != b"IHDR":
        raise ValueError("not a PNG")
    width, height, depth, colours, _, _, interlaced = struct.unpack_from(">IIBBBBB", head, 16)
    header = Header(width, height, depth, Colours(colours), interlaced != 0)
    if not width or not height or depth not in _DEPTHS.get(header.colours, (8, 16)):
        raise ValueError("no such PNG")
    return header


def read_png(data: bytes) -> Png:
    """A file that is not interlaced, taken apart; raises `ValueError` if it is none."""
    header = read_header(data)
    if header.interlaced:
        raise ValueError("interlaced")
    chunks: dict[bytes, list[bytes]] = {}
    position = len(_SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind in (b"PLTE", b"tRNS", b"IDAT"):
            chunks.setdefault(kind, []).append(data[position + 8 : position + 8 + length])
        position += length + 12
    palette, transparency, packed = (
        b"".join(chunks.get(kind, ())) for kind in (b"PLTE", b"tRNS", b"IDAT")
    )
    if len(palette) % 3 or (header.colours is Colours.PALETTE and not palette):
        raise ValueError("no palette")
    if transparency and len(transparency) < _TRANSPARENCY_BYTES.get(header.colours, 0):
        raise ValueError("not all of a colour")
    return Png(header, palette, transparency, packed)


def write_png(header: Header, packed: bytes) -> bytes:
    """The file of deflated rows, each with its filter's number before it."""
    size = struct.pack(
        ">IIBBBBB", header.width, header.height, header.depth, header.colours, 0, 0, 0
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", size), (b"IDAT", packed), (b"IEND", b""))
    )


def lines(packed: bytes, size: int) -> Iterator[bytes]:
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


def _undo_all(kind: int, lines: Sequence[bytes], above: Sequence[bytes]) -> list[bytes]:
    """The strings of a row without their filter; where they are alike, as in a grey, one is."""
    rows: list[bytes] = []
    for number, line in enumerate(lines):
        alike = number and line == lines[number - 1] and above[number] == above[number - 1]
        rows.append(rows[-1] if alike else _undo(kind, line, above[number]))
    return rows


def _undo(kind: int, line: bytes, above: bytes) -> bytes:
    """One byte of every pixel of a row without its filter; `above` is the row before it.

    Most of most masks is flat: Python looks at single bytes only where something happens.
    """
    if kind == _NONE:
        return line
    if kind == _UP:
        return above if line == bytes(len(line)) else _sum(line, above)
    if kind not in (_SUB, _AVERAGE, _PAETH):
        raise ValueError("no such filter")
    changes = line if kind == _SUB else _changes(line, above)
    row = bytearray()
    for run in _RUNS.finditer(changes):
        start, end = run.span()
        left, corner = (row[-1], above[start - 1]) if row else (0, 0)
        if not changes[end - 1] and (kind != _AVERAGE or (left + above[start]) // 2 == left):
            row += bytes((left,)) * (end - start)
        elif kind == _SUB:
            row += bytes([total & 255 for total in accumulate(line[start:end], initial=left)][1:])
        elif kind == _AVERAGE:
            row += _average(line[start:end], above[start:end], left)
        else:
            row += _paeth(line[start:end], above[start:end], left, corner)
    return bytes(row)


def _average(line: bytes, above: bytes, left: int) -> bytearray:
    row = bytearray()
    for value, up in zip(line, above, strict=True):
        left = (value + (left + up) // 2) & 255
        row.append(left)
    return row


def _paeth(line: bytes, above: bytes, left: int, corner: int) -> bytearray:
    row = bytearray()
    for value, up in zip(line, above, strict=True):
        to_left, to_up = up - corner, left - corner
        to_corner = abs(to_left + to_up)
        to_left, to_up = abs(to_left), abs(to_up)
        if to_left > to_up or to_left > to_corner:
            left = up if to_up <= to_corner else corner
        left, corner = (value + left) & 255, up
        row.append(left)
    return row


def filtered(kind: int, row: bytes, above: bytes) -> bytes:
    """One byte of every pixel of a row as a filter leaves it: what `_undo` makes good again."""
    left, corner = b"\0" + row[:-1], b"\0" + above[:-1]
    if kind == _NONE:
        return row
    if kind == _SUB:
        return _difference(row, left)
    if kind == _UP:
        return _difference(row, above)
    if kind == _AVERAGE:
        return _difference(row, bytes((a + b) // 2 for a, b in zip(left, above, strict=True)))
    if kind == _PAETH:
        return _difference(row, _predicted(left, above, corner))
    raise ValueError("no such filter")


def _predicted(left: bytes, above: bytes, corner: bytes) -> bytes:
    """What Paeth's filter expects; in flat places it need not be reckoned."""
    if left == corner:
        return above
    if above == corner:
        return left
    return bytes(
        b if a == c else a if b == c else _nearest(a, b, c)
        for a, b, c in zip(left, above, corner, strict=True)
    )


def _nearest(left: int, above: int, corner: int) -> int:
    to_left, to_above = abs(above - corner), abs(left - corner)
    to_corner = abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


def _changes(line: bytes, above: bytes) -> bytes:
    """Not 0 where a byte of the line is not 0, or differs from its left neighbour above."""
    up = int.from_bytes(above, "little")
    changes = int.from_bytes(line, "little") | up ^ (up << 8)
    return changes.to_bytes(len(line) + 1, "little")[:-1]


def _sum(one: bytes, other: bytes) -> bytes:
    """Byte by byte, modulo 256: all at once, as long numbers whose carries stay in their bytes."""
    low, high = _bits(len(one))
    left, right = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    total = ((left & low) + (right & low)) ^ ((left ^ right) & high)
    return total.to_bytes(len(one), "little")


def _difference(one: bytes, other: bytes) -> bytes:
    """Byte by byte, modulo 256, as `_sum` does it."""
    low, high = _bits(len(one))
    left, right = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    total = ((left | high) - (right & low)) ^ ((left ^ ~right) & high)
    return total.to_bytes(len(one), "little")


@lru_cache(maxsize=8)
def _bits(size: int) -> tuple[int, int]:
    """The lower seven bits of each byte, and the uppermost."""
    return int.from_bytes(b"\x7f" * size, "little"), int.from_bytes(b"\x80" * size, "little")
