"""`POST /sdapi/v1/txt2img` and `/img2img` (reference/wire-formats.md B5).

Clients send the defaults of a page that none of these models was made for: what a model does not
reach up to becomes the nearest that it does, and `info` says so.
"""

from contextlib import suppress
from dataclasses import replace

from darkroom.async_options import pop_async_options
from darkroom.catalog.catalog import Resolved
from darkroom.catalog.parameters import RequestedParameters
from darkroom.catalog.pool import Purpose
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.a1111.checkpoints import default_name, names_meant
from darkroom.dialects.a1111.generate_body import OVERRIDES, Kind, ParsedBody, read_body
from darkroom.dialects.a1111.generate_response import RenderedRequest, generate_response
from darkroom.dialects.a1111.lists import apply_styles, find_sampler, json_reply
from darkroom.dialects.a1111.options import set_preferences
from darkroom.dialects.a1111.progress_reporting import run_with_progress
from darkroom.dialects.a1111.session import preferences_of, read_fields
from darkroom.errors import Failure, ModelNotFound
from darkroom.field_types import known_word
from darkroom.generation.default_models import for_mask, within_reach
from darkroom.generation.input_images import load_mask, load_sources
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.generation.run import plan_generation
from darkroom.http import Reply
from darkroom.job import Operation, Size
from darkroom.masks import Convention, Mask
from darkroom.stores.preferences import Preferences

# What the requested parameters are called here.
SPELLED = {
    "size": "width",
    "guidance_scale": "cfg_scale",
    "strength": "denoising_strength",
    "image": "init_images",
    "output_format": "samples_format",
}
_FORMATS = ("png", "jpeg", "webp")
_OPERATIONS = {
    Kind.TXT2IMG: (Operation.GENERATE,),
    Kind.IMG2IMG: (Operation.EDIT, Operation.UPSCALE),
}
# The fields that a model may have an effect for; it is asked whether it does.
_WISHED = ("seed", "steps", "guidance_scale", "negative_prompt", "strength", "output_format")


async def read_txt2img(context: RequestContext) -> Painting:
    """Read a request for pictures from a text."""
    return await _read(context, Kind.TXT2IMG)


async def read_img2img(context: RequestContext) -> Painting:
    """Read a request for pictures from a picture."""
    return await _read(context, Kind.IMG2IMG)


async def _read(context: RequestContext, kind: Kind) -> Painting:
    fields = await read_fields(context)
    options = pop_async_options(fields, context.request.headers)

    async def build() -> Job:
        read = read_body(fields, kind)
        sampler, scheduler = find_sampler(read.body.sampler, read.body.scheduler)
        preferences = {**await preferences_of(context), **_overrides(read)}
        image_request = await _build_image_request(read, preferences, context)
        generation = plan_generation(image_request, context, narrowed=True)

        async def run() -> Reply:
            result = await run_with_progress(generation, f"scripts_{kind}", context)
            if not read.body.override_settings_restore_afterwards:
                with suppress(Failure):  # the pictures are there
                    await set_preferences(read.body.override_settings, context)
            _, negative_prompt = _styled(read)
            with_infotext = preferences.get("enable_pnginfo") is not False
            requested = RenderedRequest(read, negative_prompt, sampler, scheduler, with_infotext)
            response = await generate_response(requested, generation, result)
            return json_reply(response.body, response.headers)

        pictures = len(image_request.seeds)
        return Job(generation.plan[0].job.model, stream=False, run=run, pictures=pictures)

    return Painting(options, build)


async def _build_image_request(
    read: ParsedBody, preferences: Preferences, context: RequestContext
) -> ImageRequest:
    body, gateway = read.body, context.gateway
    resolved = _choose_models(read, preferences, context)
    images = await load_sources(read.images, "init_images", context)
    mask = await _load_mask(read, context)
    prompt, negative_prompt = _styled(read)
    dimensions = images[0].dimensions if images else None
    requested_format = known_word(preferences.get("samples_format"))
    output_format = next((name for name in _FORMATS if name == requested_format), "png")
    requested = RequestedParameters(
        prompt=prompt,
        size=Size(*body.size) if body.size else None,
        seed=body.seed,
        steps=body.steps,
        guidance_scale=body.cfg_scale,
        negative_prompt=negative_prompt or None,
        images=images,
        image_size=Size(*dimensions) if dimensions else None,
        mask=mask,
        strength=body.denoising_strength,
        options={"output_format": output_format},
        nearest=True,
        field_aliases=SPELLED,
    )
    reported = _reported(read)
    image_request = build_request(
        requested,
        resolved,
        count=body.count,
        draw_seed=gateway.draw_seed,
        converter=gateway.converter,
        delivery=Delivery("b64_json", output_format),
        field_aliases=reported,
        unsupported_fields=frozenset(reported) - frozenset(_WISHED),
    )
    if mask is not None:
        mask.check(images[0])
    return image_request


def _choose_models(read: ParsedBody, preferences: Preferences, context: RequestContext) -> Resolved:
    """The models that the request names, or its caller before it, or nobody.

    One that was chosen before and cannot do what is asked now gives way to the default, for a
    server's checkpoints can do either, and heed masks. Raises `ModelNotFound` for a name that means
    nothing.
    """
    catalog, settings = context.gateway.catalog, context.gateway.settings
    is_edit = read.kind is Kind.IMG2IMG
    default = settings.default_edit_model if is_edit else default_name(context)
    purpose = Purpose.of(is_edit=is_edit, is_masked=read.mask is not None)
    named = str(preferences.get("sd_model_checkpoint") or "")
    if "sd_model_checkpoint" in _overrides(read):
        param = "model" if read.body.model else "override_settings.sd_model_checkpoint"
        names = names_meant(named, catalog)
        resolved = catalog.resolve(names, default, param, purpose)
        return _fitting(
            replace(resolved, is_open=resolved.is_open or len(names) > 1), read, context
        )
    with suppress(ModelNotFound):  # it was there when it was chosen
        meant = names_meant(named, catalog) if named else None
        chosen = catalog.resolve(meant, default, purpose=purpose)
        if any(set(_OPERATIONS[read.kind]) & set(model.operations) for model in chosen.models):
            if named and chosen.pool is None:
                return replace(chosen, is_open=True)
            return _fitting(chosen, read, context)
    return _fitting(catalog.resolve(None, default, purpose=purpose), read, context)


def _fitting(resolved: Resolved, read: ParsedBody, context: RequestContext) -> Resolved:
    """Those that the caller can use, and for a mask those that take one."""
    resolved = within_reach(resolved, context.caller)
    return resolved if read.mask is None else for_mask(resolved, context.caller, context.gateway)


def _styled(read: ParsedBody) -> tuple[str, str]:
    body = read.body
    return apply_styles(body.prompt, body.negative_prompt, body.styles)


def _overrides(read: ParsedBody) -> Preferences:
    """The options of this request alone; those that are set apart come before `model`."""
    overrides = read.body.override_settings
    set_apart = {
        name: value for name in OVERRIDES if (value := overrides.get(name)) not in ("", None)
    }
    named = {"sd_model_checkpoint": read.body.model} if read.body.model else {}
    return {**named, **set_apart}


def _reported(read: ParsedBody) -> dict[str, str]:
    """The spellings of the fields that are reported where they have no effect."""
    names = {spelling: name for name, spelling in SPELLED.items()}
    if read.kind is Kind.TXT2IMG:
        names.pop("denoising_strength")  # there is nothing that it could leave as it is
    reported = {names.get(field, field): field for field in read.meant}
    if "samples_format" in read.body.override_settings:
        reported["output_format"] = "samples_format"
    return reported


async def _load_mask(read: ParsedBody, context: RequestContext) -> Mask | None:
    if read.mask is None:
        return None
    convention = Convention.BLACK if read.body.inpainting_mask_invert else Convention.WHITE
    return await load_mask(read.mask, context, convention)
