"""`POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent` and `:predict`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from darkroom.access import Caller, identify
from darkroom.async_options import pop_async_options
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.gemini.parse import (
    SPELLINGS,
    ParsedRequest,
    read_generation,
    read_prediction,
)
from darkroom.dialects.gemini.response import content_answer, prediction_answer
from darkroom.dialects.gemini.stream import stream_content
from darkroom.gateway import Gateway
from darkroom.generation.default_models import models_meant
from darkroom.generation.prepare import paint, parse_image_request
from darkroom.generation.run import Generation, GenerationResult, run_to_end
from darkroom.http import Reply, Request
from darkroom.job import Operation
from darkroom.json_reader import CONVERSATION
from darkroom.json_writer import json_parts
from darkroom.request_body import read_object

# Where Google's SDKs look for models, by the version of the API that they speak.
PREFIXES = {"V1beta": "/v1beta/models/", "V1": "/v1/models/"}

Reader = Callable[[Mapping[str, Any], str, RequestContext], ParsedRequest]


async def read_generate_content(context: RequestContext) -> Painting:
    """Read what the last user turn asks for, on the latest picture of the conversation if any."""

    async def answer(generation: Generation) -> Reply:
        result = await run_to_end(generation)
        return _reply(content_answer(generation, result), result)

    return await _painting(context, _read_generation, answer)


async def read_stream_generate_content(context: RequestContext) -> Painting:
    """Read the same, answered with an event, or without `alt=sse` with a list of one answer."""
    streams = context.request.query.get("alt") == "sse"

    async def answer(generation: Generation) -> Reply:
        if streams:
            return await stream_content(generation)
        result = await run_to_end(generation)
        return _reply([content_answer(generation, result)], result)

    return await _painting(context, _read_generation, answer, streams=streams)


async def read_predict(context: RequestContext) -> Painting:
    """Read a request for one to four pictures, as Imagen makes them."""

    async def answer(generation: Generation) -> Reply:
        result = await run_to_end(generation)
        return _reply(prediction_answer(generation, result), result)

    return await _painting(context, _read_prediction, answer)


def caller_of(request: Request, gateway: Gateway) -> Caller:
    """Authenticate by `x-goog-api-key`, else `?key=`, else as everywhere; see `identify`.

    A key is in the language of our bearer tokens: prefixes, lists and gateway keys.
    """
    key = request.headers.get("x-goog-api-key") or request.query.get("key")
    header = f"Bearer {key}" if key else request.headers.get("authorization")
    providers = gateway.catalog.providers
    return identify(header, gateway.settings, providers, gateway.issued_keys)


async def _painting(
    context: RequestContext,
    read: Reader,
    answer: Callable[[Generation], Awaitable[Reply]],
    *,
    streams: bool = False,
) -> Painting:
    request = context.request
    body = read_object(await context.read_body(), CONVERSATION)
    options = pop_async_options(body, request.headers)
    prefix = next(known for known in PREFIXES.values() if request.path.startswith(known))
    model = request.path_after(prefix).rpartition(":")[0]

    async def build() -> Job:
        parsed = read(body, model, context)
        image_request = await parse_image_request(parsed.document, context, SPELLINGS)
        image_request = image_request.with_unsupported(parsed.unsupported_fields)
        return paint(replace(image_request, stream=streams), context, answer)

    return Painting(options, build)


def _read_generation(body: Mapping[str, Any], model: str, context: RequestContext) -> ParsedRequest:
    able = models_meant(model, context.caller, context.gateway, is_edit=True).models
    operations = {operation for row in able for operation in row.operations}
    return read_generation(body, model, looks_back=operations != {Operation.GENERATE})


def _read_prediction(body: Mapping[str, Any], model: str, context: RequestContext) -> ParsedRequest:
    return read_prediction(body, model)


def _reply(body: object, result: GenerationResult) -> Reply:
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        **result.timing.headers(),
    }
    return Reply(200, headers, json_parts(body))
