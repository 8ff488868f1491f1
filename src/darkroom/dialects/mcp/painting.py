"""The tools that paint: `generate_image`, `edit_image` and `upscale_image`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from darkroom.async_options import pop_async_options
from darkroom.catalog.pool import AUTO, Purpose
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.mcp.jobs import SHAPE, accepted_reply
from darkroom.dialects.mcp.painted import FULL, LINK, PREVIEW
from darkroom.dialects.mcp.pictures import with_addresses
from darkroom.dialects.mcp.previews import limit_of
from darkroom.dialects.mcp.results import Call
from darkroom.dialects.mcp.runs import answer_painting, wants_sketches
from darkroom.errors import InvalidRequest, NotConfigured
from darkroom.generation.prepare import paint, parse_image_request
from darkroom.generation.request import ImageRequest
from darkroom.http import Reply
from darkroom.job import Operation
from darkroom.tasks.dispatch import run_or_enqueue

RETURNS = (LINK, PREVIEW, FULL)
FULL_BYTES = 16 * 1024 * 1024  # of all pictures of an answer, which are held in memory at once
# Fields of the API that say how an answer is sent, which an MCP client says otherwise.
_NOT_HERE = ("response_format", "stream", "partial_images", "webhook_url")

Prepare = Callable[[dict[str, Any], RequestContext], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The arguments of a call as fields of an image request, and what the answer is to hold."""

    document: dict[str, Any]
    returns: str
    asynchronous: object
    not_here: tuple[str, ...]


async def generate_image(call: Call) -> Reply:
    """Pictures of a prompt."""
    return await _paint(call, needs=None)


async def edit_image(call: Call) -> Reply:
    """A picture changed as a prompt says."""
    return await _paint(call, needs="image")


async def upscale_image(call: Call) -> Reply:
    """A picture made larger."""
    return await _paint(call, needs="image", upscales=True)


async def _paint(call: Call, *, needs: str | None, upscales: bool = False) -> Reply:
    context = call.context

    async def read(_: RequestContext) -> Painting:
        wanted = _read_arguments(call)
        options = pop_async_options({"async": wanted.asynchronous}, context.request.headers)
        if _becomes_task(call):
            options = replace(options, preferred=True)

        async def build() -> Job:
            document = await with_addresses(wanted.document, context)
            if upscales:
                document["model"] = _upscalers(document.get("model"), context)
            image_request = await parse_image_request(document, context, upscales=upscales)
            if needs and not image_request.choices[0].job.images:
                raise InvalidRequest(
                    f"{needs}: name the picture to work on.",
                    param=needs,
                    code="missing_required_parameter",
                )
            image_request = _delivered(image_request, call, wanted)

            async def answer(generation: Any) -> Reply:
                return await answer_painting(generation, call, wanted.returns)

            return paint(image_request, context, answer, narrowed=True)

        return Painting(options, build)

    reply = await run_or_enqueue(context, read, SHAPE)
    return reply if reply.status != 202 else accepted_reply(reply, call)


def _becomes_task(call: Call) -> bool:
    """True where the client takes a task, and asked for no progress, of which tasks have none."""
    return call.peer.knows_tasks and call.message.progress_token is None


def _read_arguments(call: Call) -> _Wanted:
    document = dict(arguments_of(call))
    returns = document.pop("return", None) or PREVIEW
    if returns not in RETURNS:
        raise InvalidRequest(f"return: must be one of {', '.join(RETURNS)}.", param="return")
    asynchronous = document.pop("async", None)
    not_here = tuple(name for name in _NOT_HERE if document.pop(name, None) is not None)
    return _Wanted(document, returns, asynchronous, not_here)


def arguments_of(call: Call) -> Mapping[str, Any]:
    """The arguments of a call."""
    arguments = call.message.params.get("arguments")
    return arguments if isinstance(arguments, Mapping) else {}


def _delivered(image_request: ImageRequest, call: Call, wanted: _Wanted) -> ImageRequest:
    """The same with what the answer needs: an address, and the file where it is looked at."""
    count = len(image_request.seeds)
    both_within_bytes = {
        LINK: 0,
        PREVIEW: limit_of(count) * 3 // 4,  # which are so many of base64
        FULL: FULL_BYTES // count,
    }[wanted.returns]
    shows_progress = call.streams and call.message.progress_token is not None
    delivery = replace(image_request.delivery, field="url", both_within_bytes=both_within_bytes)
    return replace(
        image_request,
        delivery=delivery,
        stream=shows_progress,
        previews=None if wants_sketches(call, wanted.returns) else 0,
    ).with_unsupported(wanted.not_here)


def _upscalers(named: object, context: RequestContext) -> object:
    """The models that may upscale: the named ones, or `auto`; raises `InvalidRequest` for others.

    A pool means those of its models that do.
    """
    catalog = context.gateway.catalog
    able = [
        model.id
        for model in catalog.models
        if Operation.UPSCALE in model.operations and model.provider.is_configured
    ]
    names = named if isinstance(named, list) else [named] if named else []
    for name in names:
        model = catalog.find(name) if isinstance(name, str) else None
        if name in catalog.pools:
            continue
        if model is None or Operation.UPSCALE not in model.operations:
            raise InvalidRequest(
                f"model: must be a model that upscales: {', '.join(able)}.", param="model"
            )
    if not able:
        raise NotConfigured("No model here upscales.")
    if names:
        return names
    auto = catalog.pools.get(AUTO)
    return AUTO if auto is not None and Purpose.UPSCALE in auto.orders else able
