"""`POST /sdapi/v1/extra-single-image` and `/extra-batch-images`: upscaling (B5).

Models that upscale have one factor each; which size came of it stands in `html_info`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from darkroom.catalog.catalog import Resolved
from darkroom.catalog.parameters import RequestedParameters
from darkroom.catalog.pool import Purpose
from darkroom.context import RequestContext
from darkroom.dialects.a1111.errors import NothingThere
from darkroom.dialects.a1111.generate_body import MAX_PICTURES
from darkroom.dialects.a1111.lists import (
    json_reply,
    upscaler_models,
    upscaler_names,
)
from darkroom.dialects.a1111.progress_reporting import run_with_progress
from darkroom.dialects.a1111.session import read_fields
from darkroom.errors import InvalidRequest
from darkroom.field_types import NO_BOOLEAN, Number
from darkroom.generation.default_models import within_reach
from darkroom.generation.ignored_fields import ignored_header
from darkroom.generation.input_images import entries_of, is_nothing, load_sources, read_source
from darkroom.generation.request import Delivery, build_request
from darkroom.generation.run import GenerationResult, plan_generation
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import Operation, Size
from darkroom.json_writer import TextBlob
from darkroom.limits.reservation import reserved
from darkroom.validation_error import invalid_fields, unprocessable

NONE = "None"


class UpscaleBody(BaseModel):
    """The fields that have an effect; those for faces and for a second upscaler have none."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    resize_mode: Literal[0, 1] = 0
    upscaling_resize: Annotated[float, Field(ge=1, le=8), NO_BOOLEAN] = 2.0
    upscaling_resize_w: Annotated[int, Field(ge=1), NO_BOOLEAN] = 512
    upscaling_resize_h: Annotated[int, Field(ge=1), NO_BOOLEAN] = 512
    upscaler_1: str = NONE
    gfpgan_visibility: Number = 0.0
    codeformer_visibility: Number = 0.0
    extras_upscaler_2_visibility: Number = 0.0

    @property
    def unable(self) -> Sequence[str]:
        """The fields that were given to some purpose, and have no effect."""
        names = ("gfpgan_visibility", "codeformer_visibility", "extras_upscaler_2_visibility")
        return [name for name in names if getattr(self, name)]

    def wanted(self, source: Size | None) -> Size | None:
        """The size that is asked for, where it is known."""
        if self.resize_mode == 1:
            return Size(self.upscaling_resize_w, self.upscaling_resize_h)
        if source is None:
            return None
        factor = self.upscaling_resize
        return Size(round(source.width * factor), round(source.height * factor))


async def upscale_one(context: RequestContext) -> Reply:
    """One picture, larger."""
    fields = await read_fields(context)
    body = _read(fields)
    image, words, headers = await _upscale(fields.get("image"), "image", body, context)
    return json_reply({"html_info": words, "image": image}, headers)


async def upscale_batch(context: RequestContext) -> Reply:
    """Several pictures, larger, one after the other."""
    fields = await read_fields(context)
    body = _read(fields)
    entries = entries_of(fields.get("imageList"))
    if not entries:
        raise unprocessable("imageList", "Field required", "missing")
    if len(entries) > MAX_PICTURES:
        raise unprocessable("imageList", f"at most {MAX_PICTURES} pictures, not {len(entries)}")
    images, reported = [], []
    headers: Mapping[str, str] = {}
    for entry in entries:
        image, words, headers = await _upscale(entry, "imageList", body, context)
        images.append(image)
        reported.append(words)
    return json_reply({"html_info": "; ".join(filter(None, reported)), "images": images}, headers)


async def _upscale(
    value: object, param: str, body: UpscaleBody, context: RequestContext
) -> tuple[str | TextBlob, str, Mapping[str, str]]:
    """A picture in base64, what is to be said of its size, and the answer's headers."""
    if is_nothing(value):
        raise NothingThere("Image not found", param=param)
    source = read_source(value, param)
    (image,) = await load_sources([source], param, context)
    resolved = _choose_models(body, context)
    if not resolved.models:
        return TextBlob(await image.to_base64()), "", {}
    result = await _run_to_end(image, resolved, context)
    done = result.done[0]
    wanted, size = body.wanted(_size_of(image)), done.picture.size
    ignored = list(body.unable)
    words = ""
    if wanted is not None and size is not None and size != str(wanted):
        ignored.append("upscaling_resize" if body.resize_mode == 0 else "upscaling_resize_w")
        words = f"{done.served.model.name} made {size} of it, not {wanted}"
    return done.picture.text, words, {**result.timing.headers(), **ignored_header(ignored)}


async def _run_to_end(
    image: ImageFile, resolved: Resolved, context: RequestContext
) -> GenerationResult:
    requested = RequestedParameters(
        prompt="", images=(image,), image_size=_size_of(image), options={"output_format": "png"}
    )
    image_request = build_request(
        requested,
        resolved,
        count=1,
        draw_seed=context.gateway.draw_seed,
        delivery=Delivery("b64_json", "png"),
    )
    generation = plan_generation(image_request, context, narrowed=True)
    async with reserved(context, context.gateway.draw_token()):
        return await run_with_progress(generation, "extras", context)


def _choose_models(body: UpscaleBody, context: RequestContext) -> Resolved:
    """The models that stand for the upscaler, none where a picture stays as it is.

    Raises `InvalidRequest` for a name that is neither an upscaler's nor a model's or a pool's.
    """
    name, catalog = body.upscaler_1, context.gateway.catalog
    if name in catalog.pools:
        resolved = catalog.resolve(name, name, purpose=Purpose.UPSCALE)
        return within_reach(resolved, context.caller)
    names = upscaler_models(name)
    if names is not None:
        found = (catalog.find(each) for each in names)
        return Resolved(tuple(model for model in found if model is not None))
    model = catalog.find(name)
    if model is None or Operation.UPSCALE not in model.operations:
        known = ", ".join(upscaler_names())
        raise InvalidRequest(
            f"could not find upscaler named {name[:80]}; there are {known}", param="upscaler_1"
        )
    return Resolved((model,))


def _read(fields: Mapping[str, Any]) -> UpscaleBody:
    try:
        return UpscaleBody.model_validate(
            {name: value for name, value in fields.items() if value not in (None, "")}
        )
    except ValidationError as error:
        raise invalid_fields(error) from None


def _size_of(image: ImageFile) -> Size | None:
    return Size(*image.dimensions) if image.dimensions else None
