"""A picture like another one, as a studio blends it or as others paint it from words alone.

What no studio did for a caller: the caption of the one picture goes into the prompt of the other
(prompts/likeness.py), which is then painted like any prompt, by a studio's own model if there is
one or by the default model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from darkroom.catalog.wish import Fitted
from darkroom.dialects.commission import carry_out
from darkroom.dialects.openai.request import accept
from darkroom.dialects.order import Delivery, Order
from darkroom.dialects.pictures import Completed, Renderer
from darkroom.dialects.recorder import recorder_for
from darkroom.dialects.results import cache_directives
from darkroom.dialects.studio.generating import painting_order
from darkroom.dialects.studio.upstreams import STUDIO, said_to_studio
from darkroom.dialects.studio.vision_bodies import VISION, AskedVision, VisionBody
from darkroom.dialects.studio.vision_visit import Visit
from darkroom.errors import NotConfigured
from darkroom.events import Picture
from darkroom.prompts.likeness import with_likeness
from darkroom.prompts.template import TEMPLATES
from darkroom.providers.answers import whole_number

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
    """A picture, the order that it came of, and what is said of it in headers."""

    order: Order
    completed: Completed
    headers: Mapping[str, str] = field(default_factory=dict)


async def paint_at_studio(
    visit: Visit, asked: AskedVision, sent: Mapping[str, object], unheard: Iterable[str] = ()
) -> Painted:
    """Have a studio blend what is `sent`; `unheard` are fields that are not.

    Raises a `Failure`.
    """
    began = visit.gateway.clock.monotonic()
    body, studio = asked.body, visit.studio()
    order = _order(visit, asked, unheard=unheard)
    given = [name for name in _TO_STUDIO if name in body.model_fields_set and name not in unheard]
    fields = {
        **said_to_studio(body.chat_prompt(), body.strip_quotes),
        "vl_alpha": body.vl_alpha,
        "vl_blend_mode": body.vl_blend_mode,
        "seed": order.seeds[0],
        **{name: getattr(body, name) for name in given},
    }
    if body.template and body.template not in TEMPLATES:
        fields["template"] = body.template  # the studio may know it
    reply, file = await studio.paint({**fields, **sent})
    # "random" stands for 0 too, which is a seed like any other.
    told = whole_number(reply.headers.get("x-seed"))
    renderer = Renderer(visit.gateway, visit.request.origin, visit.deadline)
    completed = Completed(
        picture=await renderer.render(Picture(file=file), order.delivery),
        served=_studios(order),
        provider=STUDIO,
        seed=order.seeds[0] if told is None else told,
        took_s=visit.gateway.clock.monotonic() - began,
    )
    recorder = recorder_for(order, visit.caller, renderer)
    if recorder is not None:
        completed = await recorder.record(order, completed, renderer)
    return Painted(order, completed, {"x-darkroom-provider": STUDIO})


async def paint_in_words(
    visit: Visit, asked: AskedVision, caption: str | None, unheard: Iterable[str] = ()
) -> Painted:
    """Paint the prompt with as much of the caption as `vl_alpha` says; raises a `Failure`."""
    body, prompt = asked.body, None
    if caption is not None:
        style_only = body.vl_blend_mode == STYLE_ONLY
        prompt = with_likeness(body.prompt, caption, body.vl_alpha, style_only=style_only)
    untold = [*unheard, *UNTOLD]
    if body.vl_blend_mode not in BLENDED_IN_WORDS:
        untold.append("vl_blend_mode")
    order = _order(visit, asked, prompt, untold)
    caller = visit.caller.narrowed(order.providers)
    commission = await accept(order, caller, visit.request, visit.gateway, visit.deadline)
    outcome = await carry_out(commission)
    (completed,) = outcome.done
    return Painted(commission.order, completed, outcome.timing.headers())


def _order(
    visit: Visit, asked: AskedVision, prompt: str | None = None, unheard: Iterable[str] = ()
) -> Order:
    """The order of a picture that `prompt` is made for, or else the caller's own words."""
    body = asked.body
    order = painting_order(body, visit.gateway, delivery=Delivery("bytes", "png"), prompt=prompt)
    spelled = {**order.spelled, **asked.spelled}
    without = [name for name in unheard if _matters(name, asked)]
    noted: Mapping[str, object] | None = {
        **(order.noted or {}),
        **{name: getattr(body, name) for name in REMEMBERED},
        **({} if prompt is None else {"revised_prompt": prompt}),
    }
    if "no-store" in cache_directives(visit.request.headers):
        noted = None
    order = replace(order, spelled=spelled, noted=noted)
    return order.with_unheard([*map(asked.spelling, without), *asked.unknown])


def _matters(name: str, asked: AskedVision) -> bool:
    """Whether a field was given another value than it has by default."""
    if name == "vl_image":
        return bool(asked.image)
    default = VisionBody.model_fields[name].default
    return bool(getattr(asked.body, name) != default)


def _studios(order: Order) -> Fitted:
    """The part of a studio's model."""
    for choice in order.choices:
        if choice.model.provider.id == STUDIO:
            return choice
    raise NotConfigured("There is no studio here that paints.")
