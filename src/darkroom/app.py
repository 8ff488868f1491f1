"""The route table, and the outermost boundary that no error passes."""

import json
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from darkroom.dialects.context import Gateway, Handler
from darkroom.dialects.gemini import errors as gemini_errors
from darkroom.dialects.gemini import models as gemini_models
from darkroom.dialects.gemini.painting import generate_content, predict, stream_generate_content
from darkroom.dialects.health import report_health
from darkroom.dialects.hf import errors as hf_errors
from darkroom.dialects.hf.inference import infer
from darkroom.dialects.media import get_media
from darkroom.dialects.openai import errors as openai_errors
from darkroom.dialects.openai.chat import complete_chat
from darkroom.dialects.openai.generations import edit, generate, vary
from darkroom.dialects.openai.models import get_model, list_models
from darkroom.dialects.openai.prompts import prompt_handler
from darkroom.dialects.providers import list_providers
from darkroom.errors import Failure, InternalFailure, MethodNotAllowed, RouteNotFound
from darkroom.http import Part, Reply, Request
from darkroom.prompts.instructions import Task

# Browsers let a page of another origin read only what is exposed here, and send what is allowed.
CORS_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": (
        "x-request-id, x-darkroom-provider, x-darkroom-attempts, x-darkroom-tried, "
        "x-darkroom-cache, x-darkroom-model, x-darkroom-seed, x-darkroom-ignored, server-timing, "
        "retry-after, x-should-retry, location, content-range, accept-ranges, etag"
    ),
}
PREFLIGHT_HEADERS = {
    "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    "access-control-allow-headers": "*, authorization",
    "access-control-max-age": "86400",
}

Log = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one family of routes words its failures, as an answer and inside a stream."""

    error_reply: Callable[[Failure], Reply]
    error_frame: Callable[[Failure], bytes]


OPENAI = Dialect(openai_errors.error_reply, openai_errors.error_frame)
GEMINI = Dialect(gemini_errors.error_reply, gemini_errors.error_frame)
HF = Dialect(hf_errors.error_reply, hf_errors.error_frame)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path, or all paths below one that ends in a slash, with a handler for each method.

    With a `verb` such as `:predict` it is those below that end so.
    """

    path: str
    handlers: Mapping[str, Handler]
    dialect: Dialect = OPENAI
    verb: str = ""

    def matches(self, path: str) -> bool:
        """Whether a request's path is this endpoint's."""
        if self.path.endswith("/"):
            inside = unquote(path.removeprefix(self.path)) if path.startswith(self.path) else ""
            return len(inside) > len(self.verb) and inside.endswith(self.verb)
        return path.removesuffix("/") == self.path


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("/v1/images/generations", {"POST": generate}),
    Endpoint("/v1/images/edits", {"POST": edit}),
    Endpoint("/v1/images/variations", {"POST": vary}),
    Endpoint("/v1/chat/completions", {"POST": complete_chat}),
    Endpoint("/v1/prompts/enhance", {"POST": prompt_handler(Task.ENHANCE)}),
    Endpoint("/v1/prompts/translate", {"POST": prompt_handler(Task.TRANSLATE)}),
    Endpoint("/v1/models", {"GET": list_models}),
    Endpoint("/v1/models/", {"GET": get_model}),
    Endpoint("/v1/providers", {"GET": list_providers}),
    Endpoint("/v1beta/models", {"GET": gemini_models.list_models}, GEMINI),
    Endpoint("/v1beta/models/", {"POST": generate_content}, GEMINI, ":generateContent"),
    Endpoint(
        "/v1beta/models/", {"POST": stream_generate_content}, GEMINI, ":streamGenerateContent"
    ),
    Endpoint("/v1beta/models/", {"POST": predict}, GEMINI, ":predict"),
    Endpoint("/v1beta/models/", {"GET": gemini_models.get_model}, GEMINI),
    Endpoint("/hf-inference/models/", {"POST": infer}, HF),
    Endpoint("/health", {"GET": report_health}),
    Endpoint("/media/", {"GET": get_media}),
)


async def handle(request: Request, gateway: Gateway, log: Log) -> Reply:
    """Answer a request, whatever happens: every error becomes JSON in its dialect's shape."""
    began = gateway.clock.monotonic()
    request_id = f"req_{gateway.draw_token()}"
    endpoint = next((e for e in ENDPOINTS if e.matches(request.path)), None)
    dialect = endpoint.dialect if endpoint else OPENAI
    entry: dict[str, object] = {
        "request_id": request_id,
        "method": request.method,
        "route": endpoint.path + endpoint.verb if endpoint else None,
    }

    def finish(**more: object) -> None:
        elapsed_ms = round((gateway.clock.monotonic() - began) * 1000, 1)
        log({**entry, **more, "elapsed_ms": elapsed_ms})

    try:
        reply = await _dispatch(request, endpoint, gateway)
    except Failure as failure:
        reply = dialect.error_reply(failure)
        entry["error"] = failure.code
    except Exception:
        entry["traceback"] = traceback.format_exc()
        entry["error"] = InternalFailure.default_code
        reply = dialect.error_reply(_internal(request_id))
    entry["status"] = reply.status
    headers = {**reply.headers, **CORS_HEADERS, "x-request-id": request_id}
    headers["server-timing"] = _with_total(headers.get("server-timing"), began, gateway)
    if isinstance(reply.body, AsyncIterator):
        body = _guard_stream(reply.body, dialect, request_id, finish)
        return replace(reply, headers=headers, body=body)
    finish()
    return replace(reply, headers=headers, body=[] if request.method == "HEAD" else reply.body)


async def _dispatch(request: Request, endpoint: Endpoint | None, gateway: Gateway) -> Reply:
    if request.method == "OPTIONS":
        return Reply(204, PREFLIGHT_HEADERS, [])
    if endpoint is None:
        raise RouteNotFound(
            f"There is no route {request.path[:200]}. See the README for those there are."
        )
    method = "GET" if request.method == "HEAD" else request.method
    handler = endpoint.handlers.get(method)
    if handler is None:
        allowed = [*endpoint.handlers, *(["HEAD"] if "GET" in endpoint.handlers else []), "OPTIONS"]
        raise MethodNotAllowed(
            f"{request.path[:200]} does not take {request.method[:20]}, only {', '.join(allowed)}.",
            allowed=allowed,
        )
    return await handler(request, gateway)


async def _guard_stream(
    body: AsyncIterator[Part], dialect: Dialect, request_id: str, finish: Callable[..., None]
) -> AsyncGenerator[Part]:
    """Relay a stream; what breaks it is told to the caller in its own shape, and logged."""
    outcome: dict[str, Any] = {"outcome": "left"}
    try:
        async with aclosing(body) as parts:  # type: ignore[type-var]
            async for part in parts:
                yield part
        outcome = {"outcome": "completed"}
    except Failure as failure:
        outcome = {"outcome": "failed", "error": failure.code}
        yield dialect.error_frame(failure)
    except Exception:
        outcome = {"outcome": "failed", "traceback": traceback.format_exc()}
        yield dialect.error_frame(_internal(request_id))
    finally:
        finish(**outcome)


def _internal(request_id: str) -> InternalFailure:
    return InternalFailure(
        f"Something went wrong inside Darkroom. Report it with the request id {request_id}."
    )


def _with_total(timing: str | None, began: float, gateway: Gateway) -> str:
    total = f"total;dur={(gateway.clock.monotonic() - began) * 1000:.1f}"
    return f"{timing}, {total}" if timing else total


def log_line(entry: Mapping[str, object]) -> None:
    """Write one structured line to the runtime's log."""
    print(json.dumps(entry))
