"""What a caller wants painted, and the pictures that come of it."""

import base64
import io
import re
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from .body import sniff
from .call import Call
from .directives import Directives
from .fields import wrong_type, wrong_value
from .references import read_reference
from .shared_state import Studio

SIZE = re.compile(r"(\d{1,5})[x×*](\d{1,5})")


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """`count` pictures, which differ by their seeds; the first is painted by `seed`."""

    prompt: str
    width: int
    height: int
    seed: int
    count: int = 1
    format: str = "png"
    sources: tuple[bytes, ...] = ()

    @property
    def size(self) -> str:
        """`"1024x768"`"""
        return f"{self.width}x{self.height}"

    async def paint(self, studio: Studio, index: int = 0) -> bytes:
        """The picture of that index."""
        return await studio.paint(
            self.prompt,
            self.seed + index,
            self.width,
            self.height,
            self.format,
            sources=self.sources,
        )

    async def paint_all(self, studio: Studio) -> list[bytes]:
        """All pictures, in order."""
        return [await self.paint(studio, index) for index in range(self.count)]


def openai_items(
    call: Call,
    directives: Directives,
    image_request: ImageRequest,
    pictures: list[bytes],
    *,
    as_url: bool,
) -> dict[str, Any]:
    """`{"data": [{"url" or "b64_json"}]}`, empty for `[[words]]` and missing for `[[none]]`."""
    if "none" in directives:
        return {}
    if "words" in directives:
        return {"data": []}
    if as_url and "b64" not in directives:
        return {"data": [{"url": call.keep(picture, image_request.format)} for picture in pictures]}
    return {"data": [{"b64_json": to_base64(picture)} for picture in pictures]}


def to_base64(picture: bytes) -> str:
    """Plain base64 on one line."""
    return base64.b64encode(picture).decode()


def parse_size(name: str, text: str) -> tuple[int, int]:
    """`"1024x768"` -> `(1024, 768)`"""
    match = SIZE.fullmatch(text)
    if not match:
        raise wrong_value(name, f"'{text}' is not WIDTHxHEIGHT.")
    return int(match[1]), int(match[2])


def check_side(name: str, pixels: int, low: int, high: int, multiple: int = 1) -> None:
    """Fail when a side of a picture is too short, too long or no multiple of `multiple`."""
    if not low <= pixels <= high or pixels % multiple:
        of = f" and a multiple of {multiple}" if multiple > 1 else ""
        raise wrong_value(name, f"{pixels} must be between {low} and {high}{of}.")


def read_picture(studio: Studio, name: str, value: object) -> bytes:
    """A picture that came as a web address or data URL; nothing is fetched."""
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    kept = studio.pictures.find(value.rpartition("/")[2])
    if kept:
        return kept
    try:
        return read_reference(value)
    except ValueError as error:
        raise wrong_value(name, f"{error}: expected a URL or a base64 data URL.") from error


def check_picture(name: str, data: bytes) -> bytes:
    """The data, if it is a whole PNG, JPEG, WebP or GIF."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise wrong_value(name, "Invalid image file or mode for image.") from error
    if sniff(data) is None:
        raise wrong_value(name, "Unsupported image format.")
    return data


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height."""
    with Image.open(io.BytesIO(data)) as image:
        return image.size
