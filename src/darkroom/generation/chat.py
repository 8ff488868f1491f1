"""Chat completions by a text model, blocking or streamed, on behalf of a caller."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from darkroom.attempt import Attempt
from darkroom.catalog.model import ChatModel
from darkroom.context import RequestContext
from darkroom.engine.plan import plan_chat
from darkroom.error_words import words_of
from darkroom.errors import JobFailed, JobLost, UpstreamBroken
from darkroom.http import UpstreamReply
from darkroom.json_reader import parse_json_bytes
from darkroom.providers.chat import CHAT, MAX_CHAT_BYTES, content_of, reasoning_of
from darkroom.scrub import scrub
from darkroom.sse import EventTooLarge, read_events

IDLE_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion or a piece of it, and the attempts on the way.

    `reasoning` is the thinking, where its provider keeps that apart from the content.
    """

    content: str
    reasoning: str = ""
    attempt_log: Sequence[Attempt] = ()


async def complete(
    model: ChatModel, body: Mapping[str, object], context: RequestContext
) -> Completion:
    """Complete a conversation, the `messages` of `body`.

    Raises a `Failure` when the model does not answer.
    """
    reply, attempt_log = await _open(model, {**body, "stream": False}, context)
    return await _read_whole(reply, attempt_log)


async def _open(
    model: ChatModel, body: Mapping[str, object], context: RequestContext
) -> tuple[UpstreamReply, Sequence[Attempt]]:
    plan = plan_chat(model, context.caller.tokens_for(model.provider, model.id))
    reply, attempt_log = await context.gateway.engine.converse(plan, body, context.deadline)
    context.trace.add_attempts("chat", model.provider.id, model.id, attempt_log)
    return reply, attempt_log


async def _read_whole(reply: UpstreamReply, attempt_log: Sequence[Attempt]) -> Completion:
    try:
        answer = parse_json_bytes(await reply.read(MAX_CHAT_BYTES), CHAT)
    finally:
        await reply.close()
    return Completion(content_of(answer), reasoning_of(answer), attempt_log)


@dataclass(frozen=True, slots=True)
class CompletionStream:
    """A completion that has begun: to be read once, or closed."""

    pieces: AsyncGenerator[Completion]
    attempt_log: Sequence[Attempt]


async def stream_completion(
    model: ChatModel, body: Mapping[str, object], context: RequestContext
) -> CompletionStream:
    """Stream a completion; in one piece from providers that cannot stream.

    Raises a `Failure` when the model does not begin to answer, as do the pieces when it breaks off.
    """
    reply, attempt_log = await _open(model, {**body, "stream": True}, context)
    return CompletionStream(_pieces(reply, model.id), attempt_log)


async def _pieces(reply: UpstreamReply, name: str) -> AsyncGenerator[Completion]:
    if "event-stream" not in reply.headers.get("content-type", ""):
        yield await _read_whole(reply, ())
        return
    try:
        async with (
            aclosing(reply.chunks(idle_s=IDLE_LIMIT_S)) as chunks,
            aclosing(read_events(chunks)) as events,
        ):
            async for event in events:
                if (said := _piece(event.data, name)) is not None:
                    yield said
    except EventTooLarge as error:
        raise UpstreamBroken(f"{name}: {error}.") from None
    except TimeoutError:
        raise JobLost(f"{name} fell silent in the middle of its answer.") from None
    except ConnectionError:
        raise JobLost(f"{name} broke off in the middle of its answer.") from None
    finally:
        await reply.close()


def _piece(data: bytes, name: str) -> Completion | None:
    """The piece in one event; raises `JobFailed` for an error event."""
    try:
        event: Any = parse_json_bytes(data)
    except ValueError:
        return None  # [DONE], and whatever else is no JSON
    if isinstance(event, Mapping) and event.get("error"):
        said = scrub(next(words_of(event["error"]), ""))
        reported = f": {said}" if said else "."
        raise JobFailed(f"{name} failed in the middle of its answer{reported}")
    content, reasoning = content_of(event), reasoning_of(event)
    return Completion(content, reasoning) if content or reasoning else None
