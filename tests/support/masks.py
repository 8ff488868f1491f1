"""One mask in both conventions, and masks that are much work to read."""

import io
import zlib
from collections.abc import Callable
from random import Random

from PIL import Image

from darkroom.blob import BytesBlob
from darkroom.image import ImageFile
from darkroom.png import Colours, Header, write_png


def _file_of(mode: str, pixels: bytes) -> ImageFile:
    buffer = io.BytesIO()
    Image.frombytes(mode, (2, 1), pixels).save(buffer, "PNG")
    return ImageFile(data=BytesBlob(buffer.getvalue()))


BY_ALPHA = _file_of("RGBA", b"\1\2\3\0\1\2\3\xff")  # the left of its two pixels may change
BY_BRIGHTNESS = _file_of("RGB", b"\xff\xff\xff\0\0\0")
ERASED = [(0, 0, 0, 0), (0, 0, 0, 255)]


def pixels_of(png: bytes) -> list[object]:
    """The two pixels of a PNG."""
    image = Image.open(io.BytesIO(png))
    return [image.getpixel((0, 0)), image.getpixel((1, 0))]


def encode_png(
    width: int, height: int, colours: Colours, row: Callable[[int, int], bytes], depth: int = 8
) -> bytes:
    """A PNG whose filtered rows `row` makes of their number and their bytes, filter included."""
    header = Header(width, height, depth, colours)
    deflate = zlib.compressobj()
    rows = [deflate.compress(row(number, 1 + header.row_bytes)) for number in range(height)]
    return write_png(header, b"".join(rows) + deflate.flush())


def busy_png(width: int, height: int, kind: int, colours: Colours = Colours.RGBA) -> bytes:
    """A small file of many pixels, none of which can be unfiltered without looking at it.

    Its rows repeat a pattern of noise, filtered by `kind`: 3 is average, 4 Paeth's.
    """
    noise = Random(13).randbytes(40_000)

    def row(number: int, size: int) -> bytes:
        return bytes((kind,)) + noise[(start := number % 8 * 64) : start + size - 1]

    return encode_png(width, height, colours, row)
