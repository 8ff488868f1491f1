"""The route table, dispatch, and the outermost error boundary."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import lru_cache

from darkroom.context import Defer, Observer, RequestContext, run_now
from darkroom.deadline import Deadline
from darkroom.dialects.a1111 import routes as a1111
from darkroom.dialects.gemini import routes as gemini
from darkroom.dialects.hf import routes as hf
from darkroom.dialects.mcp import routes as mcp
from darkroom.dialects.openai import routes as openai
from darkroom.dialects.openai.dialect import OPENAI
from darkroom.dialects.relay import routes as relay
from darkroom.dialects.service import routes as service
from darkroom.dialects.studio import routes as studio
from darkroom.endpoint import Endpoint
from darkroom.errors import Failure, InternalFailure, MethodNotAllowed, RouteNotFound
from darkroom.gateway import Gateway
from darkroom.http import Part, Remainder, Reply, Request
from darkroom.image import ImageFile
from darkroom.limits.admission import admit
from darkroom.limits.reservation import settle
from darkroom.middleware.cross_origin import CrossOrigin, decide, preflight_headers
from darkroom.middleware.likely_route import likely_route, single_slashes
from darkroom.middleware.media_types import TypedBody
from darkroom.request_log import Log, RequestLog
from darkroom.response_headers import guard_headers
from darkroom.tasks.webhooks import check_loop
from darkroom.trace import Trace

KEPT_PATH_CHARS = 100

# Gemini's come before OpenAI's: their verbs stand below the same paths.
ENDPOINTS: Sequence[Endpoint] = (
    *gemini.ENDPOINTS,
    *openai.ENDPOINTS,
    *service.ENDPOINTS,
    *mcp.ENDPOINTS,
    *hf.ENDPOINTS,
    *relay.ENDPOINTS,
    *a1111.ENDPOINTS,
    *studio.ENDPOINTS,
)

# How each dialect words background tasks.
TASK_SHAPES = {
    route.task_shape.dialect: route.task_shape.describe
    for endpoint in ENDPOINTS
    for route in endpoint.routes.values()
    if route.task_shape
}


async def handle(request: Request, gateway: Gateway, log: Log, defer: Defer = run_now) -> Reply:
    """Answer a request, whatever happens: every error becomes JSON in its dialect's shape.

    Cancelled, it takes back what upstreams were asked for.
    """
    request_id = f"req_{gateway.draw_token()}"
    if (url := single_slashes(request.url)) != request.url:
        request = replace(request, url=url)
    endpoint = _find_endpoint(request)
    dialect = endpoint.dialect if endpoint else OPENAI
    route = endpoint.path + endpoint.verb if endpoint else None
    telling = RequestLog(gateway, log, request_id, request.method, route)
    cross_origin = CrossOrigin()
    told: dict[str, str] = {}
    try:
        cross_origin = decide(request, dialect, gateway)
        check_loop(request.headers)
        cross_origin.check()
        context = RequestContext(
            cross_origin.without_address(request, gateway.settings),
            gateway,
            dialect.caller_of,
            Deadline.after(gateway.settings.request_timeout_s, gateway.clock),
            request_id,
            defer,
            trace=telling.trace,
            address=request.headers.get(gateway.settings.address_header),
            answer_headers=told,
        )
        reply = await _dispatch(context, endpoint)
    except asyncio.CancelledError:
        telling.finish("left")
        raise
    except Failure as failure:
        failure.without_frames().request_id = request_id
        telling.note(failure)
        reply = dialect.error_reply(failure)
    except Exception as error:
        telling.note(error)
        reply = dialect.error_reply(_internal(request_id))
    if gateway.engine.health.begins_share(now := gateway.clock.time()):
        await defer(lambda: gateway.engine.health.share(now))
    telling.status = reply.status
    headers = {**reply.headers, **told, **cross_origin.headers(), "x-request-id": request_id}
    if cross_origin.varies:
        headers["vary"] = ", ".join(filter(None, (headers.get("vary"), "origin")))
    headers["server-timing"] = _with_total(headers.get("server-timing"), telling.elapsed_s)
    if dialect.time_header:
        headers[dialect.time_header] = f"{telling.elapsed_s:.4f}"
    headers = guard_headers(headers, is_page=reply.is_page)
    if isinstance(reply.body, AsyncIterator):
        tell = reply.render_failure or (lambda failure: [dialect.error_frame(failure)])
        body = _guard_stream(reply.body, tell, request_id, telling)
        return replace(reply, headers=headers, body=body)
    parts = [] if request.method == "HEAD" else reply.body
    telling.response_bytes = sum(map(_size_of, parts))
    telling.finish(_outcome(reply.status))
    return replace(reply, headers=headers, body=parts)


async def perform(
    request: Request,
    gateway: Gateway,
    *,
    task_id: str,
    timeout_s: float,
    observer: Observer,
    downloads: Mapping[str, ImageFile],
    trace: Trace,
) -> Reply:
    """Answer the stored request of a task; raises its failures. See `tasks.execute.Perform`."""
    endpoint = _find_endpoint(request)
    context = RequestContext(
        request,
        gateway,
        (endpoint.dialect if endpoint else OPENAI).caller_of,
        Deadline.after(timeout_s, gateway.clock),
        f"req_{gateway.draw_token()}",
        observer=observer,
        task_id=task_id,
        downloads=dict(downloads),
        trace=trace,
    )
    try:
        return await _dispatch(context, endpoint)
    except BaseException:
        await settle(context, task_id)  # where it failed before there was a job
        raise


def _find_endpoint(request: Request) -> Endpoint | None:
    path, headers = request.path, request.headers
    endpoints = _endpoints_of(path) if len(path) <= KEPT_PATH_CHARS else _look_up(path)
    fitting = (each for each in endpoints if each.header is None or each.header in headers)
    return next(fitting, None)


def _look_up(path: str) -> Sequence[Endpoint]:
    return [endpoint for endpoint in ENDPOINTS if endpoint.matches(path)]


_endpoints_of = lru_cache(maxsize=128)(_look_up)  # paths as they are asked for again and again


async def _dispatch(context: RequestContext, endpoint: Endpoint | None) -> Reply:
    request = context.request
    if request.method == "OPTIONS":
        return Reply(204, preflight_headers(request.headers), [])
    method = "GET" if request.method == "HEAD" else request.method
    route = endpoint.routes.get(method) if endpoint else None
    if route is None or route.counted:
        await admit(context)
    if endpoint is None or not endpoint.routes:
        advice = likely_route(request.path, ENDPOINTS)
        raise RouteNotFound(f"There is no route {request.path[:200]}. {advice}")
    if route is None:
        allowed = [*endpoint.routes, *(["HEAD"] if "GET" in endpoint.routes else []), "OPTIONS"]
        raise MethodNotAllowed(
            f"{request.path[:200]} does not take {request.method[:20]}, only {', '.join(allowed)}.",
            allowed=allowed,
        )
    body = TypedBody(request.body, request.headers, route)
    context.request = replace(request, body=body)
    return await route.handle(context)


async def _guard_stream(
    body: AsyncIterator[Part | Remainder],
    tell: Callable[[Failure], Sequence[Part]],
    request_id: str,
    telling: RequestLog,
) -> AsyncGenerator[Part | Remainder]:
    """Relay a stream; failures are sent to the caller in the dialect's shape, and logged."""
    outcome = "left"
    try:
        async with aclosing(body) as parts:  # type: ignore[type-var]
            async for part in parts:
                telling.response_bytes += _size_of(part)
                yield part
        outcome = "completed"
    except Failure as failure:
        failure.without_frames().request_id = request_id
        outcome = "failed"
        telling.note(failure)
        for part in tell(failure):
            yield part
    except Exception as error:
        outcome = "failed"
        telling.note(error)
        for part in tell(_internal(request_id)):
            yield part
    finally:
        telling.finish(outcome)


def _size_of(part: Part | Remainder) -> int:
    if isinstance(part, Remainder):
        return 0  # the runtime hands it on, and tells no size
    return len(part) if isinstance(part, bytes) else part.size


def _outcome(status: int) -> str:
    if status >= 400:
        return "failed"
    return "accepted" if status == 202 else "completed"


def _internal(request_id: str) -> InternalFailure:
    failure = InternalFailure(
        f"Something went wrong inside Darkroom. Report it with the request id {request_id}."
    )
    failure.request_id = request_id
    return failure


def _with_total(timing: str | None, elapsed_s: float) -> str:
    total = f"total;dur={elapsed_s * 1000:.1f}"
    return f"{timing}, {total}" if timing else total
