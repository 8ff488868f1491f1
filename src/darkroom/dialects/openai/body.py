"""The fields of an image request in OpenAI's shape, in all the spellings that clients send."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from darkroom.blob import Blob
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.json_body import TextBlob, parse_json

MAX_PROMPT_CHARS = 32_000  # OpenAI's own limit for GPT Image models
MAX_IMAGES = 16

# Other spellings of fields, as clients write them (reference/wire-formats.md C0, C1).
SPELLINGS = {
    "num_inference_steps": "steps",
    "cfg_scale": "guidance_scale",
    "aspectRatio": "aspect_ratio",
    "images": "image",
    "image_url": "image",
    "input_image": "image",
}
_INSIDE_IMAGES = ("image_url", "url", "b64_json", "data")
_TEXTS = ("prompt", "negative_prompt")

Prompt = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_PROMPT_CHARS)]


class ImageBody(BaseModel):
    """OpenAI's fields, and those of image models that travel beside them.

    Fields of OpenAI's that no model here can honour are checked all the same, and reported.
    """

    model_config = ConfigDict(extra="allow")

    prompt: Prompt = ""
    model: str | list[str] | None = None
    n: int | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    negative_prompt: Annotated[str, StringConstraints(max_length=MAX_PROMPT_CHARS)] | None = None
    prompt_enhance: bool | None = None
    enhance: bool = False
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool = False
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None

    quality: Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] | None = (
        None
    )
    style: Literal["vivid", "natural"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    moderation: Literal["auto", "low"] | None = None


WITHOUT_EFFECT = frozenset(
    ("quality", "style", "background", "output_format", "output_compression", "moderation")
)


@dataclass(frozen=True, slots=True)
class ReadBody:
    """A body whose fields have been checked one by one.

    `fields` are those that were given, under their own names; `spelled` is how the caller
    spelled each of them.
    """

    body: ImageBody
    fields: Mapping[str, Any]
    spelled: Mapping[str, str]
    images: tuple[ImageFile, ...]
    mask: ImageFile | None


def read_body(document: dict[str, Any]) -> ReadBody:
    """Check an image request's fields; raises `InvalidRequest` naming the one that is wrong."""
    fields, spelled = _normalise(_with_texts(document))
    images = _images(fields.pop("image", None), spelled.get("image", "image"))
    masks = _images(fields.pop("mask", None), "mask")
    if len(masks) > 1:
        raise InvalidRequest("mask: there can be only one.", param="mask")
    body = _validate(fields, spelled)
    return ReadBody(body, fields, spelled, images, masks[0] if masks else None)


def read_object(raw: Blob) -> dict[str, Any]:
    """A body that must be a JSON object; raises `InvalidRequest` if it is not."""
    try:
        body = parse_json(raw)
    except (ValueError, RecursionError):
        raise InvalidRequest("The request's body is not JSON.", code="invalid_json") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request's body must be a JSON object.", code="invalid_json")
    return body


def _with_texts(body: dict[str, Any]) -> dict[str, Any]:
    """A long prompt in a large body was left outside Python: it is read after all."""
    for name in _TEXTS:
        value = body.get(name)
        if isinstance(value, TextBlob):
            body[name] = value.content.head(value.content.size).decode("utf-8", "replace")
    return body


def _normalise(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields under their own names, without nulls; and how the caller spelled each."""
    fields: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for key, value in body.items():
        name = SPELLINGS.get(key, key)
        if value is None or (value == "" and name != "prompt"):
            continue
        if name != key and body.get(name) not in (None, ""):
            name = key  # said twice: the field's own name is heard, this one is reported
        fields[name], spelled[name] = value, key
    return fields, spelled


def _validate(fields: Mapping[str, Any], spelled: Mapping[str, str]) -> ImageBody:
    try:
        return ImageBody.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else None
        param = spelled.get(name, name) if name else None
        words = f"{param}: {first['msg']}." if param else "A field's name cannot be read."
        raise InvalidRequest(words, param=param) from None


def _images(value: object, param: str) -> tuple[ImageFile, ...]:
    """Pictures as data URLs or base64: one, a list, or objects that hold one."""
    if value is None:
        return ()
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_IMAGES:
        raise InvalidRequest(
            f"{param}: at most {MAX_IMAGES} pictures, not {len(entries)}.", param=param
        )
    return tuple(_image(entry, param) for entry in entries)


def _image(value: object, param: str) -> ImageFile:
    while isinstance(value, Mapping):
        value = next((value[name] for name in _INSIDE_IMAGES if value.get(name)), None)
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        raise InvalidRequest(
            f"{param}: send the picture itself, as a data URL or base64, not its address.",
            param=param,
        )
    if not isinstance(value, str | TextBlob):
        raise InvalidRequest(f"{param}: must be a data URL or base64.", param=param)
    try:
        image = read_image_text(value.content if isinstance(value, TextBlob) else value)
        _ = image.format
    except NotAnImage:
        raise InvalidRequest(
            f"{param}: this is not a PNG, JPEG, WebP, GIF or AVIF as a data URL or base64.",
            param=param,
            code="invalid_image_file",
        ) from None
    return image
