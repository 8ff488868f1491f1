"""A Z-Image studio server of the operator's own: pictures, edits and layers.

Sources: reference/studio-api.md 1.1, 7 and 8.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from darkroom.deadline import Deadline
from darkroom.embedding import EmbeddingForgotten
from darkroom.errors import Failure, UpstreamBroken
from darkroom.events import Event, Finished, Picture
from darkroom.http import Http
from darkroom.job import Conditioning, ImageJob, Operation
from darkroom.json_writer import TextBlob
from darkroom.providers.api_client import PAINTING_LIMIT_S, ApiClient, Sorter
from darkroom.providers.credential import credential_for
from darkroom.providers.error_mapping import UpstreamError, map_generation_error
from darkroom.providers.openai_compatible import data_url, template_of
from darkroom.providers.provider import Route
from darkroom.providers.response_images import (
    as_object,
    as_objects,
    no_picture,
    picture_of,
    whole_number,
)
from darkroom.providers.template import fill_object
from darkroom.scrub import scrub

GENERATE = "/api/generate"
CONDITION = "/api/vl/generate"
EDIT = "/api/qwen-image/edit-layer"
COMBINE = "/api/qwen-image/edit-multi"
DECOMPOSE = "/api/qwen-image/decompose"


@dataclass(frozen=True, slots=True)
class Studio:
    """Runs a job at a studio server."""

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Ask for the picture, or its layers, and wait for it; see `Provider.run`."""
        combines = len(job.images) > 1
        exchange = ApiClient(
            route.provider.name,
            http,
            deadline,
            credential_for(route.provider, route.token),
            sort=_sort_combining if combines else map_generation_error,
            limit_s=PAINTING_LIMIT_S,
        )
        pictures = [await data_url(image) for image in job.images]
        if job.operation is Operation.DECOMPOSE:
            fields = {"image": pictures[0], **_filled(job, route, "decompose")}
            answer = await exchange.post(route.address(DECOMPOSE), fields)
            yield Finished(_layers(answer, route), seed=_seed(answer.get("seed"), job))
            return
        if job.operation is Operation.EDIT:
            path = COMBINE if combines else EDIT
            fields = {"images": pictures} if combines else {"layer_image": pictures[0]}
            fields |= _filled(job, route, "edit")
        else:
            path, fields = GENERATE, {"prompt": job.prompt, **_filled(job, route, "body")}
            if job.conditioning is not None:
                path, fields = CONDITION, {**fields, **await _conditioning(job.conditioning)}
                exchange = replace(exchange, sort=_sort_conditioning(job.conditioning))
        reply, file = await exchange.ask_image("POST", route.address(path), fields, {})
        yield Finished((Picture(file=file),), seed=_seed(reply.headers.get("x-seed"), job))


def _filled(job: ImageJob, route: Route, name: str) -> dict[str, object]:
    return fill_object(template_of(route, as_object(route.provider.options.get(name))), job)


async def _conditioning(conditioning: Conditioning) -> dict[str, object]:
    image = conditioning.image
    fields = {
        "vl_image": None if image is None else TextBlob(await image.to_base64()),
        "vl_embeddings_id": conditioning.embedding_id,
        "vl_alpha": conditioning.alpha,
        "vl_blend_mode": conditioning.blend_mode,
        "vl_text": conditioning.text,
        "vl_hidden_layer": conditioning.hidden_layer,
        "vl_image_tokens_only": conditioning.image_tokens_only,
        "text_tokens_only": conditioning.text_tokens_only,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _seed(reported: object, job: ImageJob) -> int:
    """The seed that was used: "random" stands for 0 too, which is a seed like any other."""
    seed = whole_number(reported)
    return job.seed if seed is None else seed


def _layers(answer: Mapping[str, Any], route: Route) -> tuple[Picture, ...]:
    """The layers from the back to the front; their ZIP beside them holds the same."""
    layers = sorted(
        as_objects(answer.get("layers")), key=lambda layer: whole_number(layer.get("index")) or 0
    )
    pictures = [picture_of(layer.get("image")) for layer in layers]
    found = tuple(picture for picture in pictures if picture is not None)
    if not found:
        raise no_picture(route.provider.name)
    return found


def _sort_conditioning(conditioning: Conditioning) -> Sorter:
    embedding_id = conditioning.embedding_id

    def sort(refusal: UpstreamError, name: str) -> Failure:
        if refusal.status == 404 and embedding_id and embedding_id in refusal.says:
            return EmbeddingForgotten(f"{name} has forgotten the picture.")
        return map_generation_error(refusal, name)

    return sort


def _sort_combining(refusal: UpstreamError, name: str) -> Failure:
    """Many a studio says 400 to whatever pictures it should combine: another may do it."""
    if refusal.status == 400:
        return UpstreamBroken(f"{name} does not combine pictures: {scrub(refusal.says)}")
    return map_generation_error(refusal, name)
