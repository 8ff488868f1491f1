"""`POST /api/rewrite`: a prompt rewritten, or a picture described, by a text model.

The original has no streams (reference/studio-api.md section 5); their events are ours: reasoning
and prompt as they come, then the whole answer.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from darkroom.context import RequestContext
from darkroom.dialects.studio.rewrite_request import Rewrite, read_rewrite
from darkroom.errors import DeadlineExceeded
from darkroom.gateway import Gateway
from darkroom.generation.chat import Completion, CompletionStream, complete, stream_completion
from darkroom.generation.stream import event_stream
from darkroom.http import Part, Reply, json_reply
from darkroom.prompts.thinking import Kind, ThinkingStream
from darkroom.sse import event_frame

REWRITING_LIMIT_S = 120.0
EVENTS = {Kind.THINKING: "rewrite.thinking", Kind.TEXT: "rewrite.delta"}


async def rewrite_prompt(context: RequestContext) -> Reply:
    """Have a prompt rewritten, answered as one or as a stream."""
    rewrite = await read_rewrite(context)
    if rewrite.stream:
        return await _stream(rewrite, context)
    began = context.gateway.clock.monotonic()
    slow = f"{rewrite.model.id} did not answer within {REWRITING_LIMIT_S:.0f} s."
    with context.deadline.limit(REWRITING_LIMIT_S, lambda: DeadlineExceeded(slow)):
        completion = await complete(rewrite.model, rewrite.body, context)
    answer = rewrite.answer(completion, context.gateway.clock.monotonic() - began)
    return json_reply(answer, headers=rewrite.headers(completion.attempt_log))


async def _stream(rewrite: Rewrite, context: RequestContext) -> Reply:
    """Answer with a stream once the model has begun; a failure before that keeps its status."""
    gateway = context.gateway
    began = gateway.clock.monotonic()
    slow = f"{rewrite.model.id} did not begin to answer within {REWRITING_LIMIT_S:.0f} s."
    with context.deadline.limit(REWRITING_LIMIT_S, lambda: DeadlineExceeded(slow)):
        completion = await stream_completion(rewrite.model, rewrite.body, context)
        first = await anext(completion.pieces, Completion(""))
    frames = _frames(rewrite, first, completion, gateway, began)
    return event_stream(rewrite.headers(completion.attempt_log), frames)


async def _frames(
    rewrite: Rewrite,
    first: Completion,
    completion: CompletionStream,
    gateway: Gateway,
    began: float,
) -> AsyncGenerator[Part]:
    """The stream's parts; raises what went wrong, which the dispatcher renders."""
    sorting = ThinkingStream()
    content, reasoning = [], []
    async with aclosing(_all(first, completion)) as pieces:
        async for piece in pieces:
            content.append(piece.content)
            reasoning.append(piece.reasoning)
            if piece.reasoning:
                yield _delta(Kind.THINKING, piece.reasoning)
            for kind, text in sorting.feed(piece.content):
                yield _delta(kind, text)
    for kind, text in sorting.end():
        yield _delta(kind, text)
    whole = Completion("".join(content), "".join(reasoning))
    answer = rewrite.answer(whole, gateway.clock.monotonic() - began)
    yield _frame("rewrite.completed", answer)


async def _all(first: Completion, completion: CompletionStream) -> AsyncGenerator[Completion]:
    async with aclosing(completion.pieces) as pieces:
        yield first
        async for piece in pieces:
            yield piece


def _delta(kind: Kind, text: str) -> bytes:
    return _frame(EVENTS[kind], {"delta": text})


def _frame(name: str, fields: Mapping[str, object]) -> bytes:
    return event_frame(name, json.dumps({"type": name, **fields}).encode())
