"""The alpha channel of one picture copied onto another, row by row.

A PNG's filters work on each byte of a pixel by itself (RFC 2083, section 6), so that the colours of
a picture stay as they are filtered: only the transparency is filtered anew, as each row is.
"""

import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from operator import itemgetter

from darkroom.job import Size
from darkroom.mask_levels import INVERTED, transparency_of
from darkroom.masks import MAX_MASK_PIXELS, MAX_MASK_SIDE
from darkroom.pauses import WorkMeter
from darkroom.png import Colours, Header, Png, read_header, read_png, write_png
from darkroom.png_filters import filtered

MAX_ALPHA_STEPS = 8_000_000  # about 2 s in workerd
_LEVEL = 3  # of deflate
_DEFLATED_BYTES_A_STEP = 4
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
    a palette, interlaced, too large, too much work, or broken.
    """
    png, meter = _open(picture), WorkMeter(MAX_ALPHA_STEPS)
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
    lines = png.lines(meter)
    async with aclosing(_alphas(_open(layer), size, meter)) as alphas:
        async for alpha in alphas:
            line = next(lines)
            row = bytearray(1 + made.row_bytes)
            row[0] = line[0]
            for offset in range(kept):
                row[1 + offset :: kept + 1] = line[1 + offset :: step]
            row[1 + kept :: kept + 1] = filtered(line[0], alpha, above, meter)
            meter.add(len(row) // _DEFLATED_BYTES_A_STEP)
            packed.append(deflate.compress(bytes(row)))
            above = alpha
            await meter.pause()
    return write_png(made, b"".join(packed) + deflate.flush())


def _open(data: bytes) -> Png:
    header = read_header(data)
    if max(header.width, header.height) > MAX_MASK_SIDE:
        raise ValueError("too long a side")
    if header.width * header.height > MAX_MASK_PIXELS:
        raise ValueError("too many pixels")
    return read_png(data)


async def _alphas(layer: Png, size: Size, meter: WorkMeter) -> AsyncGenerator[bytes]:
    """The opacity of each pixel, row by row, at another size than the layer's own."""
    reading = transparency_of(layer)
    if reading is None:
        raise ValueError("nothing is transparent")
    own = layer.header
    wider = own.width != size.width
    columns = itemgetter(*(x * own.width // size.width for x in range(size.width)), 0)
    rows = layer.rows(reading.offsets, meter)
    taken, alpha = -1, b""
    for y in range(size.height):
        wanted = y * own.height // size.height
        while taken < wanted:
            row = next(rows)
            taken += 1
            await meter.pause()
            if taken == wanted:
                alpha = reading.levels(row).translate(INVERTED)
                if wider:
                    meter.add(size.width // 2)
                    alpha = bytes(columns(alpha)[:-1])
        yield alpha
