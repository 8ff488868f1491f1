"""A picture like another one, painted from words alone: what no studio did for a caller.

The caption of the one goes into the prompt of the other (prompts/likeness.py), which is then
painted like any prompt, by a studio's own model if there is one or by the default model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from darkroom.access import Caller
from darkroom.blob import Blob
from darkroom.catalog.asked_size import parse_size
from darkroom.catalog.catalog import Resolved
from darkroom.catalog.wish import Wish
from darkroom.deadline import Deadline
from darkroom.dialects.commission import carry_out
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.request import accept
from darkroom.dialects.order import Delivery, place_order
from darkroom.dialects.studio.upstreams import STUDIO
from darkroom.dialects.studio.vision_bodies import VisionBody
from darkroom.errors import JobFailed
from darkroom.http import Request
from darkroom.json_body import TextBlob
from darkroom.prompts.likeness import with_likeness

STYLE_ONLY = "style_only"
# What only a studio could be told, of both templates and layers.
UNTOLD = (
    "system_prompt", "thinking_content", "assistant_content", "force_think_block", "template",
    "shift", "long_prompt_mode", "hidden_layer", "vl_hidden_layer", "vl_image_tokens_only",
)  # fmt: skip
_WISHED = ("seed", "steps", "guidance_scale")


@dataclass(frozen=True, slots=True)
class PaintedFile:
    """A picture's file, with what is said of it in headers."""

    content: Blob
    media_type: str
    seed: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


async def paint_in_words(
    body: VisionBody,
    caption: str | None,
    *,
    caller: Caller,
    request: Request,
    gateway: Gateway,
    deadline: Deadline,
) -> PaintedFile:
    """Paint the prompt with as much of the caption as `vl_alpha` says; raises a `Failure`."""
    prompt = body.prompt.replace('"', "") if body.strip_quotes else body.prompt
    style_only = body.vl_blend_mode == STYLE_ONLY
    if caption is not None:
        prompt = with_likeness(prompt, caption, body.vl_alpha, style_only=style_only)
    given = [name for name in body.model_fields_set if getattr(body, name) not in (None, "", False)]
    sized = bool({"width", "height"} & body.model_fields_set)
    wish = Wish(
        prompt=prompt,
        size=parse_size(f"{body.width}x{body.height}") if sized else None,
        seed=body.seed,
        steps=body.steps,
        guidance_scale=body.guidance_scale,
        nearest=True,
    )
    order = place_order(
        wish,
        _painters(gateway),
        count=1,
        draw_seed=gateway.draw_seed,
        delivery=Delivery("bytes", "png"),
        spelled={name: name for name in _WISHED if name in given},
    )
    order = order.with_unheard(name for name in UNTOLD if name in given)
    commission = await accept(order, caller.narrowed(order.providers), request, gateway, deadline)
    outcome = await carry_out(commission)
    (completed,) = outcome.done
    file = completed.picture.value
    if isinstance(file, str | TextBlob):
        raise JobFailed("The picture came without its file.")
    return PaintedFile(
        content=file,
        media_type=f"image/{completed.picture.output_format}",
        seed=completed.seed,
        headers=outcome.timing.headers(),
        ignored=commission.order.ignored_by(completed.served, completed.missed),
    )


def _painters(gateway: Gateway) -> Resolved:
    models, default = gateway.catalog.models, gateway.settings.default_model
    own = [m.id for m in models if m.provider.id == STUDIO and m.provider.is_configured]
    return gateway.catalog.resolve([*own, default], default)
