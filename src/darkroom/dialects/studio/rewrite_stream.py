"""The server-sent events of a rewrite: thinking and text as they come, then the whole.

The original has no streams; the events are ours.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from darkroom.context import RequestContext
from darkroom.dialects.studio.rewrite import REWRITING_LIMIT_S, Rewrite
from darkroom.engine.run import merge
from darkroom.errors import DeadlineExceeded
from darkroom.events import Failed
from darkroom.gateway import Gateway
from darkroom.generation.chat import Completion, CompletionStream, stream_completion
from darkroom.generation.stream import HEARTBEAT_S, event_stream
from darkroom.http import Part, Reply
from darkroom.prompts.thinking import Kind, ThinkingStream
from darkroom.sse import comment_frame, event_frame

EVENTS = {Kind.THINKING: "rewrite.thinking", Kind.TEXT: "rewrite.delta"}


async def stream_rewrite(rewrite: Rewrite, context: RequestContext) -> Reply:
    """Answer with a stream, once the model has said something: until then failures are answers."""
    gateway = context.gateway
    began = gateway.clock.monotonic()
    slow = f"{rewrite.model.id} did not begin to answer within {REWRITING_LIMIT_S:.0f} s."
    async with context.deadline.limit(REWRITING_LIMIT_S, lambda: DeadlineExceeded(slow)):
        speech = await stream_completion(rewrite.model, rewrite.body, context)
        first = await anext(speech.pieces, Completion(""))
    frames = _frames(rewrite, first, speech, gateway, began)
    return event_stream(rewrite.headers(speech.attempt_log), frames)


async def _frames(
    rewrite: Rewrite, first: Completion, speech: CompletionStream, gateway: Gateway, began: float
) -> AsyncGenerator[Part]:
    """The stream's parts; raises what breaks it, for the boundary to tell."""
    sorting = ThinkingStream()
    content, reasoning = [], []
    async with aclosing(merge([_all(first, speech)], HEARTBEAT_S)) as items:
        async for item in items:
            if item is None:
                yield comment_frame("still working")
                continue
            said = item[1]
            if isinstance(said, Failed):
                raise said.failure
            content.append(said.content)
            reasoning.append(said.reasoning)
            if said.reasoning:
                yield _delta(Kind.THINKING, said.reasoning)
            for kind, text in sorting.feed(said.content):
                yield _delta(kind, text)
    for kind, text in sorting.end():
        yield _delta(kind, text)
    whole = Completion("".join(content), "".join(reasoning))
    answer = rewrite.answer(whole, gateway.clock.monotonic() - began)
    yield _frame("rewrite.completed", answer)


async def _all(first: Completion, speech: CompletionStream) -> AsyncGenerator[Completion]:
    async with aclosing(speech.pieces) as pieces:
        yield first
        async for piece in pieces:
            yield piece


def _delta(kind: Kind, text: str) -> bytes:
    return _frame(EVENTS[kind], {"delta": text})


def _frame(name: str, fields: Mapping[str, object]) -> bytes:
    return event_frame(name, json.dumps({"type": name, **fields}).encode())
