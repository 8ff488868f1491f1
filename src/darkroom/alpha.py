"""The transparency of one picture put on another, row by row.

A PNG's filters work on each byte of a pixel by itself (RFC 2083, section 6), so that the colours of
a picture stay as they are filtered: only the transparency is filtered anew, as each row is.
"""

import asyncio
import zlib
from collections.abc import Iterator, Sequence
from operator import itemgetter

from darkroom.job import Size
from darkroom.masks import INVERTED, transparency_of
from darkroom.png import Colours, Header, Png, filtered, lines, read_png, write_png

_LEVEL = 3  # of deflate
_ROWS_A_TURN = 64
_WITH_ALPHA = {
    Colours.RGB: Colours.RGBA,
    Colours.RGBA: Colours.RGBA,
    Colours.GREY: Colours.GREY_ALPHA,
    Colours.GREY_ALPHA: Colours.GREY_ALPHA,
}


def has_transparency(layer: bytes) -> bool:
    """Whether a file is a PNG in which anything may be transparent."""
    try:
        return transparency_of(read_png(layer)) is not None
    except ValueError:
        return False


async def put_alpha(picture: bytes, layer: bytes) -> bytes:
    """A PNG with the transparency of another, which is stretched to its size.

    Raises `ValueError` or `zlib.error` for files that cannot be read so: of 16 bits a sample, with
    a palette, interlaced, or broken.
    """
    png = read_png(picture)
    header = png.header
    colours = _WITH_ALPHA.get(header.colours)
    if colours is None or header.depth != 8:
        raise ValueError("no such picture")
    size = Size(header.width, header.height)
    step = header.pixel_bytes
    kept = step - 1 if colours == header.colours else step  # bytes of a pixel that are colour
    made = Header(size.width, size.height, 8, colours)
    deflate = zlib.compressobj(_LEVEL)
    packed: list[bytes] = []
    above = bytes(size.width)
    alphas = _alphas(read_png(layer), size)
    rows = zip(lines(png.packed, 1 + header.row_bytes), alphas, strict=True)
    for number, (line, alpha) in enumerate(rows, 1):
        row = bytearray(1 + made.row_bytes)
        row[0] = line[0]
        for offset in range(kept):
            row[1 + offset :: kept + 1] = line[1 + offset :: step]
        row[1 + kept :: kept + 1] = filtered(line[0], alpha, above)
        packed.append(deflate.compress(bytes(row)))
        above = alpha
        if number % _ROWS_A_TURN == 0:
            await asyncio.sleep(0)
    return write_png(made, b"".join(packed) + deflate.flush())


def _alphas(layer: Png, size: Size) -> Iterator[bytes]:
    """How opaque each pixel is, row by row, at another size than the layer's own."""
    reading = transparency_of(layer)
    if reading is None:
        raise ValueError("nothing is transparent")
    own = layer.header
    wider = own.width != size.width
    columns = itemgetter(*(x * own.width // size.width for x in range(size.width)), 0)
    rows = layer.rows(reading.offsets)
    taken, alpha = -1, b""
    for y in range(size.height):
        wanted = y * own.height // size.height
        while taken < wanted:
            row: Sequence[bytes] = next(rows)
            taken += 1
        alpha = reading.levels(row).translate(INVERTED)
        yield bytes(columns(alpha)[:-1]) if wider else alpha
