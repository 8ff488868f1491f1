"""The request body of `txt2img` and `img2img`: the fields that have an effect (B5)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from darkroom.dialects.a1111.errors import NothingThere
from darkroom.dialects.a1111.infotext import MAX_INFOTEXT_CHARS, read_infotext
from darkroom.field_types import NO_BOOLEAN, Number, Whole
from darkroom.generation.input_images import Source, entries_of, read_source
from darkroom.generation.parameters import MAX_IMAGES, MAX_PROMPT_CHARS
from darkroom.json_writer import TextBlob
from darkroom.validation_error import invalid_fields, unprocessable

MAX_PICTURES = 10
MAX_STYLES = 32  # each is put around the prompt and what the others made of it
DEFAULT_SIDE = 512
# What a client sends without meaning it, by field.
_BLIND = tomllib.loads((Path(__file__).parent / "fields.toml").read_text("utf-8"))
_TEXTS = ("prompt", "negative_prompt", "infotext")
_SEEN_TO = frozenset(  # here, and without a model's help
    ("prompt", "styles", "batch_size", "n_iter", "width", "height", "model", "override_settings",
     "override_settings_restore_afterwards", "include_init_images", "send_images", "init_images",
     "mask", "inpainting_mask_invert", "infotext", "enable_hr", "hr_scale", "hr_resize_x",
     "hr_resize_y")
)  # fmt: skip
# Options that mean something within one request.
OVERRIDES = ("sd_model_checkpoint", "samples_format", "enable_pnginfo")


def _check_overrides(overrides: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(overrides.get("sd_model_checkpoint") or "", str):
        raise PydanticCustomError("string_type", "sd_model_checkpoint should be a valid string")
    return overrides


Prompt = Annotated[str, StringConstraints(max_length=MAX_PROMPT_CHARS)]
Side = Annotated[int, Field(ge=1, le=65_536), NO_BOOLEAN]


class Kind(StrEnum):
    """The kind of generation: from a text, or from a picture."""

    TXT2IMG = "txt2img"
    IMG2IMG = "img2img"


class PaintBody(BaseModel):
    """The fields that have an effect, here or with some model; all others are passed over."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    prompt: Prompt = ""
    negative_prompt: Prompt = ""
    styles: Annotated[list[str], Field(max_length=MAX_STYLES)] = Field(default_factory=list)
    model: str | None = None
    seed: Whole = -1
    subseed: Whole = -1
    sampler_name: str | None = None
    sampler_index: str = "Euler"
    scheduler: str | None = None
    batch_size: Annotated[int, Field(ge=1), NO_BOOLEAN] = 1
    n_iter: Annotated[int, Field(ge=1), NO_BOOLEAN] = 1
    steps: Whole | None = None
    cfg_scale: Number | None = None
    width: Side | None = None
    height: Side | None = None
    denoising_strength: Number | None = None
    enable_hr: bool = False
    hr_scale: Annotated[float, Field(gt=0, le=16), NO_BOOLEAN] = 2.0
    hr_resize_x: Annotated[int, Field(ge=0, le=65_536), NO_BOOLEAN] = 0
    hr_resize_y: Annotated[int, Field(ge=0, le=65_536), NO_BOOLEAN] = 0
    inpainting_mask_invert: bool = False
    include_init_images: bool = False
    override_settings: Annotated[dict[str, Any], AfterValidator(_check_overrides)] = Field(
        default_factory=dict
    )
    override_settings_restore_afterwards: bool = True
    send_images: bool = True

    @property
    def count(self) -> int:
        """The number of pictures."""
        return self.batch_size * self.n_iter

    @property
    def sampler(self) -> str:
        """The sampler, by whichever of its two fields says it."""
        return self.sampler_name or self.sampler_index

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, with the second pass those of the larger picture.

        None where neither was named.
        """
        if self.width is None and self.height is None and not self.enable_hr:
            return None
        width, height = self.width or DEFAULT_SIDE, self.height or DEFAULT_SIDE
        if not self.enable_hr:
            return width, height
        x, y = self.hr_resize_x, self.hr_resize_y
        if not x and not y:
            larger = width * self.hr_scale, height * self.hr_scale
        else:
            larger = x or y * width / height, y or x * height / width
        return max(1, round(larger[0])), max(1, round(larger[1]))


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """A body whose fields have been checked; `fields` are all that were sent."""

    kind: Kind
    body: PaintBody
    fields: Mapping[str, Any]
    images: tuple[Source, ...] = ()
    mask: Source | None = None

    @property
    def meant(self) -> Sequence[str]:
        """The fields that need a model to have an effect, or can have none."""
        return [name for name, value in self.fields.items() if _is_meant(name, value)]


def read_body(
    fields: Mapping[str, Any], kind: Kind, schema: type[PaintBody] = PaintBody
) -> ParsedBody:
    """Check a request's fields; what `infotext` says counts where no field says otherwise.

    Raises `Unprocessable` naming the fields that cannot be read, `NothingThere` without a picture
    to start from.
    """
    fields = {**fields, **_with_texts(fields)}
    given = {name: value for name, value in fields.items() if value not in (None, "")}
    reported = given.get("infotext")
    if isinstance(reported, str):
        if len(reported) > MAX_INFOTEXT_CHARS:
            raise unprocessable("infotext", f"at most {MAX_INFOTEXT_CHARS} characters")
        given = {**read_infotext(reported), **given}
    try:
        body = schema.model_validate(given)
    except ValidationError as error:
        raise invalid_fields(error) from None
    if body.count > MAX_PICTURES:
        raise unprocessable(
            "batch_size",
            f"batch_size times n_iter may be {MAX_PICTURES} at the most, not {body.count}",
        )
    if kind is Kind.TXT2IMG:
        return ParsedBody(kind, body.model_copy(update=_txt2img_alone(body)), given)
    masks = entries_of(given.get("mask"))
    if len(masks) > 1:
        raise unprocessable("mask", "there can be only one")
    return ParsedBody(
        kind,
        body.model_copy(update={"enable_hr": False}),
        given,
        images=_read_images(given.get("init_images")),
        mask=read_source(masks[0], "mask") if masks else None,
    )


def _txt2img_alone(body: PaintBody) -> dict[str, object]:
    """A size that is always there, as the server's, and no strength: there is no source."""
    sides = {"width": body.width or DEFAULT_SIDE, "height": body.height or DEFAULT_SIDE}
    return {**sides, "denoising_strength": None}


def _read_images(value: object) -> tuple[Source, ...]:
    entries = entries_of(value)
    if not entries:
        raise NothingThere("Init image not found", param="init_images")
    if len(entries) > MAX_IMAGES:
        raise unprocessable("init_images", f"at most {MAX_IMAGES} pictures, not {len(entries)}")
    return tuple(read_source(entry, "init_images") for entry in entries)


def _with_texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Long texts of a large body, which were left outside Python."""
    return {
        name: value.content.head(value.content.size).decode("utf-8", "replace")
        for name in _TEXTS
        if isinstance(value := fields.get(name), TextBlob)
    }


def _is_meant(name: str, value: object) -> bool:
    if name == "override_settings" and isinstance(value, Mapping):
        return bool(set(value) - set(OVERRIDES))
    if name in _SEEN_TO or not value:
        return False
    blind = _BLIND.get(name, ())
    return blind is not True and value not in blind
