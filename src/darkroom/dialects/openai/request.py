"""An image request in OpenAI's shape, turned into an order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from darkroom.access import Caller
from darkroom.catalog.asked_size import Asked, Ratio, Tier, parse_size
from darkroom.catalog.catalog import Resolved
from darkroom.catalog.model import Range
from darkroom.catalog.wish import Wish
from darkroom.deadline import Deadline
from darkroom.dialects.commission import Commission, commission_of
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.body import SPELLINGS, ImageBody, ReadBody, read_body
from darkroom.dialects.order import Delivery, Order, place_order
from darkroom.dialects.pictures import Renderer
from darkroom.dialects.results import cache_directives, results_for
from darkroom.dialects.sources import load_mask, load_sources
from darkroom.http import Request
from darkroom.job import Size

IMAGES_PER_REQUEST = Range(1, 10, 1)
RESPONSE_FORMATS: tuple[Literal["url", "b64_json"], ...] = ("url", "b64_json")


async def read_order(
    document: Mapping[str, Any],
    origin: str,
    gateway: Gateway,
    deadline: Deadline,
    spellings: Mapping[str, str] = SPELLINGS,
) -> Order:
    """Read a body's fields and fetch its pictures; see `order_of`.

    `spellings` are the names that other dialects have for the same fields.
    """
    return await order_of(read_body(document, spellings), origin, gateway, deadline)


async def order_of(read: ReadBody, origin: str, gateway: Gateway, deadline: Deadline) -> Order:
    """The order of a body, its pictures fetched; a request with pictures is an edit.

    Raises `InvalidRequest` naming the field that is wrong.
    """
    body, settings = read.body, gateway.settings
    default = settings.default_edit_model if read.images else settings.default_model
    resolved = gateway.catalog.resolve(body.model, default)
    count = int(IMAGES_PER_REQUEST.choose(body.n, read.spelled.get("n", "n")))
    images = await load_sources(
        read.images, read.spelled.get("image", "image"), origin, gateway, deadline
    )
    mask = await load_mask(read.mask, origin, gateway, deadline) if read.mask else None
    size, spelled = _asked_size(read)
    dimensions = images[0].dimensions if images else None
    wish = Wish(
        prompt=body.prompt,
        size=size,
        seed=body.seed,
        steps=body.steps,
        guidance_scale=body.guidance_scale,
        negative_prompt=body.negative_prompt,
        prompt_enhance=body.prompt_enhance,
        images=images,
        image_size=Size(*dimensions) if dimensions else None,
        mask=mask,
        options=read.options,
        nearest=resolved.alias is not None,  # what was asked of another model
        spelled={**read.spelled, "size": spelled},
    )
    order = place_order(
        wish,
        resolved,
        count=count,
        draw_seed=gateway.draw_seed,
        asked=body.model if isinstance(body.model, str) else None,
        delivery=Delivery(
            _response_format(body, resolved), body.output_format, body.output_compression
        ),
        stream=body.stream,
        previews=body.partial_images,
        enhance=body.enhance,
        spelled=read.spelled,
        unheard=_unheard(read),
    )
    if mask is not None:
        mask.check(images[0])
    return order


async def accept(
    order: Order, caller: Caller, request: Request, gateway: Gateway, deadline: Deadline
) -> Commission:
    """Plan an order for the caller of a request; see `commission_of`."""
    renderer = Renderer(gateway, request.origin, deadline)
    if "no-store" in cache_directives(request.headers):
        order = replace(order, noted=None)
    results = results_for(order, caller, request.headers, gateway)
    return await commission_of(order, caller, renderer, results)


def _asked_size(read: ReadBody) -> tuple[Asked, str]:
    """The size that was asked for, and the field that asked for it.

    Pixels come before a ratio; a class of size goes with one.
    """
    body, spelled = read.body, read.spelled
    param = spelled.get("size", "size")
    asked = parse_size(body.size or "", param)
    if asked is None and body.width is not None and body.height is not None:
        return parse_size(f"{body.width}x{body.height}", "width"), "width"
    if body.aspect_ratio is not None and (asked is None or isinstance(asked, Tier)):
        ratio_param = spelled["aspect_ratio"]
        ratio = parse_size(body.aspect_ratio, ratio_param)
        if isinstance(ratio, Ratio):
            tier = asked if isinstance(asked, Tier) else None
            return Ratio(ratio.text, ratio.value, tier), ratio_param
        return ratio or asked, ratio_param
    return asked, param


def _response_format(body: ImageBody, resolved: Resolved) -> Literal["url", "b64_json"]:
    """What was asked for, or what the caller expects who names no format or an unknown one.

    Streams carry base64, as OpenAI's do.
    """
    for known in RESPONSE_FORMATS:
        if body.response_format == known:
            return known
    expected = (resolved.alias or resolved.models[0]).response_format
    return "b64_json" if body.stream or expected == "b64_json" else "url"


def _unheard(read: ReadBody) -> frozenset[str]:
    """The fields that mean nothing to any model, or that another field stands in the way of."""
    body, fields = read.body, read.fields
    asked = parse_size(body.size or "")
    sized = asked is not None and not isinstance(asked, Tier)
    in_pixels = body.width is not None and body.height is not None
    without_effect = {
        "aspect_ratio": sized or (asked is None and in_pixels),
        "width": asked is not None or body.height is None,
        "height": asked is not None or body.width is None,
        "partial_images": not body.stream,
        "response_format": body.response_format not in RESPONSE_FORMATS,
        **dict.fromkeys(body.model_extra or {}, True),
    }
    return frozenset(name for name in fields if without_effect.get(name, False))
