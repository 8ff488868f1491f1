"""The body of `POST /api/generate` (reference/studio-api.md 1.1).

The original checks no range and falls over what is out of one; here that is a 422.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from darkroom.dialects.studio.bodies import PromptBody, Text
from darkroom.dialects.studio.resolutions import CONFIG
from darkroom.job import MAX_SEED

_SIZES: Any = CONFIG
MULTIPLE: int = _SIZES["vae_multiple"]
SINGLE = "single"

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def side(what: str) -> Any:
    """A side of the picture."""
    return Field(
        description=f"{what} in pixels.",
        ge=_SIZES["min_resolution"],
        le=_SIZES["max_resolution"],
        multiple_of=MULTIPLE,
    )


def number(about: str, low: float, high: float) -> Any:
    """A number within its bounds."""
    return Field(description=about, ge=low, le=high, allow_inf_nan=False)


Seed = Annotated[int | None, Field(description="-1 or null means any.", ge=-1, le=MAX_SEED)]
Painter = Annotated[
    str | list[str] | None,
    Field(description="A model of `GET /v1/models`, or several in order, beside a studio's own."),
]


class DyPE(BaseModel):
    """Sizes beyond those of the training, in one pass or several."""

    model_config = ConfigDict(defer_build=True)

    enabled: bool = False
    method: Literal["vision_yarn", "yarn", "ntk"] = "vision_yarn"
    multipass: Literal["single", "twopass", "threepass"] = "twopass"
    dype_scale: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)] = 2.0
    dype_exponent: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)] = 2.0
    base_shift: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)] = 0.5
    max_shift: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)] = 1.15
    pass2_strength: Share = 0.5


class PaintedBody(PromptBody):
    """A prompt with what is put around it, and how it is painted."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    width: Annotated[int, side("Width")] = 1024
    height: Annotated[int, side("Height")] = 1024
    steps: Annotated[int, Field(description="Denoising steps.", ge=1, le=100)] = 9
    seed: Seed = None
    guidance_scale: Annotated[float, number("0 is off.", 0, 20)] = 0.0
    shift: Annotated[float, number("Of the scheduler.", 0, 20)] = 3.0
    long_prompt_mode: Annotated[
        Literal["truncate", "interpolate", "pool", "attention_pool"],
        Field(description="What becomes of a prompt of more than 1504 tokens."),
    ] = "interpolate"
    hidden_layer: Annotated[
        int, Field(description="The layer of the text encoder that is used.", ge=-36, le=-1)
    ] = -2


class GenerateBody(PaintedBody):
    """What else a studio takes for a picture from words alone."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    model: Painter = None
    cfg_normalization: Annotated[float, number("0 is off.", 0, 10)] = 0.0
    cfg_truncation: Annotated[float, number("1 is never.", 0, 1)] = 1.0
    slg_scale: Annotated[float | None, number("Skip-layer guidance; 0 is off.", 0, 20)] = None
    slg_layers: Annotated[
        list[Annotated[int, Field(ge=0, le=100)]] | None,
        Field(description="The layers that it skips.", max_length=100),
    ] = None
    slg_start: Annotated[Share | None, Field(description="Its first part of the steps.")] = None
    slg_stop: Annotated[Share | None, Field(description="Its last part of the steps.")] = None
    fmtt_scale: Annotated[float | None, number("FMTT's guidance; 0 is off.", 0, 20)] = None
    fmtt_start: Annotated[Share | None, Field(description="Its first part of the steps.")] = None
    fmtt_stop: Annotated[Share | None, Field(description="Its last part of the steps.")] = None
    fmtt_normalize: Annotated[
        Literal["unit", "clip", "none"] | None, Field(description="How its gradient is bounded.")
    ] = None
    fmtt_decode_scale: Annotated[
        Share | None, Field(description="At which scale it looks at pictures.")
    ] = None
    fmtt_siglip_model: Annotated[Text | None, Field(description="What it looks with.")] = None
    fmtt_siglip_device: Annotated[Text | None, Field(description="Where that runs.")] = None
    dype: Annotated[DyPE | None, Field(description="For sizes beyond 1024.")] = None


def floor_sides(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document whose sides are cut to the multiple, as several passes do it; else the same."""
    dype = document.get("dype")
    several = isinstance(dype, Mapping) and dype.get("multipass", "") != SINGLE
    if not several or not dype.get("enabled"):  # type: ignore[union-attr]
        return dict(document)
    sides = {
        name: value // MULTIPLE * MULTIPLE
        for name in ("width", "height")
        if isinstance(value := document.get(name), int)
    }
    return {**document, **sides}
