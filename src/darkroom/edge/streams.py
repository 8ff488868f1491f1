"""An async generator as a `ReadableStream` that is pulled (reference/python-workers.md 2.7)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import js
from pyodide.ffi import create_proxy, to_js

from darkroom.edge.blob import MEMORY, to_array
from darkroom.http import Part


class PullStream:
    """Gives a generator's parts to the runtime as it asks for them.

    When the caller leaves, the generator is closed at once, wherever it waits, so that its own
    clean-up runs. That of a generator which was never started would not: the first part is asked
    for at once, the others when they are wanted.
    """

    def __init__(self, source: AsyncIterator[Part]) -> None:
        self._source = source
        self._first: asyncio.Future[Part | None] | None = None
        self._pulling: asyncio.Task[None] | None = None
        self._stopping: asyncio.Future[None] | None = None
        self._proxies: list[Any] = []
        self._signal: Any = None
        self._owner = MEMORY.current_owner()
        self._sent: Part | None = None  # kept until the next is asked for: then it has been read

    def open(self, signal: Any, wait_until: Callable[[Any], None]) -> Any:
        """The JavaScript stream.

        `signal` is the request's, which fires when the caller leaves, as the stream's own `cancel`
        does; `wait_until` lets the clean-up finish after that.
        """

        def abort(_event: object = None) -> None:
            wait_until(asyncio.ensure_future(self.stop()))

        self._first = asyncio.ensure_future(anext(self._source, None))
        self._proxies = [create_proxy(call) for call in (self._pull, self._cancel, abort)]
        pull, cancel, on_abort = self._proxies
        if signal:
            self._signal = signal
            signal.addEventListener("abort", on_abort)
        source = js.Object.fromEntries(to_js([["pull", pull], ["cancel", cancel]]))
        strategy = js.Object.fromEntries(to_js([["highWaterMark", 0]]))
        return js.ReadableStream.new(source, strategy)

    async def stop(self) -> None:
        """Close the generator; several calls at once wait for the same closing."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._close())
        await asyncio.shield(self._stopping)

    async def _pull(self, controller: Any) -> None:
        self._pulling = asyncio.current_task()  # Pyodide has made one for this call
        try:
            with MEMORY.owned_by(self._owner):
                part = await (self._first or anext(self._source, None))
        except asyncio.CancelledError:
            return
        finally:
            self._first = self._pulling = None
        if part is None:
            controller.close()
            self._release()
        else:
            self._sent = part
            controller.enqueue(to_array(part))

    async def _cancel(self, _reason: object = None) -> None:
        await self.stop()

    async def _close(self) -> None:
        waiting = [task for task in (self._pulling, self._first) if task is not None]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()
        self._release()

    def _release(self) -> None:
        """Let go of the proxies; the runtime calls none of them any more."""
        proxies, self._proxies = self._proxies, []
        if self._signal is not None and proxies:
            self._signal.removeEventListener("abort", proxies[-1])
            self._signal = None
        for proxy in proxies:
            proxy.destroy()
