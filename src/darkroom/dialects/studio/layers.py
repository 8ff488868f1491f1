"""`POST /api/qwen-image/decompose`, `/edit-layer` and `/edit-multi` (reference/studio-api.md 8)."""

import zlib
from collections.abc import Mapping

from darkroom.alpha import has_transparency, put_alpha
from darkroom.async_options import pop_async_options
from darkroom.blob import Blob, BytesBlob
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.studio.errors import DIALECT, problem
from darkroom.dialects.studio.generate import file_reply, ignored_by, ignored_headers
from darkroom.dialects.studio.layer_request import (
    LAYER,
    LAYERS,
    DecomposeBody,
    EditLayerBody,
    EditMultiBody,
    decomposition_request,
    edit_request,
    read_layer_request,
    read_with_pictures,
)
from darkroom.errors import InvalidRequest
from darkroom.gateway import Gateway
from darkroom.generation.ignored_fields import adjusted_header
from darkroom.generation.input_images import load_sources
from darkroom.generation.output import Completed, RenderedPicture
from darkroom.generation.prepare import paint
from darkroom.generation.run import Generation, run_to_end
from darkroom.http import Reply
from darkroom.image import ImageFile, NotAnImage
from darkroom.job import Size
from darkroom.json_writer import JoinedText, TextBlob, json_parts
from darkroom.masks import MAX_MASK_SIDE
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.validation_error import Unprocessable
from darkroom.zip_archive import base64_parts, zip_parts

RESOLUTIONS = (640, 1024)
LONGEST_EDITED_SIDE = 1024  # pixels, as at a studio
FEWEST_COMBINED = 2
TRANSPARENCY = "alpha"  # named as ignored where a layer's could not be put back


async def read_decompose(context: RequestContext) -> Painting:
    """Read a request for a picture's layers with transparency, from the back to the front."""
    request = await read_layer_request(context, LAYERS)
    options = pop_async_options(request.document, context.request.headers)

    async def build() -> Job:
        body, sources = read_with_pictures(
            DecomposeBody, request.document, "image", request.field_aliases
        )
        if body.resolution not in RESOLUTIONS:
            raise InvalidRequest("resolution: must be 640 or 1024.", param="resolution")
        (image,) = await load_sources(sources, "image", context)
        image_request = decomposition_request(request, body, image)

        async def answer(generation: Generation) -> Reply:
            return await _layers_reply(generation, body.resolution)

        return paint(image_request, context, answer, cached=False)

    return Painting(options, build)


async def _layers_reply(generation: Generation, resolution: int) -> Reply:
    result = await run_to_end(generation)
    (completed,) = result.done
    names = _names(completed)
    files = [
        (f"{name.lower().replace(' ', '_')}.{layer.output_format}", _bytes_of(layer))
        for name, layer in names.items()
    ]
    answer = {
        "layers": [
            {"name": name, "image": await _data_url(layer), "index": index}
            for index, (name, layer) in enumerate(names.items())
        ],
        "zip_data": JoinedText(await base64_parts(zip_parts(files))),
        "generation_time": completed.took_s,
        "layer_count": len(completed.layers),
        "seed": completed.seed,
        "resolution": completed.served.job.options.get("resolution", resolution),
        "model": completed.served.model.id,
        "provider": completed.provider,
    }
    adjusted = adjusted_header(generation.image_request.adjusted_by(completed.served))
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    ignored = ignored_headers(ignored_by(generation.image_request, completed))
    headers |= {**result.timing.headers(), **ignored, **adjusted}
    return Reply(200, headers, json_parts(answer))


async def read_edit_layer(context: RequestContext) -> Painting:
    """Read a request to change a layer, which keeps its transparency."""
    request = await read_layer_request(context, LAYER)
    options = pop_async_options(request.document, context.request.headers)

    async def build() -> Job:
        body, sources = read_with_pictures(
            EditLayerBody, request.document, "layer_image", request.field_aliases
        )
        field = request.spelling("layer_image")
        (layer,) = await load_sources(sources, field, context)
        _check_size(layer, field)
        image_request = edit_request(request, body, (layer,), "layer_image")

        async def answer(generation: Generation) -> Reply:
            return await _layer_reply(generation, layer, context.gateway)

        return paint(image_request, context, answer, cached=False)

    return Painting(options, build)


async def _layer_reply(generation: Generation, layer: ImageFile, gateway: Gateway) -> Reply:
    result = await run_to_end(generation)
    (completed,) = result.done
    content = await _with_alpha(completed, layer, gateway)
    missed = [] if content else [TRANSPARENCY]
    file = ImageFile(data=content or _bytes_of(completed.picture))
    name = f"edited_layer_{int(gateway.clock.time())}.{file.format}"
    headers = {
        "content-disposition": f"attachment; filename={name}",
        "x-edit-time": str(completed.took_s),
    }
    return file_reply(generation, result, headers, content, missed)


async def read_edit_multi(context: RequestContext) -> Painting:
    """Read a request for one picture made of several, as an instruction says."""
    request = await read_layer_request(context)
    options = pop_async_options(request.document, context.request.headers)

    async def build() -> Job:
        body, sources = read_with_pictures(
            EditMultiBody, request.document, "images", request.field_aliases
        )
        if len(sources) < FEWEST_COMBINED:
            raise InvalidRequest("images: at least two are combined.", param="images")
        images = await load_sources(sources, "images", context)
        image_request = edit_request(request, body, images, "images")

        async def answer(generation: Generation) -> Reply:
            result = await run_to_end(generation)
            (completed,) = result.done
            headers = {
                "x-inference-time": f"{completed.took_s:.2f}",
                "x-image-count": str(len(images)),
            }
            return file_reply(generation, result, headers)

        return paint(image_request, context, answer, cached=False)

    return Painting(options, build)


def _names(completed: Completed) -> Mapping[str, RenderedPicture]:
    """The layers by the names that the original gives them."""
    return {
        f"Layer {index}" if index else "Composite": layer
        for index, layer in enumerate(completed.layers)
    }


async def _data_url(layer: RenderedPicture) -> TextBlob:
    assert layer.file is not None  # noqa: S101 - its delivery is bytes
    return TextBlob(await layer.file.to_base64(), f"data:{layer.file.media_type};base64,")


def _bytes_of(picture: RenderedPicture) -> Blob:
    assert not isinstance(picture.value, str | TextBlob)  # noqa: S101 - its delivery is bytes
    return picture.value


def _check_size(layer: ImageFile, field: str) -> None:
    size = layer.dimensions
    if size is not None and max(size) > MAX_MASK_SIDE:
        words = f"{size[0]}x{size[1]} has sides of more than {MAX_MASK_SIDE} pixels"
        raise Unprocessable.of([problem("value_error", [field], words, None)])


async def _with_alpha(completed: Completed, layer: ImageFile, gateway: Gateway) -> Blob | None:
    """The edited picture with the layer's transparency, at its size, or at most 1024 pixels.

    None where that cannot be had: without Cloudflare Images some files cannot be read. A studio
    keeps the transparency itself.
    """
    edited = _bytes_of(completed.picture)
    if completed.served.model.provider.native_dialect == DIALECT:
        return edited
    converter = gateway.converter
    try:
        file = await layer.to_bytes()
        if converter is not None and layer.format != "png":
            file = await converter.convert(file, "png", None)
        whole = file.head(file.size)
        if not has_transparency(whole):
            return edited
        size = _edited_size(ImageFile(data=file))
        if converter is not None and size != ImageFile(data=edited).dimensions:
            edited = await converter.convert(edited, "png", None, Size(*size))
        return BytesBlob(await put_alpha(edited.head(edited.size), whole))
    except (NotAnImage, StoreUnavailable, ValueError, zlib.error):
        return None


def _edited_size(layer: ImageFile) -> tuple[int, int]:
    width, height = layer.dimensions or (LONGEST_EDITED_SIDE, LONGEST_EDITED_SIDE)
    scale = min(1.0, LONGEST_EDITED_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
