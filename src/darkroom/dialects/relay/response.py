"""The response bodies of the image routes (reference/wire-formats.md A7)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.catalog.requested_size import TIERS
from darkroom.dialects.relay.errors import error_body
from darkroom.dialects.relay.parse import ParsedRequest
from darkroom.generation.output import Completed
from darkroom.generation.run import Generation, GenerationResult
from darkroom.http import Reply
from darkroom.job import Size
from darkroom.json_writer import json_parts

MODE = "direct"


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts of the finished images; the first of them stands for all."""

    requested: ParsedRequest
    first: Completed

    @property
    def size(self) -> Size:
        """The pixels that were painted."""
        if self.first.picture.size is None:
            return self.first.served.job.size
        width, height = self.first.picture.size.split("x")
        return Size(int(width), int(height))

    @property
    def aspect_ratio(self) -> str | None:
        """The ratio by the model's word, or the caller's; None where a source gave it."""
        return self.first.served.job.aspect_ratio or self.requested.values.get("aspect_ratio")

    @property
    def image_size(self) -> str:
        """The class of size in the relay's words, by the model's own or by the pixels."""
        tier = self.first.served.job.tier
        side = TIERS[tier] if tier else math.sqrt(self.size.width * self.size.height)
        row = self.requested.family.row("image_size")
        classes = row.choices if row else tuple(TIERS)
        return min(classes, key=lambda name: abs(math.log(TIERS[name] / side)))


# What an answer can say of its pictures, by the names in the table of families.
_TELLING: Mapping[str, Callable[[_Facts], object]] = {
    "size": lambda facts: str(facts.size),
    "width": lambda facts: facts.size.width,
    "height": lambda facts: facts.size.height,
    "aspect_ratio": lambda facts: facts.aspect_ratio,
    "image_size": lambda facts: facts.image_size,
    "finish_reason": lambda facts: None,  # of upstreams' own reasons only failures are known
    "scale": lambda facts: facts.first.served.model.scale,
    "steps": lambda facts: facts.first.served.job.steps,
    "cfg_scale": lambda facts: facts.first.served.job.guidance_scale,
}


def images_reply(
    requested: ParsedRequest, generation: Generation, result: GenerationResult
) -> Reply:
    """The answer to a request that came to at least one picture."""
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        **result.timing.headers(),
    }
    return Reply(200, headers, json_parts(_body(requested, generation, result)))


def _body(
    requested: ParsedRequest, generation: Generation, result: GenerationResult
) -> Mapping[str, Any]:
    done, family = result.done, requested.family
    facts = _Facts(requested, done[0])
    by_address = generation.image_request.delivery.field == "url"
    body: dict[str, Any] = {
        family.addresses if by_address else "images": [item.picture.value for item in done],
        "model": done[0].served.model.id,
        **{name: _TELLING[name](facts) for name in family.tells},
        "task_id": None,
        "task_address": None,
        "mode": MODE,
        "provider": done[0].provider,
        "seed": done[0].seed,
    }
    if len(done) > 1:
        body["seeds"] = [item.seed for item in done]
    return {**body, **_remarks(generation, result, by_address=by_address)}


def _remarks(
    generation: Generation, result: GenerationResult, *, by_address: bool
) -> Mapping[str, Any]:
    """Optional fields of the response."""
    done, renderer = result.done, generation.renderer
    remarks: dict[str, Any] = {}
    kept = [item.picture.media_name for item in done if item.picture.media_name]
    if kept and generation.image_request.delivery.keep and not by_address:
        remarks["urls"] = [renderer.address_of(name) for name in kept]
    lasts_s = [item.picture.lasts_s for item in done if item.picture.lasts_s is not None]
    if lasts_s:
        remarks["expires_at"] = int(result.timing.clock.time() + min(lasts_s))
    formats = {item.picture.output_format for item in done}
    if len(formats) == 1 and None not in formats:
        remarks["output_format"] = formats.pop()
    if revised := [item.revised_prompt for item in done if item.revised_prompt]:
        remarks["revised_prompt"] = revised[0]
    if usage := next((item.usage for item in done if item.usage), None):
        remarks["usage"] = usage
    remarks |= result.remarks(generation)
    if result.failures:
        remarks["errors"] = [
            {"image_index": index, **error_body(failure)}
            for index, failure in sorted(result.failures.items())
        ]
    return remarks
