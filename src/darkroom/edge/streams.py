"""A streamed response as a `ReadableStream` of the runtime (reference/python-workers.md 2.7)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from js import Array, Event, EventTarget, IdentityTransformStream, Object, ReadableStream
from pyodide.ffi import JsException, create_proxy, to_js

from darkroom.edge.blob import to_array
from darkroom.edge.promises import let_fail
from darkroom.http import Part, RelayableReply, Remainder
from darkroom.stream_pump import StreamPump

READ = "read"


class PushStream:
    """Gives a generator's parts to the runtime as they come; see `StreamPump`."""

    def __init__(self, source: AsyncIterator[Part | Remainder], heartbeat: bytes = b"") -> None:
        self._pump = StreamPump(
            source, heartbeat, self._write, self._close, self._pipe, listen=self._listen
        )
        self._controller: Any = None
        self._reads: Any = None  # the target of events
        self._on_read: Any = None
        self._proxies: list[Any] = []
        self._signal: Any = None

    def open(self, signal: Any, wait_until: Callable[[Any], None]) -> Any:
        """The JavaScript stream.

        `signal` is the request's, which fires when the caller leaves, as the stream's own `cancel`
        does; `wait_until` lets the clean-up finish after that.
        """

        def abort(_event: object = None) -> None:
            wait_until(asyncio.ensure_future(self._pump.stop()))

        on_abort = create_proxy(abort)
        self._proxies.append(on_abort)
        if signal:
            self._signal = signal
            signal.addEventListener("abort", on_abort)
        stream = self._make_stream()
        self._pump.start().add_done_callback(self._release)
        return stream

    def _make_stream(self) -> Any:
        """The stream, whose controller is written to.

        That its reader asks for more is an event of JavaScript's own, which Python hears of when it
        waits for that.
        """
        started, self._reads = Array.new(), EventTarget.new()
        self._proxies.append(on_cancel := create_proxy(self._cancel))
        methods = [
            ["start", Array.prototype.push.bind(started)],
            ["pull", self._reads.dispatchEvent.bind(self._reads, Event.new(READ))],
            ["cancel", on_cancel],
        ]
        source = Object.fromEntries(to_js(methods))
        # Without a queue of its own it pulls only when all that was sent has been read.
        strategy = Object.fromEntries(to_js([["highWaterMark", 0]]))
        stream = ReadableStream.new(source, strategy)
        self._controller = started.pop()
        return stream

    def _listen(self) -> None:
        """Tell the pump when all that was written has been read."""
        if self._on_read is None:
            self._on_read = create_proxy(self._note_read)
            self._proxies.append(self._on_read)
        self._reads.addEventListener(READ, self._on_read, once=True)

    def _note_read(self, _event: object = None) -> None:
        self._pump.note_read()

    async def _cancel(self, _reason: object = None) -> None:
        await self._pump.stop()

    def _write(self, part: Part) -> None:
        if not self._controller.desiredSize:
            self._pump.note_read()
        try:
            self._controller.enqueue(to_array(part))
        except JsException as gone:
            raise ConnectionError from gone

    def _close(self) -> None:
        try:
            self._controller.close()
        except JsException as gone:
            raise ConnectionError from gone

    async def _pipe(self, reply: RelayableReply) -> None:
        raise NotImplementedError("only a `RelayedStream` relays")

    def _release(self, _task: object = None) -> None:
        """Let go of the proxies; the runtime calls none of them any more."""
        proxies, self._proxies = self._proxies, []
        if self._signal is not None and proxies:
            self._signal.removeEventListener("abort", proxies[0])
            self._signal = None
        if self._on_read is not None:
            self._reads.removeEventListener(READ, self._on_read)
        for proxy in proxies:
            proxy.destroy()


class RelayedStream(PushStream):
    """Gives the runtime a beginning, and the rest of an upstream's body to hand on by itself."""

    _writable: Any = None
    _writer: Any = None
    _written: Any = None  # a promise of the latest part

    def _make_stream(self) -> Any:
        stream = IdentityTransformStream.new()
        self._writable = stream.writable
        self._writer = self._writable.getWriter()
        return stream.readable

    def _write(self, part: Part) -> None:
        self._written = self._writer.write(to_array(part))
        let_fail(self._written)  # a reader who is gone is noticed by what follows
        self._pump.note_read()

    def _listen(self) -> None:
        self._written.add_done_callback(self._note_read)

    def _close(self) -> None:
        let_fail(self._writer.close())

    async def _pipe(self, reply: RelayableReply) -> None:
        try:
            await self._written
        except JsException as gone:
            raise ConnectionError from gone
        self._writer.releaseLock()
        try:
            await reply.pipe_to(self._writable)
        finally:
            self._writer = self._writable.getWriter()
