"""What OpenAI's own types say of what `/v1/responses` sends."""

import json
from typing import Any, cast

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from darkroom.app import handle
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.sse import EventReader
from tests.support.fakes import body_of, request

PATH = "/v1/responses"
TOOL = {"type": "image_generation"}
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


async def post(gate: Gateway, **body: Any) -> Reply:
    """A request with the tool and a prompt, unless the fields say otherwise."""
    fields = {"input": "a cat", "tools": [TOOL], **body}
    requested = {name: value for name, value in fields.items() if value is not ...}
    return await handle(request("POST", PATH, requested), gate, lambda entry: None)


async def answer(gate: Gateway, **body: Any) -> dict[str, Any]:
    """An answer that came at once, once OpenAI's own type has taken it."""
    reply = await post(gate, **body)
    text = await body_of(reply)
    assert reply.status == 200, text
    return checked(json.loads(text))


def checked(response: dict[str, Any]) -> dict[str, Any]:
    """A response, once OpenAI's own type has taken it without turning any value into another."""
    parsed = Response.model_validate_json(json.dumps(response), strict=True)
    kinds = [item.type for item in parsed.output]
    closing = ["message"] if parsed.status == "completed" else []
    assert kinds == ["image_generation_call"] * (len(kinds) - len(closing)) + closing
    return response


async def events(gate: Gateway, **body: Any) -> list[dict[str, Any]]:
    """The events of a stream, each once OpenAI's own type has taken it."""
    reply = await post(gate, stream=True, **body)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    return events_in(await body_of(reply))


def events_in(wire: bytes) -> list[dict[str, Any]]:
    """The events on a wire: named twice, numbered from 0, and as OpenAI's types have them."""
    reported = EventReader().feed(wire)
    found = [cast(dict[str, Any], json.loads(event.data)) for event in reported]
    assert [event.type for event in reported] == [event["type"] for event in found]
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    for event in found:
        parsed = EVENTS.validate_json(json.dumps(event), strict=True)
        assert parsed.type == event["type"]
        if "response" in event:
            checked(event["response"])
    return found
