"""The route table, and the outermost boundary that no error passes."""

import json
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from darkroom.dialects import operations
from darkroom.dialects.a1111 import operations as a1111
from darkroom.dialects.context import Gateway
from darkroom.dialects.cross_origin import CrossOrigin, decide, preflight_headers
from darkroom.dialects.endpoint import OPENAI, Endpoint
from darkroom.dialects.gemini import operations as gemini
from darkroom.dialects.hf import operations as hf
from darkroom.dialects.media_types import TypedBody
from darkroom.dialects.openai import operations as openai
from darkroom.dialects.openai.tasks import SHAPE as OPENAI_TASKS
from darkroom.dialects.relay import operations as relay
from darkroom.dialects.relay.tasks import SHAPE as RELAY_TASKS
from darkroom.dialects.studio import embedding_routes as embeddings
from darkroom.dialects.studio import history_routes as remembered
from darkroom.dialects.studio import operations as studio
from darkroom.dialects.studio import painting_routes as painted
from darkroom.dialects.studio.errors import STUDIO
from darkroom.errors import Failure, InternalFailure, MethodNotAllowed, RouteNotFound
from darkroom.http import Part, Reply, Request
from darkroom.response_headers import guard_headers
from darkroom.tasks.webhooks import check_loop

Log = Callable[[Mapping[str, object]], None]


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("/v1/images/generations", {"POST": openai.GENERATE}),
    Endpoint("/v1/images/edits", {"POST": openai.EDIT}),
    Endpoint("/v1/images/variations", {"POST": openai.VARY}),
    Endpoint("/v1/chat/completions", {"POST": openai.COMPLETE_CHAT}),
    Endpoint("/v1/responses", {"POST": openai.RESPOND}),
    Endpoint("/v1/prompts/enhance", {"POST": openai.ENHANCE}),
    Endpoint("/v1/prompts/translate", {"POST": openai.TRANSLATE}),
    Endpoint("/v1/models", {"GET": openai.LIST_MODELS}),
    *gemini.PAINTERS,
    Endpoint("/v1/models/", {"GET": openai.GET_MODEL}),
    Endpoint("/v1/tasks/", {"GET": openai.POLL_TASK, "DELETE": openai.CANCEL_TASK}),
    Endpoint("/v1/providers", {"GET": operations.LIST_PROVIDERS}),
    *gemini.LISTS,
    *hf.ENDPOINTS,
    Endpoint("/health", {"GET": operations.REPORT_HEALTH}),
    Endpoint("/media/", {"GET": operations.GET_MEDIA}),
    *relay.ENDPOINTS,
    *a1111.ENDPOINTS,
    *studio.ENDPOINTS,
    *embeddings.ENDPOINTS,
    *painted.ENDPOINTS,
    *remembered.ENDPOINTS,
    Endpoint("/api/", {}, STUDIO),  # the last: whatever else begins like this
)

# How each dialect tells of tasks.
TASK_SHAPES = {shape.dialect: shape.describe for shape in (OPENAI_TASKS, RELAY_TASKS)}


async def handle(request: Request, gateway: Gateway, log: Log) -> Reply:
    """Answer a request, whatever happens: every error becomes JSON in its dialect's shape."""
    began = gateway.clock.monotonic()
    request_id = f"req_{gateway.draw_token()}"
    endpoint = _find_endpoint(request)
    dialect = endpoint.dialect if endpoint else OPENAI
    entry: dict[str, object] = {
        "request_id": request_id,
        "method": request.method,
        "route": endpoint.path + endpoint.verb if endpoint else None,
    }

    cross_origin = CrossOrigin()

    def finish(**more: object) -> None:
        elapsed_ms = round((gateway.clock.monotonic() - began) * 1000, 1)
        log({**entry, **more, "elapsed_ms": elapsed_ms})

    try:
        cross_origin = decide(request, dialect, gateway)
        check_loop(request.headers)
        cross_origin.check()
        request = cross_origin.without_address(request, gateway.settings)
        reply = await _dispatch(request, endpoint, gateway)
    except Failure as failure:
        failure.without_frames().request_id = request_id
        reply = dialect.error_reply(failure)
        entry["error"] = failure.code
    except Exception:
        entry["traceback"] = traceback.format_exc()
        entry["error"] = InternalFailure.default_code
        reply = dialect.error_reply(_internal(request_id))
    entry["status"] = reply.status
    headers = {**reply.headers, **cross_origin.headers(), "x-request-id": request_id}
    if cross_origin.varies:
        headers["vary"] = ", ".join(filter(None, (headers.get("vary"), "origin")))
    headers["server-timing"] = _with_total(headers.get("server-timing"), began, gateway)
    if dialect.time_header:
        headers[dialect.time_header] = f"{gateway.clock.monotonic() - began:.4f}"
    headers = guard_headers(headers)
    if isinstance(reply.body, AsyncIterator):
        tell = reply.tell_failure or (lambda failure: [dialect.error_frame(failure)])
        body = _guard_stream(reply.body, tell, request_id, finish)
        return replace(reply, headers=headers, body=body)
    finish()
    return replace(reply, headers=headers, body=[] if request.method == "HEAD" else reply.body)


async def perform(request: Request, gateway: Gateway) -> Reply:
    """Answer a request in the background, where nobody waits: raises its failures."""
    return await _dispatch(request, _find_endpoint(request), gateway)


def _find_endpoint(request: Request) -> Endpoint | None:
    path = request.path
    return next((endpoint for endpoint in ENDPOINTS if endpoint.matches(path)), None)


async def _dispatch(request: Request, endpoint: Endpoint | None, gateway: Gateway) -> Reply:
    if request.method == "OPTIONS":
        return Reply(204, preflight_headers(request.headers), [])
    if endpoint is None or not endpoint.handlers:
        raise RouteNotFound(
            f"There is no route {request.path[:200]}. See the README for those there are."
        )
    method = "GET" if request.method == "HEAD" else request.method
    described = endpoint.handlers.get(method)
    if described is None:
        allowed = [*endpoint.handlers, *(["HEAD"] if "GET" in endpoint.handlers else []), "OPTIONS"]
        raise MethodNotAllowed(
            f"{request.path[:200]} does not take {request.method[:20]}, only {', '.join(allowed)}.",
            allowed=allowed,
        )
    body = TypedBody(request.body, request.headers, described)
    return await described.handle(replace(request, body=body), gateway)


async def _guard_stream(
    body: AsyncIterator[Part],
    tell: Callable[[Failure], Sequence[Part]],
    request_id: str,
    finish: Callable[..., None],
) -> AsyncGenerator[Part]:
    """Relay a stream; what breaks it is told to the caller in its own shape, and logged."""
    outcome: dict[str, Any] = {"outcome": "left"}
    try:
        async with aclosing(body) as parts:  # type: ignore[type-var]
            async for part in parts:
                yield part
        outcome = {"outcome": "completed"}
    except Failure as failure:
        failure.without_frames().request_id = request_id
        outcome = {"outcome": "failed", "error": failure.code}
        for part in tell(failure):
            yield part
    except Exception:
        outcome = {"outcome": "failed", "traceback": traceback.format_exc()}
        for part in tell(_internal(request_id)):
            yield part
    finally:
        finish(**outcome)


def _internal(request_id: str) -> InternalFailure:
    failure = InternalFailure(
        f"Something went wrong inside Darkroom. Report it with the request id {request_id}."
    )
    failure.request_id = request_id
    return failure


def _with_total(timing: str | None, began: float, gateway: Gateway) -> str:
    total = f"total;dur={(gateway.clock.monotonic() - began) * 1000:.1f}"
    return f"{timing}, {total}" if timing else total


def log_line(entry: Mapping[str, object]) -> None:
    """Write one structured line to the runtime's log."""
    print(json.dumps(entry))
