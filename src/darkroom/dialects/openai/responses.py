"""`POST /v1/responses`: pictures by the image_generation tool of OpenAI's Responses API.

Source: reference/wire-formats.md B3.7. Nothing is kept between requests, and no text model is
asked: what the input wants painted is painted.
"""

from dataclasses import replace

from darkroom.access import identify
from darkroom.deadline import Deadline
from darkroom.dialects.commission import carry_out
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.body import read_object
from darkroom.dialects.openai.request import accept, order_of
from darkroom.dialects.openai.responses_answer import Answer
from darkroom.dialects.openai.responses_request import read_request
from darkroom.dialects.openai.responses_stream import stream_answer
from darkroom.http import Reply, Request
from darkroom.json_body import json_parts
from darkroom.json_reader import CONVERSATION


async def respond(request: Request, gateway: Gateway) -> Reply:
    """Paint what is asked for; answer at once or as a stream."""
    deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
    caller = identify(
        request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
    )
    async with deadline.enforced():
        raw = await request.body.read(gateway.settings.max_body_bytes)
    asked = read_request(read_object(raw, CONVERSATION), gateway)
    order = await order_of(asked.read, request.origin, gateway, deadline)
    order = replace(order, unread=asked.unread)
    commission = await accept(order, caller, request, gateway, deadline)
    answer = Answer.to(commission, asked.repeated)
    return await (stream_answer(answer) if order.stream else _answer_at_once(answer))


async def _answer_at_once(answer: Answer) -> Reply:
    outcome = await carry_out(answer.commission)
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        **outcome.timing.headers(),
    }
    return Reply(200, headers, json_parts(answer.completed(outcome)))
