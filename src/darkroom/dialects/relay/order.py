"""What a relay's request asks for, as an order."""

import math
from collections.abc import Sequence

from darkroom.catalog import asked_size
from darkroom.catalog.asked_size import TIERS, Ratio, Tier, parse_size
from darkroom.catalog.wish import Wish
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.order import Delivery, Order, place_order
from darkroom.dialects.relay.asked import Asked
from darkroom.dialects.relay.names import models_meant
from darkroom.dialects.sources import load_mask, load_sources
from darkroom.dialects.unprocessable import unprocessable
from darkroom.job import MAX_SEED, OPTIONS, Size

MAX_PICTURES = 10
NOT_KEPT = "provider"  # of `store_output` the one that keeps nothing here
ON_CHAIN = "opengpu"
_SAME = {"jpg": "jpeg"}


async def read_order(asked: Asked, origin: str, gateway: Gateway, deadline: Deadline) -> Order:
    """Fetch a request's pictures and choose its models.

    Raises `InvalidRequest` naming the field that is wrong.
    """
    values = asked.values
    resolved = models_meant(asked, gateway.catalog, gateway.settings)
    images = await load_sources(asked.images, asked.spelling("image"), origin, gateway, deadline)
    mask = await load_mask(asked.mask, origin, gateway, deadline) if asked.mask else None
    dimensions = images[0].dimensions if images else None
    source = Size(*dimensions) if dimensions else None
    options = {name: values[name] for name in OPTIONS if name in values}
    output_format = _SAME.get(options.get("output_format", ""), options.get("output_format"))
    if output_format is not None:
        options["output_format"] = output_format
    size, param = _asked_size(asked, source)
    spelled = {**asked.spelled, "size": param}
    wish = Wish(
        prompt=values.get("prompt", ""),
        size=size,
        seed=_seed(values.get("seed")),
        steps=values.get("steps"),
        guidance_scale=values.get("guidance_scale"),
        negative_prompt=values.get("negative_prompt"),
        images=images,
        image_size=source,
        mask=mask,
        options=options,
        nearest=True,
        spelled={**spelled, "image": asked.spelling("image"), "prompt": asked.spelling("prompt")},
    )
    order = place_order(
        wish,
        resolved,
        count=_count(asked),
        draw_seed=gateway.draw_seed,
        asked=values.get("model"),
        delivery=Delivery(
            values["response_format"],
            output_format,
            options.get("output_compression"),
            keep=_is_kept(asked),
        ),
        spelled=spelled if param in asked.spelled.values() else asked.spelled,
        unheard=_unheard(asked, gateway),
    )
    if mask is not None:
        mask.check(images[0])
    return order


def _asked_size(asked: Asked, source: Size | None) -> tuple[asked_size.Asked, str]:
    """The size that was asked for, and the field that asked for it: by pixels or by a ratio.

    A class of size without a ratio goes with the source's own, as far as the family names it.
    """
    values = asked.values
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
    if "image_size" not in asked.spelled:
        return None, "image_size"
    row = asked.family.row("aspect_ratio")
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


def _seed(asked: int | None) -> int | None:
    """The seed that a model takes; any where none was meant."""
    return None if asked is None or asked < 0 else asked % (MAX_SEED + 1)


def _count(asked: Asked) -> int:
    count: int = asked.values.get("n", 1)
    if count > MAX_PICTURES:
        words = f"There can be {MAX_PICTURES} pictures at the most"
        raise unprocessable(asked.spelling("n"), words, "less_than_equal")
    return count


def _is_kept(asked: Asked) -> bool:
    return bool(asked.values.get("store_output", NOT_KEPT) != NOT_KEPT)


def _unheard(asked: Asked, gateway: Gateway) -> frozenset[str]:
    """The fields that mean nothing to any model."""
    known = {row.means for row in asked.family.fields}
    unheard = {meaning for meaning in asked.spelled if meaning not in known}
    if asked.values.get("mode") == ON_CHAIN:
        unheard.add("mode")
    if gateway.media is None and _is_kept(asked):
        unheard.add("store_output")
    return frozenset(unheard)
