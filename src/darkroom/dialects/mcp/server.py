"""The MCP server: one message of a client's for each request, and no state between them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from darkroom.blob import BytesBlob
from darkroom.context import RequestContext
from darkroom.dialects.mcp.cancelling import CANCELLED, cancel_call
from darkroom.dialects.mcp.errors import (
    METHOD_NOT_FOUND,
    Id,
    RpcError,
    error_of,
    error_reply,
    rpc_reply,
)
from darkroom.dialects.mcp.jobs import cancel_task, get_task, update_task
from darkroom.dialects.mcp.message import Message, read_message
from darkroom.dialects.mcp.peer import (
    LEGACY,
    SESSION_HEADER,
    SUPPORTED,
    TASKS,
    Peer,
    read_peer,
)
from darkroom.dialects.mcp.prompts import get_prompt, list_prompts
from darkroom.dialects.mcp.resources import list_resources, list_templates, read_resource
from darkroom.dialects.mcp.results import SERVER, Call, Result
from darkroom.dialects.mcp.tools import call_tool, tools_json
from darkroom.errors import CredentialRefused, Failure
from darkroom.http import Reply
from darkroom.json_writer import JsonBlob

METADATA = "/.well-known/oauth-protected-resource"
PATH = "/mcp"
EVENTS = "text/event-stream"
MAX_TOLD_CHARS = 80
LIST_TTL_MS = 60_000
PUBLIC, PRIVATE = "public", "private"


@dataclass(frozen=True, slots=True)
class Method:
    """A method and how long its result may be kept by whom, for 2026-07-28.

    `eras` says which clients may call it: those of 2025, those of 2026, or both.
    """

    answer: Callable[[Call], Awaitable[Result]]
    legacy: bool = True
    modern: bool = True
    ttl_ms: int | None = None
    scope: str = PUBLIC


async def handle_message(context: RequestContext) -> Reply:
    """Answer a message, a notification with nothing."""
    try:
        _ = context.caller  # raises for callers without access before the body is read
    except CredentialRefused as failure:
        return _unauthorised(failure, context)
    body = await context.read_body()
    request_id: Id = None
    is_modern = False
    try:
        message = read_message(body)
        if message is None:
            return Reply(202, {}, [])
        request_id = message.id
        peer = _peer_of(message, context)
        is_modern = peer.is_modern
        if message.is_notification:
            if message.method == CANCELLED:
                await cancel_call(message, peer, context)
            return Reply(202, {}, [])
        return await _answer(message, peer, context)
    except RpcError as error:
        otherwise = error.modern_status() if is_modern else 200
        return rpc_reply(request_id, error, error.status or otherwise)
    except Failure as failure:
        failure.without_frames().request_id = context.id
        return rpc_reply(request_id, error_of(failure), 200)


def _peer_of(message: Message, context: RequestContext) -> Peer:
    """The client; in the background its headers are no longer there, and were checked before."""
    if context.observer is not None:
        return Peer(is_modern=False)
    return read_peer(message, context.request.headers)


async def _answer(message: Message, peer: Peer, context: RequestContext) -> Reply:
    accepted = context.request.headers.get("accept", "")
    call = Call(message, peer, context, EVENTS in accepted and context.observer is None)
    if message.method == "tools/call":
        return await call_tool(call)
    method = METHODS.get(message.method)
    if method is None or not (method.modern if peer.is_modern else method.legacy):
        raise RpcError(METHOD_NOT_FOUND, f"There is no method {message.method[:MAX_TOLD_CHARS]!r}.")
    result = await method.answer(call)
    if peer.is_modern and method.ttl_ms is not None:
        result = {**result, "ttlMs": method.ttl_ms, "cacheScope": method.scope}
    reply = call.reply(result)
    if message.method == "initialize":
        session = {SESSION_HEADER: context.gateway.draw_token()}
        return replace(reply, headers={**reply.headers, **session})
    return reply


@cache
def instructions() -> str:
    """The instructions for models that use this server."""
    return (Path(__file__).parent / "instructions.md").read_text("utf-8").strip()


async def initialize(call: Call) -> Result:
    """The handshake of 2025: the client's version where it is known here, else our newest."""
    wanted = call.message.params.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in LEGACY else LEGACY[0],
        "capabilities": _capabilities(),
        "serverInfo": SERVER,
        "instructions": instructions(),
    }


async def discover(call: Call) -> Result:
    """`server/discover`: all that this server speaks and can do."""
    capabilities = _capabilities()
    if call.context.gateway.background is not None:
        capabilities["extensions"] = {TASKS: {}}
    return {
        "supportedVersions": list(SUPPORTED),
        "capabilities": capabilities,
        "instructions": instructions(),
    }


async def ping(call: Call) -> Result:
    """Nothing, which shows that somebody is there."""
    return {}


async def list_tools(call: Call) -> Result:
    """All tools, always in the same order."""
    return {"tools": JsonBlob(BytesBlob(tools_json()))}


def _capabilities() -> dict[str, Any]:
    return {"tools": {}, "resources": {}, "prompts": {}}


METHODS: Mapping[str, Method] = {
    "initialize": Method(initialize, modern=False),
    "ping": Method(ping, modern=False),
    "server/discover": Method(discover, legacy=False, ttl_ms=LIST_TTL_MS),
    "tools/list": Method(list_tools, ttl_ms=LIST_TTL_MS),
    "resources/list": Method(list_resources, ttl_ms=0, scope=PRIVATE),
    "resources/templates/list": Method(list_templates, ttl_ms=LIST_TTL_MS),
    "resources/read": Method(read_resource, ttl_ms=LIST_TTL_MS, scope=PRIVATE),
    "prompts/list": Method(list_prompts, ttl_ms=LIST_TTL_MS),
    "prompts/get": Method(get_prompt),
    "tasks/get": Method(get_task, legacy=False),
    "tasks/update": Method(update_task, legacy=False),
    "tasks/cancel": Method(cancel_task, legacy=False),
}


def _unauthorised(failure: CredentialRefused, context: RequestContext) -> Reply:
    """A 401 that says where it stands which credentials are taken (RFC 9728)."""
    failure.without_frames().request_id = context.id
    reply = error_reply(failure)
    origin = context.gateway.settings.public_url or context.request.origin
    challenge = f'Bearer error="invalid_token", resource_metadata="{origin}{METADATA}{PATH}"'
    return replace(reply, headers={**reply.headers, "www-authenticate": challenge})
