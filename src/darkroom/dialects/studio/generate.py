"""`POST /api/generate`: an image file, painted by a studio or by any other model.

Source: reference/studio-api.md 1.1. A studio gets every field. A Space applies a chat template of
its own, so that it gets the prompt alone, and the answer's headers name what was left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from darkroom.async_options import pop_async_options
from darkroom.catalog.parameters import RequestedParameters, ResolvedParameters
from darkroom.catalog.requested_size import parse_size
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.studio.bodies import read_body, read_document
from darkroom.dialects.studio.default_models import painters_for
from darkroom.dialects.studio.generate_body import GenerateBody, PaintedBody, floor_sides
from darkroom.dialects.studio.image_response import answer_with_file, stream_file, wants_events
from darkroom.gateway import Gateway
from darkroom.generation.prepare import paint
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.generation.run import Generation
from darkroom.http import Reply
from darkroom.job import STUDIO_OPTIONS, Operation
from darkroom.prompts.template import TEMPLATES

MEASURES = ("width", "height", "steps")  # of which a model may take the nearest
TEXTS = ("system_prompt", "thinking_content", "assistant_content")
# What the original remembers of a request, beside what every history tells.
REMEMBERED = (
    *TEXTS, "force_think_block", "strip_quotes", "template", "guidance_scale", "shift",
    "long_prompt_mode", "hidden_layer", "cfg_normalization", "cfg_truncation",
)  # fmt: skip


async def read_generate(context: RequestContext) -> Painting:
    """Read a request for a picture, answered with its file or with events on the way to it."""
    document = read_document(await context.read_body())
    options = pop_async_options(document, context.request.headers)

    async def build() -> Job:
        fields = floor_sides(document)
        streams = wants_events(context.request)
        return paint(parse_image_request(fields, context.gateway, streams=streams), context, answer)

    return Painting(options, build)


async def answer(generation: Generation) -> Reply:
    """Run a generation and answer with the picture's file, or with events."""
    if generation.image_request.stream:
        return await stream_file(generation)
    return await answer_with_file(generation)


def parse_image_request(
    document: Mapping[str, Any], gateway: Gateway, *, streams: bool
) -> ImageRequest:
    """What a body asks for; raises `Unprocessable` or `InvalidRequest` naming a field."""
    body = read_body(GenerateBody, document)
    delivery = Delivery("b64_json" if streams else "bytes", "png")
    image_request = painting_request(body, gateway, model=body.model, delivery=delivery)
    unknown = [name for name in document if name not in GenerateBody.model_fields]
    return replace(image_request.with_unsupported(unknown), stream=streams)


def painting_request(
    body: PaintedBody,
    gateway: Gateway,
    *,
    delivery: Delivery,
    model: str | Sequence[str] | None = None,
    prompt: str | None = None,
) -> ImageRequest:
    """What a body asks for; raises `InvalidRequest` naming a field.

    `prompt` is what is painted in the place of the body's, which the history still tells.
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
        painters_for(gateway, Operation.GENERATE, model),
        count=1,
        draw_seed=gateway.draw_seed,
        needs_words=False,
        delivery=delivery,
        field_aliases=field_aliases,
        history_fields=_history_fields(body),
    )
    return replace(
        image_request, choices=tuple(_honest(body, choice) for choice in image_request.choices)
    )


def _options(body: PaintedBody, given: set[str]) -> tuple[Mapping[str, object], Mapping[str, str]]:
    """What a studio is told beside the prompt, and how the caller spelled what matters of it.

    A template of ours is told by its texts. What stands as it does by default is told as well, but
    nobody misses it where it has no effect; a measure may come out as another.
    """
    values = body.model_dump(include=given, mode="json")
    chosen = TEMPLATES.get(body.template or "")
    if chosen is not None:
        said = body.chat_prompt()
        values |= {name: getattr(said, name) for name in (*TEXTS, "force_think_block")}
        del values["template"]
    options = {name: values[name] for name in STUDIO_OPTIONS if values.get(name) not in (None, "")}
    defaults = {name: field.default for name, field in type(body).model_fields.items()}
    matters = [*given, *options]
    field_aliases = {
        name: name if name in given else "template"
        for name in matters
        if name in MEASURES or values.get(name, defaults[name]) != defaults[name]
    }
    return options, field_aliases


def _honest(body: PaintedBody, choice: ResolvedParameters) -> ResolvedParameters:
    """A model's part with the fields that it does not quite honour among the ignored.

    For those who cannot be told to leave out quotes they are left out here.
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


def _history_fields(body: PaintedBody) -> Mapping[str, object]:
    formatted = body.chat_prompt().format(strip_quotes=body.strip_quotes)
    return {
        "prompt": body.prompt,
        **{name: getattr(body, name) for name in REMEMBERED if name in type(body).model_fields},
        "formatted_prompt": formatted,
    }
