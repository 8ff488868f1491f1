"""The fetch handler: between the runtime's requests and responses and Darkroom's own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from darkroom.app import handle
from darkroom.blob import Blob
from darkroom.deadline import TimeLimit
from darkroom.dialects.openai.errors import error_reply
from darkroom.dialects.service.ready import refuse_ready
from darkroom.edge.blob import MEMORY, small_body
from darkroom.edge.body_reader import TooLong, is_small, read_all, read_small, upload
from darkroom.edge.http import read_headers
from darkroom.edge.json_objects import Attributes
from darkroom.edge.leaving import cancelled_when_left
from darkroom.edge.log import log_line
from darkroom.edge.response_body import hand_over, respond
from darkroom.edge.streams import PushStream, RelayedStream
from darkroom.edge.timers import sharing_timers
from darkroom.errors import BodyTooLarge, Failure, InvalidRequest
from darkroom.gateway import Gateway
from darkroom.http import Request, path_of
from darkroom.middleware.cross_origin import CrossOrigin
from darkroom.request_body import content_coding
from darkroom.response_headers import guard_headers
from darkroom.settings import CLOUDFLARE_ADDRESS_HEADER, Settings
from darkroom.transfer_rate import RequestTimeout
from darkroom.unpacking import BadlyPacked
from darkroom.worker.wait_until import DeferredWork

_REQUEST_LINE = Attributes("method", "url", "cf", "colo")
IDLE_LIMIT_S = 20
CALLER_LEFT = 499  # nobody reads it


class EdgeBody:
    """A request's body, read as fast as there is memory for it."""

    def __init__(self, body: Any, headers: Mapping[str, str]) -> None:
        self._body = body
        self._headers = headers

    async def read(self, limit: int) -> Blob:
        """All of it, left in JavaScript's memory; see `RequestBody.read`."""
        declared = self._headers.get("content-length")
        coding = content_coding(self._headers)
        policy = upload(_slow, _idle, IDLE_LIMIT_S)
        try:
            if coding is None and is_small(declared, limit):
                with TimeLimit(IDLE_LIMIT_S, _late):
                    return await read_small(self._body, declared)
            return await read_all(self._body, declared, limit, policy, coding)
        except TooLong:
            unpacked = " once it is unpacked" if coding else ""
            raise BodyTooLarge(
                f"The request's body is larger than {limit} bytes{unpacked}."
            ) from None
        except BadlyPacked:
            raise InvalidRequest(
                f"content-encoding: the request's body is not packed by {coding}, or broke off.",
                code="invalid_encoding",
            ) from None
        except OSError:
            raise InvalidRequest(
                "The connection broke off before all of the request's body had come.",
                code="incomplete_body",
            ) from None


def _slow() -> RequestTimeout:
    return RequestTimeout(
        "The request's body came too slowly, while other requests waited for memory. Send it again."
    )


def _late() -> RequestTimeout:
    return RequestTimeout(f"The request's body did not come within {IDLE_LIMIT_S} s.")


def _idle() -> RequestTimeout:
    return RequestTimeout(f"Nothing of the request's body came for {IDLE_LIMIT_S} s.")


async def serve(js_request: Any, gateway: Gateway, ctx: Any) -> Any:
    """Answer one request of the runtime with a JavaScript `Response`."""
    line = _REQUEST_LINE.of(js_request)
    headers = _believed(read_headers(js_request.headers), line.get("cf"), gateway.settings)
    request = Request(line["method"], line["url"], headers, EdgeBody(js_request.body, headers))
    signal, wait_until = js_request.signal, ctx.waitUntil
    deferred = DeferredWork(wait_until)
    with MEMORY.owned_by(MEMORY.new_owner()), sharing_timers():
        try:
            with cancelled_when_left(signal, wait_until):
                reply = await handle(request, gateway, log_line, deferred.defer)
        except asyncio.CancelledError:
            deferred.flush()
            return respond(None, CALLER_LEFT, {})
        if isinstance(reply.body, AsyncIterator):
            kind = RelayedStream if reply.relayed else PushStream
            content = kind(reply.body, reply.heartbeat).open(signal, wait_until)
        else:
            content = hand_over(reply.body, wait_until)
    response = respond(content, reply.status, reply.headers)
    deferred.flush()
    return response


def _believed(
    headers: Mapping[str, str], cf: Mapping[str, object] | None, settings: Settings
) -> Mapping[str, str]:
    """A request's headers, without `CF-Connecting-IP` where a caller may have written it.

    Cloudflare's edge overwrites that header, and names its data centre in `cf`; workerd by itself
    tells no more there than the address of the connection. With `CLIENT_ADDRESS_HEADER` the
    operator vouches for the header.
    """
    if (cf and cf.get("colo")) or settings.client_address_header is not None:
        return headers
    return {name: text for name, text in headers.items() if name != CLOUDFLARE_ADDRESS_HEADER}


def refuse(failure: Failure, url: str) -> Any:
    """Answer with a failure that comes before any request can be read, `/ready` in its shape."""
    request_id = f"req_{secrets.token_hex(16)}"
    log_line({"request_id": request_id, "status": failure.status, "error": failure.message})
    is_probe = path_of(url).removesuffix("/") == "/ready"
    reply = refuse_ready(failure.message) if is_probe else error_reply(failure)
    assert isinstance(reply.body, Sequence)  # noqa: S101 - an error is never streamed
    headers = {**reply.headers, **CrossOrigin().headers(), "x-request-id": request_id}
    return respond(small_body(reply.body), reply.status, guard_headers(headers))
