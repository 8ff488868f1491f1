"""Images in responses of HTTP APIs, under all names that they go by."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from darkroom.errors import ContentRefused, Failure, JobFailed
from darkroom.events import Picture
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.image_header import FORMAT_BYTES, image_format
from darkroom.json_reader import MAX_DIGITS
from darkroom.json_writer import TextBlob
from darkroom.scrub import scrub


def _places(*names: str) -> Mapping[str, int]:
    """Names with their places."""
    return {name: place for place, name in enumerate(names)}


_HOLDERS = _places(
    "data", "images", "output_images", "results", "output", "outputs", "result", "artifacts",
    "generated_images", "image_urls", "urls",
)  # fmt: skip
_NAMES = _places(
    "url", "image_url", "image", "file_url",
    "b64_json", "b64", "base64", "image_base64", "bytesBase64Encoded",
)  # fmt: skip
_HOLDING = (list, dict, str, TextBlob)
_SHORTEST_BASE64 = 64
_MAX_ADDRESS_CHARS = 8192
_ABSOLUTE = re.compile(r"(?:https?:)?//\S+", re.IGNORECASE)
# An address without its host, to be read from the upstream's own.
_RELATIVE = re.compile(
    r"\.{0,2}/[^\s/]\S*+|[^\s:/][^\s:?#]*\.(?:png|jpe?g|webp|gif|avif)(?:[?#]\S*+)?", re.IGNORECASE
)
MAX_WHOLE = 2**53  # beyond it JavaScript's numbers, and so most readers', are not whole
MAX_PICTURES = 64  # of one answer; what is beyond is not looked for


def find_pictures(answer: Any) -> list[Picture]:
    """The pictures of an OpenAI-like answer, in order; none is an empty list.

    Takes `data`, `images`, `output_images` and the like, one or a list: addresses, data URLs,
    base64, or objects that hold one of them.
    """
    return list(islice(_find(answer), MAX_PICTURES))


def picture_of(value: object, lasts_s: float | None = None) -> Picture | None:
    """The picture that an address, a data URL or base64 stands for.

    The address may lack its host; a JPEG's base64 begins as a path does.
    """
    if isinstance(value, TextBlob):
        return Picture(file=read_image_text(value.content))
    if not isinstance(value, str):
        return None
    if _ABSOLUTE.fullmatch(value):
        return Picture(url=value, lasts_s=lasts_s)
    file = _file_of(value)
    is_relative = len(value) <= _MAX_ADDRESS_CHARS and _RELATIVE.fullmatch(value)
    if is_relative and (file is None or not image_format(file.read(0, FORMAT_BYTES))):
        return Picture(url=value, lasts_s=lasts_s)
    return None if file is None else Picture(file=file)


def _file_of(text: str) -> ImageFile | None:
    if not text.startswith("data:") and len(text) < _SHORTEST_BASE64:
        return None
    try:
        return read_image_text(text)
    except NotAnImage:
        return None


def no_picture(name: str, said: object = None) -> Failure:
    """The failure of an answer that went well and holds no picture."""
    words = scrub(said) if isinstance(said, str) else ""
    if words:
        return ContentRefused(
            f"{name} answered with words and no picture: {words}", code="no_image"
        )
    return JobFailed(
        f"{name} finished without a picture. It may have refused the prompt.", code="no_image"
    )


def as_object(value: object) -> Mapping[str, Any]:
    """An object, or an empty one in the place of anything else."""
    return value if isinstance(value, Mapping) else {}


def as_objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; none in the place of anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def whole_number(value: object) -> int | None:
    """A whole number as upstreams write it, or its digits; None beyond `MAX_WHOLE`."""
    if isinstance(value, str) and len(value) <= MAX_DIGITS and value.isdecimal():
        value = int(value)
    number = plain_number(value)
    return int(number) if number is not None and number == int(number) else None


def plain_number(value: Any) -> float | None:
    """A number, whole or not; None for one beyond `MAX_WHOLE`, infinite or none at all."""
    kind = type(value)
    if kind is not int and kind is not float:  # a bool is none
        return None
    return value if abs(value) <= MAX_WHOLE else None  # false for NaN too


def _find(value: Any) -> Iterator[Picture]:
    if isinstance(value, list):
        for item in value:
            yield from _find(item)
    elif isinstance(value, dict):
        named = _named(value, _HOLDERS)
        held = [each for each in named if isinstance(each, _HOLDING)]
        found = (list(islice(_find(each), MAX_PICTURES)) for each in held)
        if pictures := next(filter(None, found), []):
            yield from pictures
            return
        if any(isinstance(each, list) for each in held):
            return
        for inner in _named(value, _NAMES):
            picture = next(_find(inner), None) if isinstance(inner, dict) else picture_of(inner)
            if picture is not None:
                yield picture
                return
    else:
        picture = picture_of(value)
        if picture is not None:
            yield picture


def _named(value: Mapping[str, Any], names: Mapping[str, int]) -> list[Any]:
    """The values of an object under any of these names, in the order of the names."""
    found = value.keys() & names.keys()
    return [value[name] for name in (sorted(found, key=names.__getitem__) if found else ())]
