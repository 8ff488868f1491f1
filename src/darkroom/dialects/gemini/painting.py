"""`POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent` and `:predict`."""

from collections.abc import Callable, Mapping
from typing import Any

from darkroom.access import Caller, identify
from darkroom.deadline import Deadline
from darkroom.dialects.commission import Commission, Outcome, carry_out
from darkroom.dialects.context import Gateway
from darkroom.dialects.gemini.answers import content_answer, prediction_answer
from darkroom.dialects.gemini.stream import stream_content
from darkroom.dialects.gemini.wishes import (
    SPELLINGS,
    Reading,
    read_generation,
    read_prediction,
)
from darkroom.dialects.openai.body import read_object
from darkroom.dialects.openai.request import accept, read_order
from darkroom.http import Reply, Request
from darkroom.job import Operation
from darkroom.json_body import json_parts
from darkroom.json_reader import CONVERSATION

# Where Google's SDKs look for models, by the version of the API that they speak.
PREFIXES = {"V1beta": "/v1beta/models/", "V1": "/v1/models/"}

Reader = Callable[[Mapping[str, Any], str, Gateway], Reading]


async def generate_content(request: Request, gateway: Gateway) -> Reply:
    """Paint what the last user turn asks for, on the latest picture of the conversation if any."""
    commission = await _commission(request, gateway, _read_generation)
    outcome = await carry_out(commission)
    return _answer(content_answer(commission, outcome), outcome)


async def stream_generate_content(request: Request, gateway: Gateway) -> Reply:
    """The same as an event, or without `alt=sse` as a list of one answer."""
    commission = await _commission(request, gateway, _read_generation)
    if request.query.get("alt") == "sse":
        return await stream_content(commission)
    outcome = await carry_out(commission)
    return _answer([content_answer(commission, outcome)], outcome)


async def predict(request: Request, gateway: Gateway) -> Reply:
    """Paint one to four pictures, as Imagen does."""
    commission = await _commission(request, gateway, _read_prediction)
    outcome = await carry_out(commission)
    return _answer(prediction_answer(commission, outcome), outcome)


def caller_of(request: Request, gateway: Gateway) -> Caller:
    """Who calls, by `x-goog-api-key`, else `?key=`, else as everywhere; see `identify`.

    A key is in the language of our bearer tokens: prefixes, lists and gateway keys.
    """
    key = request.headers.get("x-goog-api-key") or request.query.get("key")
    header = f"Bearer {key}" if key else request.headers.get("authorization")
    return identify(header, gateway.settings, gateway.catalog.providers)


async def _commission(request: Request, gateway: Gateway, read: Reader) -> Commission:
    deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
    caller = caller_of(request, gateway)
    async with deadline.enforced():
        raw = await request.body.read(gateway.settings.max_body_bytes)
    prefix = next(known for known in PREFIXES.values() if request.path.startswith(known))
    model = request.path_after(prefix).rpartition(":")[0]
    reading = read(read_object(raw, CONVERSATION), model, gateway)
    order = await read_order(reading.document, request.origin, gateway, deadline, SPELLINGS)
    return await accept(order.with_unheard(reading.unheard), caller, request, gateway, deadline)


def _read_generation(body: Mapping[str, Any], model: str, gateway: Gateway) -> Reading:
    able = gateway.catalog.resolve(model, gateway.settings.default_edit_model).models
    operations = {operation for row in able for operation in row.operations}
    return read_generation(body, model, looks_back=operations != {Operation.GENERATE})


def _read_prediction(body: Mapping[str, Any], model: str, gateway: Gateway) -> Reading:
    return read_prediction(body, model)


def _answer(body: object, outcome: Outcome) -> Reply:
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        **outcome.timing.headers(),
    }
    return Reply(200, headers, json_parts(body))
