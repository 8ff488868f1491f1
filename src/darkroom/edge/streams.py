"""A streamed response as a `ReadableStream` of the runtime (reference/python-workers.md 2.7)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from js import Array, Event, EventTarget, IdentityTransformStream, Object, ReadableStream
from pyodide.ffi import JsException, to_js

from darkroom.edge.blob import to_array
from darkroom.edge.callbacks import JsCallback
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
        self._callbacks: list[JsCallback] = []

    def open(self, signal: Any, wait_until: Callable[[Any], None]) -> Any:
        """The JavaScript stream.

        `signal` is the request's, which fires when the caller leaves, as the stream's own `cancel`
        does; `wait_until` lets the clean-up finish after that.
        """

        def abort() -> None:
            wait_until(asyncio.ensure_future(self._pump.stop()))

        if signal:
            signal.addEventListener("abort", self._callable(abort))
        stream = self._make_stream()
        self._pump.start().add_done_callback(self._release)
        return stream

    def _make_stream(self) -> Any:
        """The stream, whose controller is written to.

        That its reader asks for more is an event of JavaScript's own, which Python hears of when it
        waits for that.
        """
        started, self._reads = Array.new(), EventTarget.new()
        methods = [
            ["start", Array.prototype.push.bind(started)],
            ["pull", self._reads.dispatchEvent.bind(self._reads, Event.new(READ))],
            ["cancel", self._callable(self._pump.stop)],
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
            self._on_read = self._callable(self._pump.note_read)
        self._reads.addEventListener(READ, self._on_read, once=True)

    def _callable(self, function: Callable[[], object]) -> Any:
        """A function for JavaScript, until the stream is over."""
        self._callbacks.append(callback := JsCallback(function))
        return callback.bound()

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
        """Let go of the functions; the runtime calls none of them any more."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback.release()


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
        self._written.add_done_callback(lambda _: self._pump.note_read())

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
