"""Requests about layers, turned into orders: who may do it, and what of it has no effect there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from darkroom.access import Caller, identify
from darkroom.catalog.wish import Fitted, Wish
from darkroom.deadline import Deadline
from darkroom.dialects.commission import Commission, commission_of
from darkroom.dialects.context import Gateway
from darkroom.dialects.order import Delivery, Order, place_order
from darkroom.dialects.pictures import Renderer
from darkroom.dialects.results import cache_directives
from darkroom.dialects.sources import Source, load_sources
from darkroom.dialects.studio.bodies import read_document, respell
from darkroom.dialects.studio.layer_bodies import DecomposeBody, EditLayerBody, EditMultiBody
from darkroom.dialects.studio.painters import painters_for
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
    spelled: Mapping[str, str]

    def spelling(self, name: str) -> str:
        """How the caller called a field of the document."""
        return self.spelled.get(name, name)

    async def load(self, sources: Sequence[Source], field: str) -> tuple[ImageFile, ...]:
        """The files of the pictures in a field; see `load_sources`."""
        return await load_sources(sources, field, self.request.origin, self.gateway, self.deadline)

    async def accept(self, order: Order) -> Commission:
        """Plan an order for the caller; see `commission_of`."""
        if "no-store" in cache_directives(self.request.headers):
            order = replace(order, noted=None)
        renderer = Renderer(self.gateway, self.request.origin, self.deadline)
        return await commission_of(order, self.caller, renderer)


async def open_visit(
    request: Request, gateway: Gateway, spellings: Mapping[str, str] | None = None
) -> Visit:
    """Read a request; raises a `Failure` for a caller or a body that cannot be.

    `spellings` are other names of fields.
    """
    deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
    caller = identify(
        request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
    )
    async with deadline.enforced():
        raw = await request.body.read(gateway.settings.max_body_bytes)
    document, spelled = respell(read_document(raw), spellings or {})
    return Visit(request, gateway, deadline, caller, document, spelled)


def decomposition_order(visit: Visit, body: DecomposeBody, image: ImageFile) -> Order:
    """The order of a picture's layers, all as PNG."""
    noted = {"model_type": "qwenimage", "resolution": body.resolution}
    options = {"layer_num": body.layer_num, "resolution": body.resolution}
    return _order(
        visit,
        body,
        operation=Operation.DECOMPOSE,
        prompt=body.prompt,
        images=(image,),
        field="image",
        noted=noted,
        options=options,
    )


def edit_order(
    visit: Visit,
    body: EditLayerBody | EditMultiBody,
    images: tuple[ImageFile, ...],
    field: str,
) -> Order:
    """The order of an edit, which no history remembers, as in the original."""
    return _order(
        visit,
        body,
        operation=Operation.EDIT,
        prompt=body.instruction,
        images=images,
        field=field,
        noted=None,
        options={},
    )


def _order(
    visit: Visit,
    body: DecomposeBody | EditLayerBody | EditMultiBody,
    *,
    operation: Operation,
    prompt: str,
    images: tuple[ImageFile, ...],
    field: str,
    noted: Mapping[str, object] | None,
    options: Mapping[str, object],
) -> Order:
    dimensions = images[0].dimensions
    asked = {
        name: getattr(body, spelling)
        for name in CHOSEN
        if (spelling := SPELLINGS.get(name, name)) in body.model_fields_set
    }
    wish = Wish(
        prompt=prompt,
        seed=body.seed,
        steps=asked.get("steps"),
        guidance_scale=asked.get("guidance_scale"),
        images=images,
        image_size=Size(*dimensions) if dimensions else None,
        options=options,
        takes_apart=operation is Operation.DECOMPOSE,
        nearest=True,
        spelled={**SPELLINGS, "image": visit.spelling(field)},
    )
    order = place_order(
        wish,
        painters_for(visit.gateway, operation, body.model),
        count=1,
        draw_seed=visit.gateway.draw_seed,
        needs_words=False,
        delivery=Delivery("bytes", "png"),
        spelled={name: visit.spelling(SPELLINGS.get(name, name)) for name in asked},
        noted=noted,
    )
    known = type(body).model_fields
    order = order.with_unheard(name for name in visit.document if name not in known)
    return replace(order, choices=tuple(_honest(choice, asked) for choice in order.choices))


def _honest(choice: Fitted, asked: Mapping[str, object]) -> Fitted:
    """A model's part with the fields among the ignored that it takes otherwise than asked."""
    job = choice.job
    got = {"steps": job.steps, "guidance_scale": job.guidance_scale, **job.options}
    changed = [name for name, value in got.items() if name in asked and value != asked[name]]
    return replace(choice, ignored=(*choice.ignored, *changed))
