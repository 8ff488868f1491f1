"""Builds the `ImageRequest` of a relay's request."""

import math
from collections.abc import Sequence

from darkroom.catalog.parameters import RequestedParameters
from darkroom.catalog.requested_size import TIERS, Ratio, RequestedSize, Tier, parse_size
from darkroom.context import RequestContext
from darkroom.dialects.relay.names import models_meant
from darkroom.dialects.relay.parse import ParsedRequest
from darkroom.field_types import known_word
from darkroom.gateway import Gateway
from darkroom.generation.default_models import for_mask, within_reach
from darkroom.generation.input_images import load_mask, load_sources
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.job import OPTIONS, Size
from darkroom.validation_error import unprocessable

MAX_PICTURES = 10
NOT_KEPT = "provider"  # of `store_output` the one that keeps nothing here
ON_CHAIN = "opengpu"


async def parse_image_request(parsed: ParsedRequest, context: RequestContext) -> ImageRequest:
    """Fetch a request's pictures and choose its models.

    Raises `InvalidRequest` naming the field that is wrong.
    """
    values, gateway = parsed.values, context.gateway
    resolved = models_meant(parsed, gateway.catalog, gateway.settings)
    resolved = within_reach(resolved, context.caller)
    if parsed.mask is not None:
        resolved = for_mask(resolved, context.caller, gateway)
    images = await load_sources(parsed.images, parsed.spelling("image"), context)
    mask = await load_mask(parsed.mask, context) if parsed.mask else None
    dimensions = images[0].dimensions if images else None
    source = Size(*dimensions) if dimensions else None
    options = {name: values[name] for name in OPTIONS if name in values}
    output_format = options.get("output_format")
    if output_format is not None:
        output_format = options["output_format"] = str(known_word(output_format))
    size, param = _requested_size(parsed, source)
    field_aliases = {**parsed.field_aliases, "size": param}
    requested = RequestedParameters(
        prompt=values.get("prompt", ""),
        size=size,
        seed=values.get("seed"),
        steps=values.get("steps"),
        guidance_scale=values.get("guidance_scale"),
        negative_prompt=values.get("negative_prompt"),
        images=images,
        image_size=source,
        mask=mask,
        options=options,
        nearest=True,
        field_aliases={
            **field_aliases,
            "image": parsed.spelling("image"),
            "prompt": parsed.spelling("prompt"),
        },
    )
    image_request = build_request(
        requested,
        resolved,
        count=_count(parsed),
        draw_seed=gateway.draw_seed,
        converter=gateway.converter,
        requested_model=values.get("model"),
        delivery=Delivery(
            values["response_format"],
            output_format,
            options.get("output_compression"),
            keep=_is_kept(parsed),
        ),
        field_aliases=field_aliases
        if param in parsed.field_aliases.values()
        else parsed.field_aliases,
        unsupported_fields=_unsupported_fields(parsed, gateway),
        adjusted=parsed.adjusted,
    )
    if mask is not None:
        mask.check(images[0])
    return image_request


def _requested_size(parsed: ParsedRequest, source: Size | None) -> tuple[RequestedSize, str]:
    """The size that was asked for, and the field that asked for it: by pixels or by a ratio.

    A class of size without a ratio goes with the source's own, as far as the family names it.
    """
    values = parsed.values
    size = parse_size(values.get("size", ""))
    side = values.get("width") or values.get("height")  # one alone asks for a square
    if size is None and side:
        param = "width" if "width" in values else "height"
        return Size(side, values.get("height") or side), param
    tier = _tier(values.get("image_size"))
    if "aspect_ratio" in values:
        return _with_tier(values["aspect_ratio"], tier), "aspect_ratio"
    if tier is None:
        return size, "size"
    if source is None:
        return tier, "image_size"
    if "image_size" not in parsed.field_aliases:
        return None, "image_size"
    row = parsed.family.row("aspect_ratio")
    return _with_tier(_nearest(source, row.choices if row else ("1:1",)), tier), "image_size"


def _tier(text: str | None) -> Tier | None:
    return Tier(text, TIERS[text]) if text else None


def _with_tier(text: str, tier: Tier | None) -> Ratio:
    return Ratio(text, _value_of(text), tier)


def _nearest(source: Size, ratios: Sequence[str]) -> str:
    shape = source.width / source.height
    return min(ratios, key=lambda text: abs(math.log(_value_of(text) / shape)))


def _value_of(ratio: str) -> float:
    width, height = ratio.split(":")
    return int(width) / int(height)


def _count(parsed: ParsedRequest) -> int:
    count: int = parsed.values.get("n", 1)
    if count > MAX_PICTURES:
        words = f"There can be {MAX_PICTURES} pictures at the most"
        raise unprocessable(parsed.spelling("n"), words, "less_than_equal")
    return count


def _is_kept(parsed: ParsedRequest) -> bool:
    return bool(parsed.values.get("store_output", NOT_KEPT) != NOT_KEPT)


def _unsupported_fields(parsed: ParsedRequest, gateway: Gateway) -> frozenset[str]:
    """The fields that mean nothing to any model."""
    known = {row.means for row in parsed.family.fields}
    unsupported_fields = {meaning for meaning in parsed.field_aliases if meaning not in known}
    if parsed.values.get("mode") == ON_CHAIN:
        unsupported_fields.add("mode")
    if gateway.media is None and _is_kept(parsed):
        unsupported_fields.add("store_output")
    return frozenset(unsupported_fields)
