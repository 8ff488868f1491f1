"""An image request, turned into what is to be made and how to answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from darkroom.catalog.asked_size import Asked, parse_size
from darkroom.catalog.catalog import Catalog, Resolved
from darkroom.catalog.model import Range
from darkroom.catalog.provider_row import ProviderRow
from darkroom.catalog.wish import Fitted, Wish, fit_any
from darkroom.dialects.openai.body import WITHOUT_EFFECT, ImageBody, ReadBody, read_body
from darkroom.errors import InvalidRequest
from darkroom.job import MAX_SEED, ImageJob, Operation, Size

IMAGES_PER_REQUEST = Range(1, 4, 1)
SEEDS = Range(0, MAX_SEED, 0)


@dataclass(frozen=True, slots=True)
class Generation:
    """What a caller asked for: one wish, as each model that may serve it takes it.

    `choices` are in the order in which they are tried, `seeds` one for each picture. `previews` is
    how many previews of each picture the caller takes at the most; None is any. `asked` is how the
    caller named the model, `providers` are those of all models that were meant.
    """

    read: ReadBody
    asked: str
    providers: tuple[ProviderRow, ...]
    choices: tuple[Fitted, ...]
    seeds: tuple[int, ...]
    response_format: Literal["url", "b64_json"]
    stream: bool
    previews: int | None
    enhance: bool

    def jobs_of(self, choice: Fitted) -> tuple[ImageJob, ...]:
        """The jobs as one of the models takes them."""
        return tuple(replace(choice.job, seed=seed) for seed in self.seeds)

    def ignored_by(self, choice: Fitted) -> tuple[str, ...]:
        """The caller's fields that have no effect with a model, as the caller spelled them."""
        return _ignored(self.read, choice)

    def with_prompt(self, prompt: str) -> "Generation":
        """The same with another prompt for every model."""
        choices = tuple(
            replace(choice, job=replace(choice.job, prompt=prompt)) for choice in self.choices
        )
        return replace(self, choices=choices)


def read_generation(
    document: dict[str, Any], catalog: Catalog, default_model: str, draw_seed: Callable[[], int]
) -> Generation:
    """Read a body's fields; raises `InvalidRequest` naming the field that is wrong.

    `draw_seed` gives a seed where the caller gave none.
    """
    read = read_body(document)
    body = read.body
    resolved = catalog.resolve(body.model, default_model)
    count = int(IMAGES_PER_REQUEST.choose(body.n, "n"))
    drawn = body.seed in (None, -1)  # AUTOMATIC1111 has taught people that -1 is any
    first = draw_seed() if drawn else int(SEEDS.choose(body.seed, "seed"))
    choices = fit_any(_wish(read, None if drawn else first), resolved.models)
    if not body.prompt and choices[0].job.operation is not Operation.UPSCALE:
        raise InvalidRequest(
            "prompt: say what the picture should show.",
            param="prompt",
            code="missing_required_parameter",
        )
    return Generation(
        read=read,
        asked=body.model if isinstance(body.model, str) else resolved.models[0].id,
        providers=tuple(model.provider for model in resolved.models),
        choices=choices,
        seeds=_seeds(first, count, drawn=drawn, draw_seed=draw_seed),
        response_format=body.response_format or _usual_format(body, resolved),
        stream=body.stream,
        previews=body.partial_images,
        enhance=body.enhance,
    )


def _wish(read: ReadBody, seed: int | None) -> Wish:
    body, spelled = read.body, dict(read.spelled)
    size, spelled["size"] = _asked_size(read)
    dimensions = read.images[0].dimensions if read.images else None
    return Wish(
        prompt=body.prompt,
        size=size,
        seed=seed,
        steps=body.steps,
        guidance_scale=body.guidance_scale,
        negative_prompt=body.negative_prompt,
        prompt_enhance=body.prompt_enhance,
        images=read.images,
        image_size=Size(*dimensions) if dimensions else None,
        mask=read.mask,
        spelled=spelled,
    )


def _asked_size(read: ReadBody) -> tuple[Asked, str]:
    """The size that was asked for, and the field that asked for it."""
    body = read.body
    asked = parse_size(body.size or "")
    if asked is None and body.width is not None and body.height is not None:
        return parse_size(f"{body.width}x{body.height}", "width"), "width"
    if asked is None and body.aspect_ratio is not None:
        param = read.spelled["aspect_ratio"]
        return parse_size(body.aspect_ratio, param), param
    return asked, "size"


def _seeds(first: int, count: int, *, drawn: bool, draw_seed: Callable[[], int]) -> tuple[int, ...]:
    """One seed for each picture, no two alike; given seeds count upwards."""
    seeds = [first]
    while len(seeds) < count:
        seed = draw_seed() if drawn else (seeds[-1] + 1) % (MAX_SEED + 1)
        if seed not in seeds:
            seeds.append(seed)
    return tuple(seeds)


def _usual_format(body: ImageBody, resolved: Resolved) -> Literal["url", "b64_json"]:
    """What the caller expects who names no format: streams carry base64, as OpenAI's do."""
    expected = resolved.alias.response_format if resolved.alias else None
    return "b64_json" if body.stream or expected == "b64_json" else "url"


def _ignored(read: ReadBody, choice: Fitted) -> tuple[str, ...]:
    body, fields = read.body, read.fields
    sized = parse_size(body.size or "") is not None
    unable = {
        "aspect_ratio": sized or (body.width is not None and body.height is not None),
        "width": sized or body.height is None,
        "height": sized or body.width is None,
        "partial_images": not body.stream,
        **dict.fromkeys(choice.ignored, True),
    }
    names = {name for name in fields if unable.get(name, False)}
    names |= {name for name in fields if name in WITHOUT_EFFECT and fields[name] != "auto"}
    names |= {name for name in fields if name in (body.model_extra or {})}
    return tuple(read.spelled[name] for name in fields if name in names)
