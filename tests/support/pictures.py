"""Pictures and masks as people send them, and a look at those that come back or went upstream."""

import base64
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageOps

from darkroom.blob import Blob, BytesBlob
from darkroom.job import Size
from darkroom.stores.unavailable import StoreUnavailable

SIZE = (640, 512)


def picture(colour: str = "red", size: tuple[int, int] = SIZE, kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    return file_of(Image.new("RGB", size, colour), kind)


def left_erased(size: tuple[int, int] = SIZE) -> bytes:
    """A mask in OpenAI's language: its left half is transparent, and may change."""
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    return file_of(mask)


def left_white(size: tuple[int, int] = SIZE) -> bytes:
    """The same in the language of most others: white on black."""
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    return file_of(mask)


def opened(content: str | bytes) -> Image.Image:
    """A picture from its file, or from the file's base64."""
    data = base64.b64decode(content, validate=True) if isinstance(content, str) else content
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def digests_in(body: Any) -> Iterator[str]:
    """The SHA-256 of every PNG in a body as a stand-in's log tells it, in order.

    Such are the files of forms, and base64 in JSON, with or without the head of a data URL.
    """
    if isinstance(body, dict) and "sha256" in body:
        yield body["sha256"]
    elif isinstance(body, dict | list):
        for entry in body.values() if isinstance(body, dict) else body:
            yield from digests_in(entry)
    elif isinstance(body, str) and body.removeprefix("data:image/png;base64,")[:6] == "iVBORw":
        yield digest(base64.b64decode(body.removeprefix("data:image/png;base64,")))


def digest(content: bytes) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()


def photo(size: tuple[int, int] = SIZE, seed: int = 1) -> Image.Image:
    """A picture in which hardly two pixels are alike."""
    noise = Image.frombytes("RGB", (16, 16), Random(seed).randbytes(16 * 16 * 3))
    return noise.resize(size, Image.Resampling.BICUBIC)


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of any sample of two pictures of one size and kind."""
    assert (one.size, one.mode) == (other.size, other.mode)
    return max(ImageChops.difference(one, other).tobytes())


@dataclass
class PillowConverter:
    """Converts as Cloudflare Images does, or not at all."""

    requested: list[tuple[str, Size | None]] = field(default_factory=list)
    broken: bool = False

    async def convert(
        self, content: Blob, output_format: str, compression: int | None, size: Size | None = None
    ) -> Blob:
        self.requested.append((output_format, size))
        if self.broken:
            raise StoreUnavailable
        image = ImageOps.exif_transpose(opened(content.head(content.size)))
        if size is not None:
            image = image.resize((size.width, size.height))
        return BytesBlob(file_of(image, output_format.upper()))
