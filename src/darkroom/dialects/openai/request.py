"""The body of `POST /v1/images/generations`, checked and turned into jobs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from darkroom.catalog.catalog import Catalog, Resolved
from darkroom.catalog.model import Model, Range
from darkroom.catalog.sizes import ChosenSize, parse_size
from darkroom.errors import InvalidRequest
from darkroom.job import MAX_SEED, ImageJob, Operation

MAX_PROMPT_CHARS = 32_000  # OpenAI's own limit for GPT Image models
IMAGES_PER_REQUEST = Range(1, 4, 1)
SEEDS = Range(0, MAX_SEED, 0)

# Other spellings of fields, as clients write them (reference/wire-formats.md C0).
SPELLINGS = {
    "num_inference_steps": "steps",
    "cfg_scale": "guidance_scale",
    "aspectRatio": "aspect_ratio",
}

Prompt = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_PROMPT_CHARS)
]


class GenerationBody(BaseModel):
    """OpenAI's fields, and those of image models that travel beside them.

    Fields of OpenAI's that no model here can honour are checked all the same, and reported.
    """

    model_config = ConfigDict(extra="allow")

    prompt: Prompt
    model: str | None = None
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
class Generation:
    """What a caller asked for: the jobs, and how to answer.

    `previews` is how many previews of each picture the caller takes at the most; None is any.
    """

    model: Model
    jobs: tuple[ImageJob, ...]
    response_format: Literal["url", "b64_json"]
    stream: bool
    previews: int | None
    ignored: tuple[str, ...]


def read_generation(
    raw: bytes, catalog: Catalog, default_model: str, draw_seed: Callable[[], int]
) -> Generation:
    """Read the body; raises `InvalidRequest` naming the field that is wrong.

    `draw_seed` gives a seed where the caller gave none.
    """
    fields, spelled = _normalise(_read_object(raw))
    body = _validate(fields, spelled)
    resolved = catalog.resolve(body.model, default_model)
    model = resolved.model
    count = int(IMAGES_PER_REQUEST.choose(body.n, "n"))
    chosen = _choose_size(body, model, spelled)
    job = ImageJob(
        operation=Operation.GENERATE,
        model=model.id,
        prompt=body.prompt,
        size=chosen.size,
        seed=_first_seed(body.seed, draw_seed),
        aspect_ratio=chosen.aspect_ratio,
        steps=_steps(body, model, spelled),
        guidance_scale=_guidance_scale(body, model, spelled),
        negative_prompt=body.negative_prompt if model.negative_prompt else None,
        prompt_enhance=(
            body.prompt_enhance if body.prompt_enhance is not None else model.prompt_enhance
        )
        if model.prompt_enhance is not None
        else None,
    )
    return Generation(
        model=model,
        jobs=_with_seeds(job, count, drawn=body.seed in (None, -1), draw_seed=draw_seed),
        response_format=body.response_format or _usual_format(body, resolved),
        stream=body.stream,
        previews=body.partial_images,
        ignored=_ignored(body, fields, model, spelled),
    )


def _read_object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRequest("The request's body is not JSON.", code="invalid_json") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request's body must be a JSON object.", code="invalid_json")
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


def _validate(fields: Mapping[str, Any], spelled: Mapping[str, str]) -> GenerationBody:
    try:
        return GenerationBody.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else None
        if name == "prompt" and first["type"] in ("missing", "string_too_short"):
            raise InvalidRequest(
                "prompt: say what the picture should show.",
                param="prompt",
                code="missing_required_parameter",
            ) from None
        param = spelled.get(name, name) if name else None
        words = f"{param}: {first['msg']}." if param else "A field's name cannot be read."
        raise InvalidRequest(words, param=param) from None


def _choose_size(body: GenerationBody, model: Model, spelled: Mapping[str, str]) -> ChosenSize:
    asked = parse_size(body.size or "")
    if asked is None and body.width is not None and body.height is not None:
        return model.sizes.choose(parse_size(f"{body.width}x{body.height}", "width"), "width")
    if asked is None and body.aspect_ratio is not None:
        param = spelled["aspect_ratio"]
        return model.sizes.choose(parse_size(body.aspect_ratio, param), param)
    return model.sizes.choose(asked, "size")


def _steps(body: GenerationBody, model: Model, spelled: Mapping[str, str]) -> int | None:
    if model.steps is None:
        return None
    return int(model.steps.choose(body.steps, spelled.get("steps", "steps")))


def _guidance_scale(body: GenerationBody, model: Model, spelled: Mapping[str, str]) -> float | None:
    if model.guidance_scale is None:
        return None
    param = spelled.get("guidance_scale", "guidance_scale")
    return model.guidance_scale.choose(body.guidance_scale, param)


def _first_seed(asked: int | None, draw_seed: Callable[[], int]) -> int:
    """The seed asked for; -1 asks for any, as AUTOMATIC1111 has taught people."""
    return draw_seed() if asked in (None, -1) else int(SEEDS.choose(asked, "seed"))


def _with_seeds(
    job: ImageJob, count: int, *, drawn: bool, draw_seed: Callable[[], int]
) -> tuple[ImageJob, ...]:
    """The job once per picture, each with a seed of its own; given seeds count upwards."""
    seeds = [job.seed]
    while len(seeds) < count:
        seed = draw_seed() if drawn else (seeds[-1] + 1) % (MAX_SEED + 1)
        if seed not in seeds:
            seeds.append(seed)
    return tuple(replace(job, seed=seed) for seed in seeds)


def _usual_format(body: GenerationBody, resolved: Resolved) -> Literal["url", "b64_json"]:
    """What the caller expects who names no format: streams carry base64, as OpenAI's do."""
    expected = resolved.alias.response_format if resolved.alias else None
    return "b64_json" if body.stream or expected == "b64_json" else "url"


def _ignored(
    body: GenerationBody, fields: Mapping[str, Any], model: Model, spelled: Mapping[str, str]
) -> tuple[str, ...]:
    """The caller's fields that have no effect, as the caller spelled them."""
    sized = parse_size(body.size or "") is not None
    unable = {
        "steps": model.steps is None,
        "guidance_scale": model.guidance_scale is None,
        "negative_prompt": not model.negative_prompt,
        "prompt_enhance": model.prompt_enhance is None,
        "aspect_ratio": sized or (body.width is not None and body.height is not None),
        "width": sized or body.height is None,
        "height": sized or body.width is None,
        "partial_images": not body.stream,
    }
    names = [name for name in fields if unable.get(name, False)]
    names += [name for name in fields if name in WITHOUT_EFFECT and fields[name] != "auto"]
    names += [name for name in fields if name in (body.model_extra or {})]
    return tuple(spelled[name] for name in fields if name in names)
