"""One mask in both languages."""

import io

from PIL import Image

from darkroom.blob import BytesBlob
from darkroom.image import ImageFile


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
