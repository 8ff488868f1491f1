"""Images in responses of HTTP APIs, under all names that they go by."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from darkroom.errors import ContentRefused, Failure, JobFailed
from darkroom.events import Picture
from darkroom.image import NotAnImage, read_image_text
from darkroom.json_reader import MAX_DIGITS
from darkroom.json_writer import TextBlob
from darkroom.scrub import scrub

_LISTS = ("data", "images", "output_images", "results")
_ADDRESSES = ("url", "image_url", "image", "file_url")
_TEXTS = ("b64_json", "b64", "base64", "image_base64", "bytesBase64Encoded")
_SHORTEST_BASE64 = 64
MAX_WHOLE = 2**53  # beyond it JavaScript's numbers, and so most readers', are not whole
MAX_PICTURES = 64  # of one answer; what is beyond is not looked for


def find_pictures(answer: Any) -> list[Picture]:
    """The pictures of an OpenAI-like answer, in order; none is an empty list.

    Takes `data[]`, `images[]` and `output_images[]`, whose entries may be addresses, data URLs,
    base64, or objects that hold one of them.
    """
    return list(islice(_find(answer), MAX_PICTURES))


def picture_of(value: object, lasts_s: float | None = None) -> Picture | None:
    """The picture that an address, a data URL or base64 stands for."""
    if isinstance(value, TextBlob):
        return Picture(file=read_image_text(value.content))
    if not isinstance(value, str):
        return None
    if value.startswith(("https://", "http://")):
        return Picture(url=value, lasts_s=lasts_s)
    if not value.startswith("data:") and len(value) < _SHORTEST_BASE64:
        return None
    try:
        return Picture(file=read_image_text(value))
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
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) <= MAX_WHOLE and value == int(value) else None


def _find(value: Any) -> Iterator[Picture]:
    if isinstance(value, list):
        for item in value:
            yield from _find(item)
    elif isinstance(value, Mapping):
        lists = [value[name] for name in _LISTS if isinstance(value.get(name), list)]
        if lists:
            found = (list(islice(_find(entries), MAX_PICTURES)) for entries in lists)
            yield from next(filter(None, found), [])
            return
        for name in (*_ADDRESSES, *_TEXTS):
            inner = value.get(name)
            picture = next(_find(inner), None) if isinstance(inner, Mapping) else picture_of(inner)
            if picture is not None:
                yield picture
                return
    else:
        picture = picture_of(value)
        if picture is not None:
            yield picture
