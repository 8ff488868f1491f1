"""The fields of an image request in OpenAI's shape, in all spellings that clients send."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from darkroom.errors import InvalidRequest
from darkroom.field_types import NO_BOOLEAN, Name, Number, Whole, Word
from darkroom.generation.input_images import Source, entries_of, is_nothing, read_source
from darkroom.job import OPTIONS
from darkroom.json_writer import TextBlob

MAX_PROMPT_CHARS = 32_000  # OpenAI's own limit for GPT Image models
MAX_IMAGES = 16

# Other spellings of fields, as clients write them (reference/wire-formats.md B6, C0, C1).
SPELLINGS = {
    "num_inference_steps": "steps",
    "numInferenceSteps": "steps",
    "cfg_scale": "guidance_scale",
    "cfgScale": "guidance_scale",
    "cfg": "guidance_scale",
    "guidance": "guidance_scale",
    "guidanceScale": "guidance_scale",
    "aspectRatio": "aspect_ratio",
    "resolution": "size",
    "image_size": "size",
    "imageSize": "size",
    "negativePrompt": "negative_prompt",
    "batch_size": "n",
    "num_images": "n",
    "outputFormat": "output_format",
    "images": "image",
    "image_url": "image",
    "image_urls": "image",
    "imageUrl": "image",
    "imageUrls": "image",
    "input_image": "image",
    "input_images": "image",
    "init_image": "image",
    "init_images": "image",
    "source_image": "image",
    "reference_image": "image",
    "reference_images": "image",
    "referenceImages": "image",
    "image_base64": "image",
    "imageBase64": "image",
    "image_data": "image",
    **{f"{name}{number}": "image" for name in ("image", "input_image_") for number in range(2, 9)},
    "mask_url": "mask",
    "mask_image_url": "mask",
    "maskImage": "mask",
    "maskUrl": "mask",
    "mask_base64": "mask",
    "mask_image": "mask",
    "input_image_mask": "mask",
}
_INDEXED = re.compile(r"(\w+)\[\d*\]")
_TEXTS = ("prompt", "negative_prompt")

Prompt = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_PROMPT_CHARS)]


def _in_pixels(value: object) -> object:
    """A size that is an object or a list of two sides, or a number, in words."""
    if isinstance(value, list) and len(value) == 2:
        return f"{value[0]}x{value[1]}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Mapping) and {"width", "height"} <= set(value):
        return f"{value['width']}x{value['height']}"
    return value


class ImageBody(BaseModel):
    """OpenAI's fields, and those of image models that travel beside them.

    Those that a model cannot honour are checked all the same, and reported.
    """

    model_config = ConfigDict(extra="allow")

    prompt: Prompt = ""
    model: str | list[str] | None = None
    n: Whole | None = None
    size: Annotated[str | None, BeforeValidator(_in_pixels)] = None
    aspect_ratio: str | None = None
    width: Whole | None = None
    height: Whole | None = None
    seed: Whole | None = None
    randomize_seed: bool = False
    steps: Whole | None = None
    guidance_scale: Number | None = None
    negative_prompt: Annotated[str, StringConstraints(max_length=MAX_PROMPT_CHARS)] | None = None
    prompt_enhance: bool | None = None
    enhance: bool = False
    response_format: Annotated[str | None, Word] = None
    stream: bool = False
    partial_images: Annotated[int, Field(ge=0, le=3), NO_BOOLEAN] | None = None

    quality: Annotated[
        Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] | None, Word
    ] = None
    style: Annotated[Literal["vivid", "natural"] | None, Word] = None
    background: Annotated[Literal["auto", "opaque", "transparent"] | None, Word] = None
    output_format: Annotated[Literal["png", "jpeg", "webp"] | None, Word] = None
    output_compression: Annotated[int, Field(ge=0, le=100), NO_BOOLEAN] | None = None
    moderation: Annotated[Literal["auto", "low"] | None, Word] = None
    input_fidelity: Annotated[Literal["high", "low"] | None, Word] = None
    safety_tolerance: Annotated[int, Field(ge=0, le=6), NO_BOOLEAN] | None = None
    user: Name | None = None
    safety_identifier: Name | None = None


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """A body whose fields have been checked one by one.

    `fields` are those that were given, under their own names; `spelled` is how the caller
    spelled each of them.
    """

    body: ImageBody
    fields: Mapping[str, Any]
    field_aliases: Mapping[str, str]
    images: tuple[Source, ...]
    mask: Source | None

    @property
    def options(self) -> Mapping[str, object]:
        """The fields that are a model's own affair."""
        return {name: getattr(self.body, name) for name in OPTIONS if name in self.fields}


def read_body(
    document: Mapping[str, Any],
    spellings: Mapping[str, str] = SPELLINGS,
    renamed: Mapping[str, str] | None = None,
) -> ParsedBody:
    """Check an image request's fields; raises `InvalidRequest` naming the one that is wrong.

    `spellings` are other names of fields that count, `renamed` is what the caller calls fields that
    the document has under another name.
    """
    fields, field_aliases = _normalise(_with_texts(document), spellings)
    field_aliases |= renamed or {}
    images = _sources(fields.pop("image", None), field_aliases.get("image", "image"))
    masks = _sources(fields.pop("mask", None), field_aliases.get("mask", "mask"))
    if len(masks) > 1:
        param = field_aliases["mask"]
        raise InvalidRequest(f"{param}: there can be only one.", param=param)
    body = _validate(fields, field_aliases)
    if body.background == "transparent" and body.output_format == "jpeg":
        param = field_aliases.get("background", "background")
        raise InvalidRequest(
            f"{param}: a JPEG cannot be transparent; take png or webp as output_format.",
            param=param,
        )
    return ParsedBody(body, fields, field_aliases, images, masks[0] if masks else None)


def _with_texts(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A long prompt in a large body was left outside Python: it is read after all."""
    texts = {
        name: value.content.head(value.content.size).decode("utf-8", "replace")
        for name in _TEXTS
        if isinstance(value := body.get(name), TextBlob)
    }
    return {**body, **texts}


def _normalise(
    body: Mapping[str, Any], spellings: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields under their own names, without nulls; and how the caller spelled each.

    `image[]` and `image[0]` are `image`, which may be said many times.
    """
    fields: dict[str, Any] = {}
    field_aliases: dict[str, str] = {}
    for key, value in body.items():
        indexed = _INDEXED.fullmatch(key)
        plain = indexed[1] if indexed else key
        name = spellings.get(plain, plain)
        if value is None or (value == "" and name != "prompt"):
            continue
        if name in ("image", "mask"):
            if is_nothing(value):
                continue
            entries = value if isinstance(value, list) else [value]
            fields.setdefault(name, []).extend(entries)
            field_aliases.setdefault(name, plain)
            continue
        if name != key and (body.get(name) not in (None, "") or name in fields):
            name = key  # said twice: the field's own name is heard, this one is reported
        fields[name], field_aliases[name] = value, key
    return fields, field_aliases


def _validate(fields: Mapping[str, Any], field_aliases: Mapping[str, str]) -> ImageBody:
    try:
        return ImageBody.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else None
        param = field_aliases.get(name, name) if name else None
        value = fields.get(name) if name else None
        wrong = first["msg"]
        if isinstance(value, TextBlob):  # which pydantic knows as no text
            wrong = f"a text of {value.content.size} bytes is too long"
        words = f"{param}: {wrong}." if param else "A field's name cannot be read."
        raise InvalidRequest(words, param=param) from None


def _sources(value: object, param: str) -> tuple[Source, ...]:
    """Pictures in any of their forms: one, a list, or objects that hold one."""
    entries = entries_of(value)
    if len(entries) > MAX_IMAGES:
        raise InvalidRequest(
            f"{param}: at most {MAX_IMAGES} pictures, not {len(entries)}.", param=param
        )
    return tuple(read_source(entry, param) for entry in entries)
