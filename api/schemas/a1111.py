"""Bodies of AUTOMATIC1111's API."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from typing_extensions import (  # pydantic reads that of `typing` from Python 3.12 on
    TypeAliasType,
    TypedDict,
)

from darkroom.dialects.a1111.generate_body import PaintBody
from darkroom.generation.parameters import MAX_IMAGES


class Invalid(TypedDict):
    """Fields that cannot be read, as FastAPI tells it."""

    detail: list[dict[str, Any]]


class HandlerError(TypedDict):
    """Any other failure."""

    error: str
    detail: str
    body: str
    errors: str


SdapiErrorAnswer = TypeAliasType("SdapiErrorAnswer", Invalid | HandlerError)


# One sentence for each field that has an effect; all others of AUTOMATIC1111's are passed over.
FIELDS = {
    "prompt": "What the picture should show.",
    "negative_prompt": "What it should not show.",
    "styles": "Names of `prompt-styles`, worked into both prompts; unknown ones are passed over.",
    "model": "A model by any of its names; `override_settings` come before it.",
    "seed": "-1 means any; the one that was used stands in `info`.",
    "subseed": "Has no effect.",
    "sampler_name": "One of those that are listed; has no effect.",
    "sampler_index": "The same by its older name.",
    "scheduler": "Has no effect.",
    "batch_size": "How many pictures; times `n_iter`, 10 at the most.",
    "n_iter": "How many times as many.",
    "steps": "The nearest that the model takes is used.",
    "cfg_scale": "The guidance scale; the nearest that the model takes is used.",
    "width": "Pixels; the nearest that the model paints is used.",
    "height": "Pixels, likewise.",
    "denoising_strength": "How far an edit may go from its source, for models that take it.",
    "enable_hr": "Paint the size of the second pass.",
    "hr_scale": "How many times longer each side of that is.",
    "hr_resize_x": "Its width in pixels, instead.",
    "hr_resize_y": "Its height in pixels, instead.",
    "inpainting_mask_invert": "Whether the mask's black may change instead of its white.",
    "include_init_images": "Whether `parameters` repeat the sources.",
    "override_settings": "`sd_model_checkpoint` for this request.",
    "override_settings_restore_afterwards": "`false` makes that the caller's option.",
    "send_images": "`false` leaves `images` empty.",
    "init_images": "The pictures to start from: base64, data URLs or https addresses.",
    "mask": "Of the first one's size: white where it may change; base64, a data URL or an address.",
}


def _explain(schema: dict[str, Any]) -> None:
    for name, field in schema["properties"].items():
        field["description"] = FIELDS[name]


class PaintRequest(PaintBody):
    """What to paint, in AUTOMATIC1111's words."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=_explain)


class RepaintRequest(PaintRequest):
    """What to paint, and from which pictures."""

    init_images: Annotated[list[str], Field(min_length=1, max_length=MAX_IMAGES)]
    mask: str | None = None


class PaintedAnswer(TypedDict):
    """Pictures as bare base64; `info` is JSON in a string, as clients expect it."""

    images: list[str]
    parameters: dict[str, Any]
    info: str
