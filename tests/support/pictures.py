"""Pictures and masks as people send them, and a look at those that come back or went upstream."""

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import Any

from PIL import Image

SIZE = (640, 512)


def picture(colour: str = "red", size: tuple[int, int] = SIZE, kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    return _file(Image.new("RGB", size, colour), kind)


def left_erased(size: tuple[int, int] = SIZE) -> bytes:
    """A mask in OpenAI's language: its left half is transparent, and may change."""
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    return _file(mask)


def left_white(size: tuple[int, int] = SIZE) -> bytes:
    """The same in the language of most others: white on black."""
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    return _file(mask)


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


def _file(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()
