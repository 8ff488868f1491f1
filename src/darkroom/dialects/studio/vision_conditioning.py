"""An image conditioned on another, by a studio's embeddings or by a caption.

What no studio did for a caller: the caption of the one picture goes into the prompt of the other
(prompts/likeness.py), which is then painted like any prompt, by a studio's own model if there is
one or by the default model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from darkroom.catalog.parameters import ResolvedParameters
from darkroom.context import RequestContext
from darkroom.dialects.studio.generate import painting_request
from darkroom.dialects.studio.upstreams import STUDIO, said_to_studio
from darkroom.dialects.studio.vision_bodies import VISION, VisionBody, VisionParameters
from darkroom.dialects.studio.vision_request import studio_of
from darkroom.errors import NotConfigured
from darkroom.events import Picture
from darkroom.generation.history_writer import history_writer_for
from darkroom.generation.output import Completed, Renderer
from darkroom.generation.request import Delivery, ImageRequest
from darkroom.generation.result_cache import cache_directives
from darkroom.generation.run import plan_generation, run_to_end
from darkroom.prompts.likeness import with_likeness
from darkroom.prompts.template import TEMPLATES
from darkroom.providers.response_images import whole_number

STYLE_ONLY = "style_only"
# What only a studio could be told of the picture.
UNTOLD = ("vl_hidden_layer", "vl_image_tokens_only")
# How words are blended: by their number, whatever else it may be called.
BLENDED_IN_WORDS = (VISION["blend_mode"], STYLE_ONLY)
# What the original remembers beside what every history tells.
REMEMBERED = ("vl_alpha", "vl_blend_mode", "vl_embeddings_id")
_TO_STUDIO = (
    "width", "height", "steps", "guidance_scale", "shift", "long_prompt_mode", "hidden_layer",
    "vl_hidden_layer", "vl_image_tokens_only", "vl_text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Painted:
    """An image, its request, and response headers about it."""

    image_request: ImageRequest
    completed: Completed
    headers: Mapping[str, str] = field(default_factory=dict)


async def paint_at_studio(
    context: RequestContext,
    asked: VisionParameters,
    sent: Mapping[str, object],
    unsupported_fields: Iterable[str] = (),
) -> Painted:
    """Have a studio blend what is `sent`; `unsupported_fields` are those that are not.

    Raises a `Failure`.
    """
    began = context.gateway.clock.monotonic()
    body, studio = asked.body, studio_of(context)
    image_request = _image_request(context, asked, unsupported_fields=unsupported_fields)
    given = [
        name
        for name in _TO_STUDIO
        if name in body.model_fields_set and name not in unsupported_fields
    ]
    fields = {
        **said_to_studio(body.chat_prompt(), body.strip_quotes),
        "vl_alpha": body.vl_alpha,
        "vl_blend_mode": body.vl_blend_mode,
        "seed": image_request.seeds[0],
        **{name: getattr(body, name) for name in given},
    }
    if body.template and body.template not in TEMPLATES:
        fields["template"] = body.template  # the studio may know it
    reply, file = await studio.paint({**fields, **sent})
    # "random" stands for 0 too, which is a seed like any other.
    told = whole_number(reply.headers.get("x-seed"))
    renderer = Renderer(context.gateway, context.request.origin, context.deadline)
    completed = Completed(
        picture=await renderer.render(Picture(file=file), image_request.delivery),
        served=_studios(image_request),
        provider=STUDIO,
        seed=image_request.seeds[0] if told is None else told,
        took_s=context.gateway.clock.monotonic() - began,
    )
    history_writer = history_writer_for(image_request, context.caller, context)
    if history_writer is not None:
        completed = await history_writer.record(image_request, completed, renderer)
    return Painted(image_request, completed, {"x-darkroom-provider": STUDIO})


async def paint_in_words(
    context: RequestContext,
    asked: VisionParameters,
    caption: str | None,
    unsupported_fields: Iterable[str] = (),
) -> Painted:
    """Paint the prompt with as much of the caption as `vl_alpha` says; raises a `Failure`."""
    body, prompt = asked.body, None
    if caption is not None:
        style_only = body.vl_blend_mode == STYLE_ONLY
        prompt = with_likeness(body.prompt, caption, body.vl_alpha, style_only=style_only)
    untold = [*unsupported_fields, *UNTOLD]
    if body.vl_blend_mode not in BLENDED_IN_WORDS:
        untold.append("vl_blend_mode")
    image_request = _image_request(context, asked, prompt, untold)
    generation = plan_generation(image_request, context, narrowed=True)
    result = await run_to_end(generation)
    (completed,) = result.done
    return Painted(generation.image_request, completed, result.timing.headers())


def _image_request(
    context: RequestContext,
    asked: VisionParameters,
    prompt: str | None = None,
    unsupported_fields: Iterable[str] = (),
) -> ImageRequest:
    """The order of a picture that `prompt` is made for, or else the caller's own words."""
    body = asked.body
    image_request = painting_request(
        body, context.gateway, delivery=Delivery("bytes", "png"), prompt=prompt
    )
    field_aliases = {**image_request.field_aliases, **asked.field_aliases}
    without = [name for name in unsupported_fields if _matters(name, asked)]
    history_fields: Mapping[str, object] | None = {
        **(image_request.history_fields or {}),
        **{name: getattr(body, name) for name in REMEMBERED},
        **({} if prompt is None else {"revised_prompt": prompt}),
    }
    if "no-store" in cache_directives(context.request.headers):
        history_fields = None
    image_request = replace(
        image_request, field_aliases=field_aliases, history_fields=history_fields
    )
    return image_request.with_unsupported([*map(asked.spelling, without), *asked.unknown])


def _matters(name: str, asked: VisionParameters) -> bool:
    """Whether a field was given another value than it has by default."""
    if name == "vl_image":
        return bool(asked.image)
    default = VisionBody.model_fields[name].default
    return bool(getattr(asked.body, name) != default)


def _studios(image_request: ImageRequest) -> ResolvedParameters:
    """The part of a studio's model."""
    for choice in image_request.choices:
        if choice.model.provider.id == STUDIO:
            return choice
    raise NotConfigured("There is no studio here that paints.")
