"""Image requests of decomposing and editing layers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from darkroom.catalog.parameters import RequestedParameters, ResolvedParameters
from darkroom.context import RequestContext
from darkroom.dialects.studio.bodies import read_document, respell
from darkroom.dialects.studio.default_models import painters_for
from darkroom.dialects.studio.layer_bodies import DecomposeBody, EditLayerBody, EditMultiBody
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.image import ImageFile
from darkroom.job import Operation, Size

# What the routes call the fields of a job.
SPELLINGS = {"guidance_scale": "cfg_scale"}
CHOSEN = ("seed", "steps", "guidance_scale", "layer_num", "resolution")


@dataclass(frozen=True, slots=True)
class LayerRequest:
    """A request about layers; `field_aliases` is how fields were called that are read here."""

    context: RequestContext
    document: dict[str, Any]
    field_aliases: Mapping[str, str]

    def spelling(self, name: str) -> str:
        """How the caller called a field of the document."""
        return self.field_aliases.get(name, name)


async def read_layer_request(
    context: RequestContext, spellings: Mapping[str, str] | None = None
) -> LayerRequest:
    """Read a request's body; `spellings` are other names of fields."""
    document, field_aliases = respell(read_document(await context.read_body()), spellings or {})
    return LayerRequest(context, document, field_aliases)


def decomposition_request(
    request: LayerRequest, body: DecomposeBody, image: ImageFile
) -> ImageRequest:
    """The image request for a picture's layers, all as PNG."""
    history_fields = {"model_type": "qwenimage", "resolution": body.resolution}
    options = {"layer_num": body.layer_num, "resolution": body.resolution}
    return _image_request(
        request,
        body,
        operation=Operation.DECOMPOSE,
        prompt=body.prompt,
        images=(image,),
        field="image",
        history_fields=history_fields,
        options=options,
    )


def edit_request(
    request: LayerRequest,
    body: EditLayerBody | EditMultiBody,
    images: tuple[ImageFile, ...],
    field: str,
) -> ImageRequest:
    """The image request of an edit, which no history remembers, as in the original."""
    return _image_request(
        request,
        body,
        operation=Operation.EDIT,
        prompt=body.instruction,
        images=images,
        field=field,
        history_fields=None,
        options={},
    )


def _image_request(
    request: LayerRequest,
    body: DecomposeBody | EditLayerBody | EditMultiBody,
    *,
    operation: Operation,
    prompt: str,
    images: tuple[ImageFile, ...],
    field: str,
    history_fields: Mapping[str, object] | None,
    options: Mapping[str, object],
) -> ImageRequest:
    dimensions = images[0].dimensions
    asked = {
        name: getattr(body, spelling)
        for name in CHOSEN
        if (spelling := SPELLINGS.get(name, name)) in body.model_fields_set
    }
    requested = RequestedParameters(
        prompt=prompt,
        seed=body.seed,
        steps=asked.get("steps"),
        guidance_scale=asked.get("guidance_scale"),
        images=images,
        image_size=Size(*dimensions) if dimensions else None,
        options=options,
        takes_apart=operation is Operation.DECOMPOSE,
        nearest=True,
        field_aliases={**SPELLINGS, "image": request.spelling(field)},
    )
    image_request = build_request(
        requested,
        painters_for(request.context.gateway, operation, body.model),
        count=1,
        draw_seed=request.context.gateway.draw_seed,
        needs_words=False,
        delivery=Delivery("bytes", "png"),
        field_aliases={name: request.spelling(SPELLINGS.get(name, name)) for name in asked},
        history_fields=history_fields,
    )
    known = type(body).model_fields
    image_request = image_request.with_unsupported(
        name for name in request.document if name not in known
    )
    return replace(
        image_request, choices=tuple(_honest(choice, asked) for choice in image_request.choices)
    )


def _honest(choice: ResolvedParameters, asked: Mapping[str, object]) -> ResolvedParameters:
    """A model's part with the fields among the ignored that it takes otherwise than asked."""
    job = choice.job
    got = {"steps": job.steps, "guidance_scale": job.guidance_scale, **job.options}
    changed = [name for name, value in got.items() if name in asked and value != asked[name]]
    return replace(choice, ignored=(*choice.ignored, *changed))
