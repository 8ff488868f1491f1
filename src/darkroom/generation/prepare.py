"""The builder of image requests from OpenAI's fields, and of the jobs that paint them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from darkroom.catalog.catalog import Resolved
from darkroom.catalog.model import Range
from darkroom.catalog.parameters import RequestedParameters
from darkroom.catalog.requested_size import Ratio, RequestedSize, Tier, parse_size
from darkroom.context import Job, RequestContext
from darkroom.generation.default_models import models_meant
from darkroom.generation.input_images import load_mask, load_sources
from darkroom.generation.parameters import SPELLINGS, ImageBody, ParsedBody, read_body
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.generation.run import Generation, plan_generation
from darkroom.http import Reply
from darkroom.job import Size

IMAGES_PER_REQUEST = Range(1, 10, 1)
RESPONSE_FORMATS: tuple[Literal["url", "b64_json"], ...] = ("url", "b64_json")


async def parse_image_request(
    document: Mapping[str, Any],
    context: RequestContext,
    spellings: Mapping[str, str] = SPELLINGS,
    *,
    upscales: bool = False,
) -> ImageRequest:
    """Read a body's fields and load its pictures; see `prepare_request`.

    `spellings` are the names that other dialects have for the same fields.
    """
    return await prepare_request(read_body(document, spellings), context, upscales=upscales)


async def prepare_request(
    read: ParsedBody, context: RequestContext, *, upscales: bool = False
) -> ImageRequest:
    """Build the image request of a body and load its pictures; one with pictures is an edit.

    With `upscales` the name of a pool means those of its models that make pictures larger. Raises
    `InvalidRequest` naming the field that is wrong.
    """
    body, gateway = read.body, context.gateway
    resolved = models_meant(
        body.model,
        context.caller,
        gateway,
        is_edit=bool(read.images),
        is_masked=read.mask is not None,
        upscales=upscales,
        param=read.field_aliases.get("model", "model"),
    )
    count = int(IMAGES_PER_REQUEST.choose(body.n, read.field_aliases.get("n", "n")))
    mask_name = read.field_aliases.get("mask", "mask")
    images = await load_sources(read.images, read.field_aliases.get("image", "image"), context)
    mask = await load_mask(read.mask, context, param=mask_name) if read.mask else None
    size, size_name = _requested_size(read)
    dimensions = images[0].dimensions if images else None
    requested = RequestedParameters(
        prompt=body.prompt,
        size=size,
        seed=None if body.randomize_seed else body.seed,
        steps=body.steps,
        guidance_scale=body.guidance_scale,
        negative_prompt=body.negative_prompt,
        prompt_enhance=body.prompt_enhance,
        images=images,
        image_size=Size(*dimensions) if dimensions else None,
        mask=mask,
        options=read.options,
        nearest=resolved.alias is not None,  # what was asked of another model
        field_aliases={**read.field_aliases, "size": size_name},
    )
    image_request = build_request(
        requested,
        resolved,
        count=count,
        draw_seed=gateway.draw_seed,
        converter=gateway.converter,
        requested_model=body.model if isinstance(body.model, str) else None,
        delivery=Delivery(
            _response_format(body, resolved), body.output_format, body.output_compression
        ),
        stream=body.stream,
        previews=body.partial_images,
        enhance=body.enhance,
        field_aliases=read.field_aliases,
        unsupported_fields=_unsupported_fields(read),
    )
    if mask is not None:
        mask.check(images[0])
    return image_request


def paint(
    image_request: ImageRequest,
    context: RequestContext,
    answer: Callable[[Generation], Awaitable[Reply]],
    *,
    narrowed: bool = False,
    cached: bool = True,
) -> Job:
    """Plan a validated request for its caller; `answer` runs the generation and renders it.

    The prompt is enhanced when the job is run. `narrowed` and `cached` as in `plan_generation`.
    Raises a `Failure` when the caller may use none of the models.
    """
    generation = plan_generation(image_request, context, narrowed=narrowed, cached=cached)

    async def run() -> Reply:
        return await answer(await generation.with_enhanced_prompt(context))

    pictures = len(image_request.seeds)
    return Job(generation.plan[0].job.model, image_request.stream, run, pictures)


def _requested_size(read: ParsedBody) -> tuple[RequestedSize, str]:
    """The size that was asked for, and the field that asked for it.

    Pixels come before a ratio; a class of size goes with one.
    """
    body, field_aliases = read.body, read.field_aliases
    param = field_aliases.get("size", "size")
    requested = parse_size(body.size or "", param)
    if requested is None and body.width is not None and body.height is not None:
        return parse_size(f"{body.width}x{body.height}", "width"), "width"
    if body.aspect_ratio is not None and (requested is None or isinstance(requested, Tier)):
        ratio_param = field_aliases["aspect_ratio"]
        ratio = parse_size(body.aspect_ratio, ratio_param)
        if isinstance(ratio, Ratio):
            tier = requested if isinstance(requested, Tier) else None
            return Ratio(ratio.text, ratio.value, tier), ratio_param
        return ratio or requested, ratio_param
    return requested, param


def _response_format(body: ImageBody, resolved: Resolved) -> Literal["url", "b64_json"]:
    """The requested format, or the expected one where it is missing or unknown.

    Streams carry base64, as OpenAI's do.
    """
    for known in RESPONSE_FORMATS:
        if body.response_format == known:
            return known
    expected = (resolved.alias or resolved.models[0]).response_format
    return "b64_json" if body.stream or expected == "b64_json" else "url"


def _unsupported_fields(read: ParsedBody) -> frozenset[str]:
    """The fields that mean nothing to any model, or that another field stands in the way of."""
    body, fields = read.body, read.fields
    requested = parse_size(body.size or "")
    sized = requested is not None and not isinstance(requested, Tier)
    in_pixels = body.width is not None and body.height is not None
    without_effect = {
        "aspect_ratio": sized or (requested is None and in_pixels),
        "width": requested is not None or body.height is None,
        "height": requested is not None or body.width is None,
        "partial_images": not body.stream,
        "seed": body.randomize_seed,
        "response_format": body.response_format not in RESPONSE_FORMATS,
        **dict.fromkeys(body.model_extra or {}, True),
    }
    return frozenset(name for name in fields if without_effect.get(name, False))
