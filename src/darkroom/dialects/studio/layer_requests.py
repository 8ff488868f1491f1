"""Requests about layers, turned into orders: who may do it, and what of it has no effect there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from darkroom.access import Caller
from darkroom.catalog.parameters import RequestedParameters, ResolvedParameters
from darkroom.deadline import Deadline
from darkroom.dialects.studio.bodies import read_document, respell
from darkroom.dialects.studio.default_models import painters_for
from darkroom.dialects.studio.layer_bodies import DecomposeBody, EditLayerBody, EditMultiBody
from darkroom.gateway import Gateway
from darkroom.generation.input_images import Source, load_sources
from darkroom.generation.output import Renderer
from darkroom.generation.request import Delivery, ImageRequest, build_request
from darkroom.generation.result_cache import cache_directives
from darkroom.generation.run import Generation, plan_generation
from darkroom.http import Request
from darkroom.image import ImageFile
from darkroom.job import Operation, Size

# What the routes call the fields of a job.
SPELLINGS = {"guidance_scale": "cfg_scale"}
CHOSEN = ("seed", "steps", "guidance_scale", "layer_num", "resolution")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, its body read; `spelled` is how fields were called that are read here."""

    request: Request
    gateway: Gateway
    deadline: Deadline
    caller: Caller
    document: Mapping[str, Any]
    field_aliases: Mapping[str, str]

    def spelling(self, name: str) -> str:
        """How the caller called a field of the document."""
        return self.field_aliases.get(name, name)

    async def load(self, sources: Sequence[Source], field: str) -> tuple[ImageFile, ...]:
        """The files of the pictures in a field; see `load_sources`."""
        return await load_sources(sources, field, self.request.origin, self.gateway, self.deadline)

    async def prepare_generation(self, image_request: ImageRequest) -> Generation:
        """Plan an order for the caller; see `commission_of`."""
        if "no-store" in cache_directives(self.request.headers):
            image_request = replace(image_request, history_fields=None)
        renderer = Renderer(self.gateway, self.request.origin, self.deadline)
        return await plan_generation(image_request, self.caller, renderer)


async def open_visit(
    request: Request, gateway: Gateway, spellings: Mapping[str, str] | None = None
) -> Visit:
    """Read a request; raises a `Failure` for a caller or a body that cannot be.

    `spellings` are other names of fields.
    """
    deadline = context.deadline
    caller = context.caller
    raw = await context.read_body()
    document, field_aliases = respell(read_document(raw), spellings or {})
    return Visit(request, gateway, deadline, caller, document, field_aliases)


def decomposition_order(visit: Visit, body: DecomposeBody, image: ImageFile) -> ImageRequest:
    """The order of a picture's layers, all as PNG."""
    history_fields = {"model_type": "qwenimage", "resolution": body.resolution}
    options = {"layer_num": body.layer_num, "resolution": body.resolution}
    return _image_request(
        visit,
        body,
        operation=Operation.DECOMPOSE,
        prompt=body.prompt,
        images=(image,),
        field="image",
        history_fields=history_fields,
        options=options,
    )


def edit_order(
    visit: Visit,
    body: EditLayerBody | EditMultiBody,
    images: tuple[ImageFile, ...],
    field: str,
) -> ImageRequest:
    """The order of an edit, which no history remembers, as in the original."""
    return _image_request(
        visit,
        body,
        operation=Operation.EDIT,
        prompt=body.instruction,
        images=images,
        field=field,
        history_fields=None,
        options={},
    )


def _image_request(
    visit: Visit,
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
        field_aliases={**SPELLINGS, "image": visit.spelling(field)},
    )
    image_request = build_request(
        requested,
        painters_for(visit.gateway, operation, body.model),
        count=1,
        draw_seed=visit.gateway.draw_seed,
        needs_words=False,
        delivery=Delivery("bytes", "png"),
        field_aliases={name: visit.spelling(SPELLINGS.get(name, name)) for name in asked},
        history_fields=history_fields,
    )
    known = type(body).model_fields
    image_request = image_request.with_unsupported(
        name for name in visit.document if name not in known
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
