"""The body of `POST /api/generate` (reference/studio-api.md 1.1), and its image request.

The original checks no range and crashes on what is out of one; here that is a 422.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from darkroom.catalog.parameters import RequestedParameters, ResolvedParameters
from darkroom.catalog.requested_size import parse_size
from darkroom.dialects.studio.defaults import CONFIG
from darkroom.dialects.studio.errors import DIALECT
from darkroom.dialects.studio.format_prompt import ChatPromptBody
from darkroom.dialects.studio.parse import Text, read_body
from darkroom.field_types import NO_BOOLEAN
from darkroom.gateway import Gateway
from darkroom.generation.default_models import models_for
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.job import STUDIO_OPTIONS, Operation
from darkroom.prompts.template import TEMPLATES
from darkroom.validation_error import unprocessable

_SIZES: Any = CONFIG
MULTIPLE: int = _SIZES["vae_multiple"]
SINGLE = "single"
MEASURES = ("width", "height", "steps")  # a model may take the nearest
TEXTS = ("system_prompt", "thinking_content", "assistant_content")
# What the original's history has of a request beside what every history has.
HISTORY_FIELDS = (
    *TEXTS, "force_think_block", "strip_quotes", "template", "guidance_scale", "shift",
    "long_prompt_mode", "hidden_layer", "cfg_normalization", "cfg_truncation",
)  # fmt: skip

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), NO_BOOLEAN]


def side(what: str) -> Any:
    """The field of a side of the picture."""
    return Field(
        description=f"{what} in pixels.",
        ge=_SIZES["min_resolution"],
        le=_SIZES["max_resolution"],
        multiple_of=MULTIPLE,
    )


def bounded(about: str, low: float, high: float) -> Any:
    """The field of a number within bounds."""
    return Field(description=about, ge=low, le=high, allow_inf_nan=False)


Seed = Annotated[
    int | None,
    Field(description="Null or below 0 means any; above 2147483647 it is folded into that range."),
    NO_BOOLEAN,
]
Painter = Annotated[
    str | list[str] | None,
    Field(description="A model of `GET /v1/models`, or several in order, beside a studio's own."),
]


class DyPE(BaseModel):
    """DyPE: sizes beyond those of the training, in one pass or several."""

    model_config = ConfigDict(defer_build=True)

    enabled: bool = False
    method: Literal["vision_yarn", "yarn", "ntk"] = "vision_yarn"
    multipass: Literal["single", "twopass", "threepass"] = "twopass"
    dype_scale: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False), NO_BOOLEAN] = 2.0
    dype_exponent: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False), NO_BOOLEAN] = 2.0
    base_shift: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False), NO_BOOLEAN] = 0.5
    max_shift: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False), NO_BOOLEAN] = 1.15
    pass2_strength: Share = 0.5


class PaintingBody(ChatPromptBody):
    """A prompt with what is put around it, and the parameters of painting."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    width: Annotated[int, side("Width"), NO_BOOLEAN] = 1024
    height: Annotated[int, side("Height"), NO_BOOLEAN] = 1024
    steps: Annotated[int, Field(description="Denoising steps.", ge=1, le=100), NO_BOOLEAN] = 9
    seed: Seed = None
    guidance_scale: Annotated[float, bounded("0 is off.", 0, 20), NO_BOOLEAN] = 0.0
    shift: Annotated[float, bounded("Of the scheduler.", 0, 20), NO_BOOLEAN] = 3.0
    long_prompt_mode: Annotated[
        Literal["truncate", "interpolate", "pool", "attention_pool"],
        Field(description="What becomes of a prompt of more than 1504 tokens."),
    ] = "interpolate"
    hidden_layer: Annotated[
        int,
        Field(description="The layer of the text encoder that is used.", ge=-36, le=-1),
        NO_BOOLEAN,
    ] = -2


class GenerateBody(PaintingBody):
    """All that a studio takes for a picture from words alone."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    model: Painter = None
    cfg_normalization: Annotated[float, bounded("0 is off.", 0, 10), NO_BOOLEAN] = 0.0
    cfg_truncation: Annotated[float, bounded("1 is never.", 0, 1), NO_BOOLEAN] = 1.0
    slg_scale: Annotated[
        float | None, bounded("Skip-layer guidance; 0 is off.", 0, 20), NO_BOOLEAN
    ] = None
    slg_layers: Annotated[
        list[Annotated[int, Field(ge=0, le=100), NO_BOOLEAN]] | None,
        Field(description="The layers that it skips.", max_length=100),
    ] = None
    slg_start: Annotated[Share | None, Field(description="Its first part of the steps.")] = None
    slg_stop: Annotated[Share | None, Field(description="Its last part of the steps.")] = None
    fmtt_scale: Annotated[
        float | None, bounded("FMTT's guidance; 0 is off.", 0, 20), NO_BOOLEAN
    ] = None
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
    """Cut a document's sides to the multiple where DyPE paints in several passes, as it does."""
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


def parse_image_request(
    document: Mapping[str, Any], gateway: Gateway, *, streams: bool
) -> ImageRequest:
    """Build the image request of a document; raises `Unprocessable` or `InvalidRequest`."""
    body = read_body(GenerateBody, document)
    start, stop = body.slg_start, body.slg_stop
    if start is not None and stop is not None and start > stop:
        raise unprocessable("slg_start", "Should not be greater than slg_stop", input=start)
    delivery = Delivery("b64_json" if streams else "bytes", "png")
    image_request = painting_request(body, gateway, model=body.model, delivery=delivery)
    unknown = [name for name in document if name not in GenerateBody.model_fields]
    return replace(image_request.with_unsupported(unknown), stream=streams)


def painting_request(
    body: PaintingBody,
    gateway: Gateway,
    *,
    delivery: Delivery,
    model: str | Sequence[str] | None = None,
    prompt: str | None = None,
) -> ImageRequest:
    """Build the image request of a validated body; raises `InvalidRequest` naming a field.

    `prompt` is painted in place of the body's own, which the history still has.
    """
    sized = {"width", "height"} & body.model_fields_set
    given = {name for name in body.model_fields_set if getattr(body, name) is not None}
    options, field_aliases = _options(body, given)
    requested = RequestedParameters(
        prompt=body.prompt if prompt is None else prompt,
        size=parse_size(f"{body.width}x{body.height}") if sized else None,
        seed=body.seed,
        steps=body.steps if "steps" in given else None,
        guidance_scale=body.guidance_scale if "guidance_scale" in given else None,
        options=options,
        nearest=True,
    )
    image_request = build_request(
        requested,
        models_for(gateway, Operation.GENERATE, DIALECT, model),
        count=1,
        draw_seed=gateway.draw_seed,
        needs_words=False,
        delivery=delivery,
        field_aliases=field_aliases,
        history_fields=_history_fields(body),
    )
    return replace(
        image_request,
        choices=tuple(_with_changes_ignored(body, choice) for choice in image_request.choices),
    )


def _options(body: PaintingBody, given: set[str]) -> tuple[Mapping[str, object], Mapping[str, str]]:
    """The options for a studio, and the caller's spelling of those fields whose loss is reported.

    A template of ours is sent as its texts. A field that has its default value is sent too, but
    nobody misses it where it has no effect; a measure may still come out as another.
    """
    values = body.model_dump(include=given, mode="json")
    chosen = TEMPLATES.get(body.template or "")
    if chosen is not None:
        chat = body.chat_prompt()
        values |= {name: getattr(chat, name) for name in (*TEXTS, "force_think_block")}
        del values["template"]
    options = {name: values[name] for name in STUDIO_OPTIONS if values.get(name) not in (None, "")}
    defaults = {name: field.default for name, field in type(body).model_fields.items()}
    field_aliases = {
        name: name if name in given else "template"
        for name in (*given, *options)
        if name in MEASURES or values.get(name, defaults[name]) != defaults[name]
    }
    return options, field_aliases


def _with_changes_ignored(body: PaintingBody, choice: ResolvedParameters) -> ResolvedParameters:
    """A model's parameters, with the fields that come out otherwise than requested as ignored.

    Quotes are left out here for models that have no option for it.
    """
    job, ignored = choice.job, list(choice.ignored)
    if body.strip_quotes and "strip_quotes" in ignored:
        job = replace(job, prompt=job.prompt.replace('"', ""))
        ignored.remove("strip_quotes")
    got = dict(zip(MEASURES, (job.size.width, job.size.height, job.steps), strict=True))
    ignored += [
        name
        for name, value in got.items()
        if name in body.model_fields_set and value not in (None, getattr(body, name))
    ]
    return replace(choice, job=job, ignored=tuple(ignored))


def _history_fields(body: PaintingBody) -> Mapping[str, object]:
    formatted = body.chat_prompt().format(strip_quotes=body.strip_quotes)
    return {
        "prompt": body.prompt,
        **{name: getattr(body, name) for name in HISTORY_FIELDS if name in type(body).model_fields},
        "formatted_prompt": formatted,
    }
