"""`POST /v1/chat/completions`: a proxy for text models, and painting for image models.

A conversation for a text model goes to its provider with every field it has, and the answer comes
back byte for byte. One for an image model paints its last user message.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from darkroom.context import Painting, RequestContext
from darkroom.dialects.openai.image_chat import read_conversation
from darkroom.dialects.openai.tasks import SHAPE
from darkroom.engine.plan import plan_chat
from darkroom.errors import InvalidRequest, JobLost, ModelNotFound
from darkroom.generation.default_models import paints
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.prompt_enhancement import default_text_model
from darkroom.http import Part, RelayableReply, Remainder, Reply, UpstreamReply
from darkroom.json_reader import CONVERSATION
from darkroom.json_writer import TextBlob
from darkroom.request_body import MAX_MESSAGES, check_count, read_object
from darkroom.response_headers import EVENT_STREAM, JSON
from darkroom.tasks.dispatch import run_or_enqueue

IDLE_LIMIT_S = 120.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024  # of a stream that is relayed


async def complete_chat(context: RequestContext) -> Reply:
    """Continue a conversation (reference/wire-formats.md B3.7)."""
    _ = context.caller  # raises for callers without access before the body is read
    body = read_object(await context.read_body(), CONVERSATION)
    model = _check(body)
    if not _is_painter(model, context):
        return await _relay(body, model, context)

    async def read(context: RequestContext) -> Painting:
        return read_conversation(body, context)

    return await run_or_enqueue(context, read, SHAPE)


async def _relay(body: Mapping[str, Any], model: str, context: RequestContext) -> Reply:
    caller, gateway = context.caller, context.gateway
    chosen = gateway.catalog.find_chat(model) if model else default_text_model(caller, gateway)
    caller.check_prefixes([chosen.provider], chosen.id)
    plan = plan_chat(chosen, caller.tokens_for(chosen.provider, chosen.id))
    # A caller's own token is no secret to the caller; the operator's is.
    own = caller.own_tokens(chosen.provider)
    reply, attempt_log = await gateway.engine.converse(plan, body, context.deadline, own)
    context.trace.add_attempts("chat", chosen.provider.id, chosen.id, attempt_log)
    headers = {
        "content-type": _media_type(body, reply),
        "cache-control": "no-store",
        "x-darkroom-provider": chosen.provider.id,
        "x-darkroom-attempts": str(sum(not t.result.startswith("resting") for t in attempt_log)),
        **tried_header(attempt_log),
    }
    name = chosen.provider.name
    if isinstance(reply, RelayableReply):
        return Reply(200, headers, _relayed(reply, name), relayed=True)
    return Reply(200, headers, _bytes_of(reply, name))


def _media_type(body: Mapping[str, Any], reply: UpstreamReply) -> str:
    """The content type of an answer: events if they were asked for and came, else JSON."""
    streams = body.get("stream") is True
    events = streams and "event-stream" in reply.headers.get("content-type", "")
    return EVENT_STREAM if events else JSON


async def _relayed(reply: RelayableReply, name: str) -> AsyncGenerator[Part | Remainder]:
    """The answer's bytes, of which all but the first are none of Python's business."""
    lost = JobLost(f"{name} broke off in the middle of its answer.")
    try:
        if first := await reply.first_chunk(idle_s=IDLE_LIMIT_S):
            yield first
            yield Remainder(reply, lost)
    except TimeoutError:
        raise JobLost(f"{name} fell silent before its answer.") from None
    except ConnectionError:
        raise lost from None
    finally:
        await reply.close()


async def _bytes_of(reply: UpstreamReply, name: str) -> AsyncGenerator[Part]:
    """The answer's bytes as they arrive; raises `JobLost` when they cease to."""
    sent_bytes = 0
    try:
        async with aclosing(reply.chunks(idle_s=IDLE_LIMIT_S)) as chunks:
            async for chunk in chunks:
                sent_bytes += len(chunk)
                if sent_bytes > MAX_ANSWER_BYTES:
                    raise JobLost(f"{name} sent more than {MAX_ANSWER_BYTES // 2**20} MiB.")
                yield chunk
    except TimeoutError:
        raise JobLost(f"{name} fell silent in the middle of its answer.") from None
    except ConnectionError:
        raise JobLost(f"{name} broke off in the middle of its answer.") from None
    finally:
        await reply.close()


def _check(body: Mapping[str, Any]) -> str:
    """The model that is named, or nothing; raises `InvalidRequest` for what is no conversation."""
    model = body.get("model") or ""
    if not isinstance(model, str):
        raise InvalidRequest("model: must be one name.", param="model")
    messages = body.get("messages")
    if isinstance(messages, TextBlob) or not isinstance(messages, list) or not messages:
        raise InvalidRequest(
            "messages: must be a list with at least one message.",
            param="messages",
            code="missing_required_parameter",
        )
    check_count(messages, MAX_MESSAGES, "messages")
    for number, message in enumerate(messages):
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise InvalidRequest(f"messages[{number}]: must have a role.", param="messages")
    return model.strip()


def _is_painter(model: str, context: RequestContext) -> bool:
    """Whether a name means image models; raises `ModelNotFound` for one that means nothing."""
    gateway, catalog = context.gateway, context.gateway.catalog
    if not model:
        return False
    if paints(model, context.caller, gateway):
        return True
    try:
        catalog.find_chat(model)
    except ModelNotFound:
        if "/" not in model:
            catalog.resolve(model, gateway.settings.default_model)  # its advice names both kinds
        raise
    return False
