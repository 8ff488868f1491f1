"""A reader of a streamed body: takes its chunks as they come, ahead of whoever waits for them."""

import asyncio
from typing import Any

import js
from pyodide.ffi import create_proxy, to_js

MAX_AHEAD_BYTES = 256 * 1024


class ChunkReader:
    """Reads the chunks of a JavaScript stream of bytes.

    The runtime pipes them into a `WritableStream` whose methods are these: to read them one by one
    makes five JavaScript objects for Python each time, at some 15 µs each. Several chunks wake
    their reader once.
    """

    def __init__(self, body: Any) -> None:
        methods = {"write": self._write, "close": self._end, "abort": self._fail}
        self._proxies = [create_proxy(method) for method in methods.values()]
        pairs = zip(methods, self._proxies, strict=True)
        self._chunks: list[bytes] = []
        self._ahead_bytes = 0
        self._over = self._closed = False
        self._error: BaseException | None = None
        self._waiting: asyncio.Future[None] | None = None  # for a chunk
        self._taken: asyncio.Future[None] | None = None  # of those that are ahead
        sink = js.WritableStream.new(js.Object.fromEntries(to_js([list(pair) for pair in pairs])))
        body.pipeTo(sink).add_done_callback(self._release)

    async def take(self) -> bytes:
        """All that has come since the last call, at least a byte; nothing at the end.

        Raises `ConnectionError` when the connection broke off.
        """
        while not self._chunks:
            if self._error is not None:
                raise ConnectionError("the upstream broke off") from self._error
            if self._over:
                return b""
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        taken = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._drop()
        return taken

    def close(self) -> None:
        """Drop the rest; a write that stayed pending would hold the body in memory."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        self._chunks.clear()
        self._ahead_bytes = 0
        if self._taken is not None:
            self._taken.set_result(None)
            self._taken = None

    def _write(self, chunk: Any, _controller: object = None) -> Any:
        """Take a chunk; the promise that this may return holds up the next."""
        if self._closed:
            return None
        content: bytes = chunk.to_bytes()
        self._chunks.append(content)
        self._ahead_bytes += len(content)
        self._wake()
        if self._ahead_bytes < MAX_AHEAD_BYTES:
            return None
        self._taken = asyncio.get_running_loop().create_future()
        return self._taken

    def _end(self) -> None:
        self._over = True
        self._wake()

    def _fail(self, reason: object = None) -> None:
        self._over = True
        self._error = OSError(str(reason))
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _release(self, piped: "asyncio.Future[None]") -> None:
        """Let go of the proxies; the runtime calls none of them any more."""
        if not piped.cancelled():
            piped.exception()  # `_fail` was told
        proxies, self._proxies = self._proxies, []
        for proxy in proxies:
            proxy.destroy()
