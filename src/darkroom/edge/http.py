"""The `Http` of the runtime: its `fetch`."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import cache
from typing import Any

import js
from js import URL, AbortController
from pyodide.ffi import JsException

from darkroom.address import Address, Credential, check_destination
from darkroom.blob import Blob
from darkroom.deadline import Deadline, IdleTimeout, out_of_time
from darkroom.edge.blob import join
from darkroom.edge.body_reader import TooLong, answer, is_small, read_all, read_small
from darkroom.edge.chunks import ChunkReader, UnfinishedLine
from darkroom.edge.json_objects import from_pairs, to_object
from darkroom.edge.promises import let_fail
from darkroom.errors import Busy, DeadlineExceeded, UpstreamBroken, UpstreamSilent
from darkroom.http import Part, Pause
from darkroom.memory_budget import AnswerTurnedAway


def read_headers(headers: Any) -> Mapping[str, str]:
    """JavaScript `Headers` as a mapping, names in lower case."""
    return from_pairs(headers)


class EdgeReply:
    """An upstream's answer; its body is read from a JavaScript stream."""

    def __init__(
        self, response: Any, controller: Any, deadline: Deadline, requested: Sequence[Part]
    ) -> None:
        self.status = int(response.status)
        self.headers = read_headers(response.headers)
        self._response = response
        self._controller = controller
        self._deadline = deadline
        self._over = False
        self._requested = requested  # an upstream may answer while it still reads

    async def read(self, limit: int) -> bytes:
        """The whole body as bytes; see `UpstreamReply.read`."""
        content = await self.read_blob(limit)
        return content.head(content.size)

    async def read_blob(self, limit: int) -> Blob:
        """The whole body, left in JavaScript's memory; see `UpstreamReply.read_blob`."""
        body, declared = self._response.body, self.headers.get("content-length")
        try:
            with self._deadline.enforced():
                if is_small(declared, limit) and "content-encoding" not in self.headers:
                    content = await read_small(body, declared)
                else:
                    content = await read_all(body, declared, limit, answer(_slow))
        except TooLong:
            raise UpstreamBroken(f"The upstream's answer is longer than {limit} bytes.") from None
        except Busy as busy:
            raise AnswerTurnedAway(busy.message, retry_after_s=busy.retry_after_s) from None
        except (OSError, JsException) as error:
            raise ConnectionError("the upstream broke off") from error
        self._over = True
        return content

    async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        """The body as it arrives; see `UpstreamReply.chunks`."""
        body = self._response.body
        if not body:
            return
        reader = ChunkReader(body, pause_s)
        idle_timeout, line = IdleTimeout(idle_s, self._deadline), UnfinishedLine()
        try:
            while chunk := await idle_timeout.wait_for(reader.take()):
                if line.add(chunk):
                    await line.wait_for_memory()
                yield chunk
            self._over = True
        except Busy as busy:
            raise AnswerTurnedAway(busy.message, retry_after_s=busy.retry_after_s) from None
        finally:
            idle_timeout.end()
            line.end()
            reader.close()

    async def first_chunk(self, *, idle_s: float) -> bytes:
        """The beginning of the body; see `RelayableReply.first_chunk`."""
        if not (body := self._response.body):
            self._over = True
            return b""
        reader = body.getReader()
        try:
            async with asyncio.timeout(min(idle_s, self._deadline.remaining_s())):
                result = await reader.read()
        except (OSError, JsException) as error:
            if isinstance(error, TimeoutError):
                raise out_of_time() if not self._deadline.remaining_s() else error from None
            raise ConnectionError("the upstream broke off") from error
        reader.releaseLock()
        self._over = bool(result.done)
        return b"" if result.done else bytes(result.value.to_bytes())

    async def pipe_to(self, stream: Any) -> None:
        """Hand what is left to a `WritableStream`; see `RelayableReply.pipe_to`."""
        options = {"preventClose": True, "preventAbort": True, "signal": self._controller.signal}
        piped = self._response.body.pipeTo(stream, **options)
        try:
            with self._deadline.enforced():
                await asyncio.shield(piped)
        except DeadlineExceeded:
            self._controller.abort()
            await asyncio.wait({piped})  # it lets go of the stream
            let_fail(piped)
            raise
        except asyncio.CancelledError:
            let_fail(piped)
            raise
        except (OSError, JsException) as error:
            raise ConnectionError("the upstream or the caller broke off") from error
        self._over = True

    async def close(self) -> None:
        """Abort whatever is left of the body."""
        self._requested = ()
        if not self._over:
            self._over = True
            self._controller.abort()


class EdgeHttp:
    """The way out to the network; see `Http`. Nothing else of this package calls `fetch`."""

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> EdgeReply:
        """Send a request; aborts it when the caller of this is cancelled or time is up."""
        url = URL.new(str(address))
        check_destination(str(url.origin), address, credential)
        sent = {**headers, **(credential.headers if credential else {})}
        controller = AbortController.new()
        options: dict[str, Any] = {
            "method": method,
            "headers": to_object(sent),
            "redirect": "manual",
            "signal": controller.signal,
        }
        if body:
            options["body"] = join(body)
        try:
            with deadline.enforced():
                response = await _fetch()(url, **options)
        except (asyncio.CancelledError, DeadlineExceeded):
            controller.abort()
            raise
        except (OSError, JsException) as error:
            raise ConnectionError("the upstream cannot be reached") from error
        return EdgeReply(response, controller, deadline, body)


@cache
def _fetch() -> Any:
    return js.fetch  # on first use: it is replaced when the runtime starts


def _slow() -> UpstreamSilent:
    return UpstreamSilent(
        "The upstream sent its answer too slowly, while other requests waited for memory."
    )
