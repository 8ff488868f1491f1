"""A reader and writer of PNG files in pure Python, row by row (RFC 2083)."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from darkroom.pauses import WorkMeter
from darkroom.png_filters import unfiltered

HEADER_BYTES = 33  # the signature and the first chunk
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PACKED_PIECE_BYTES = 8 * 1024
_PIECE_BYTES = 256 * 1024
_MAX_IDLE_BYTES = 24 * 1024  # of deflated data that hardly any pixels come of
_MAX_CHUNKS = 10_000
_MAX_PALETTE_BYTES = 3 * 256
_BYTES_A_STEP = 16  # of rows that are handled as a whole
_ROW_STEPS = 64


class Colours(IntEnum):
    """The colour type: what the samples of a pixel are."""

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

    def lines(self, meter: WorkMeter) -> Iterator[bytes]:
        """The rows as they are filtered, each with its filter's number before it.

        Raises `ValueError` or `zlib.error` when the file breaks off or makes no sense, and
        `TooMuchWork` beyond the meter's limit.
        """
        size = 1 + self.header.row_bytes
        lines = _inflated(self.packed, size, meter)
        for _ in range(self.header.height):
            line = next(lines, None)
            if line is None:
                raise ValueError("the picture breaks off")
            meter.add(_ROW_STEPS + size // _BYTES_A_STEP)
            yield line

    def rows(self, offsets: Sequence[int], meter: WorkMeter) -> Iterator[tuple[bytes, ...]]:
        """Row by row, the bytes at those offsets of every pixel: one string for each offset.

        Filters work on each byte of a pixel by itself (section 6), so that nothing else has to be
        undone. Raises as `lines` does.
        """
        header, step = self.header, self.header.pixel_bytes
        rows = [bytes(header.row_bytes // step)] * len(offsets)
        for line in self.lines(meter):
            parts = [line[1 + offset :: step] for offset in offsets]
            rows = unfiltered(line[0], parts, rows, meter)
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
    chunks = _read_chunks(data)
    palette, transparency, packed = (
        b"".join(chunks.get(kind, ())) for kind in (b"PLTE", b"tRNS", b"IDAT")
    )
    if len(palette) % 3 or len(palette) > _MAX_PALETTE_BYTES:
        raise ValueError("no such palette")
    if header.colours is Colours.PALETTE and not palette:
        raise ValueError("no palette")
    if transparency and len(transparency) < _TRANSPARENCY_BYTES.get(header.colours, 0):
        raise ValueError("not all of a colour")
    return Png(header, palette, transparency, packed)


def _read_chunks(data: bytes) -> dict[bytes, list[bytes]]:
    """Read the chunks that pixels are made of, by their type."""
    chunks: dict[bytes, list[bytes]] = {}
    position = len(_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(data):
            return chunks
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind in (b"PLTE", b"tRNS", b"IDAT"):
            chunks.setdefault(kind, []).append(data[position + 8 : position + 8 + length])
        position += length + 12
    raise ValueError("too many chunks")


def write_png(header: Header, packed: bytes) -> bytes:
    """The file of deflated rows, each with its filter's number before it."""
    size = struct.pack(
        ">IIBBBBB", header.width, header.height, header.depth, header.colours, 0, 0, 0
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", size), (b"IDAT", packed), (b"IEND", b""))
    )


def _inflated(packed: bytes, size: int, meter: WorkMeter) -> Iterator[bytes]:
    """The data in pieces of `size` bytes, few of them at a time.

    Raises `ValueError` for a long stretch that inflates to next to nothing: no encoder writes that,
    and nobody could be given a turn while it is read.
    """
    inflate, held, idle = zlib.decompressobj(), b"", 0
    for start in range(0, len(packed), _PACKED_PIECE_BYTES):
        if inflate.eof:
            break
        piece = packed[start : start + _PACKED_PIECE_BYTES]
        meter.add(len(piece))  # a block without a pixel has 12 bytes and takes as many steps
        idle += len(piece)
        while piece:
            inflated = inflate.decompress(piece, _PIECE_BYTES)
            piece = inflate.unconsumed_tail
            idle = max(0, idle - 2 * len(inflated))
            held += inflated
            whole = len(held) // size * size
            for at in range(0, whole, size):
                yield held[at : at + size]
            held = held[whole:]
        if idle > _MAX_IDLE_BYTES:
            raise ValueError("no data")
    held += inflate.flush()
    if len(held) >= size:
        yield held[:size]
