"""Between the runtime's requests and responses and Darkroom's own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import js
from pyodide.ffi import create_once_callable, to_js
from workers import Response

from darkroom.app import handle, log_line
from darkroom.dialects.context import Gateway
from darkroom.edge.blob import to_array
from darkroom.edge.http import read_headers
from darkroom.edge.streams import PullStream
from darkroom.errors import BodyTooLarge
from darkroom.http import Request


class EdgeBody:
    """A request's body, counted while it is read."""

    def __init__(self, request: Any) -> None:
        self._request = request

    async def read(self, limit: int) -> bytes:
        """All of it; see `RequestBody.read`."""
        declared = self._request.headers.get("content-length")
        if isinstance(declared, str) and declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        body = self._request.body
        if not body:
            return b""
        reader = body.getReader()
        pieces: list[bytes] = []
        held = 0
        while not (step := await reader.read()).done:
            held += int(step.value.byteLength)
            if held > limit:
                await reader.cancel()
                raise _too_large(limit)
            pieces.append(step.value.to_bytes())
        return b"".join(pieces)


async def serve(js_request: Any, gateway: Gateway, ctx: Any) -> Response:
    """Answer one request of the runtime."""
    headers = read_headers(js_request.headers)
    request = Request(js_request.method, js_request.url, headers, EdgeBody(js_request))
    reply = await handle(request, gateway, log_line)
    if isinstance(reply.body, AsyncIterator):
        stream = PullStream(reply.body)
        _stop_when_the_caller_leaves(js_request.signal, stream, ctx)
        return _respond(stream.open(), reply.status, reply.headers)
    parts = [to_array(part) for part in reply.body]
    content = parts[0] if len(parts) == 1 else js.Blob.new(to_js(parts)) if parts else None
    return _respond(content, reply.status, reply.headers)


def _stop_when_the_caller_leaves(signal: Any, stream: PullStream, ctx: Any) -> None:
    """Close the stream on the request's abort too; `waitUntil` lets the clean-up finish."""
    if signal:
        signal.addEventListener(
            "abort",
            create_once_callable(lambda _event=None: ctx.waitUntil(_started(stream.stop()))),
        )


def _started(coroutine: Any) -> asyncio.Future[None]:
    return asyncio.ensure_future(coroutine)


def _respond(content: Any, status: int, headers: Mapping[str, str]) -> Response:
    js_headers = js.Object.fromEntries(to_js(list(headers.items())))
    return Response(js.Response.new(content, status=status, headers=js_headers))


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request's body is larger than {limit} bytes.")
