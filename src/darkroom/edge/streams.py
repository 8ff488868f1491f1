"""An async generator as a `ReadableStream` that is pulled (reference/python-workers.md 2.7)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import js
from pyodide.ffi import create_proxy, to_js

from darkroom.edge.blob import to_array
from darkroom.http import Part


class PullStream:
    """Gives a generator's parts to the runtime as it asks for them.

    When the caller leaves, the generator is closed at once, wherever it waits, so that its own
    clean-up runs.
    """

    def __init__(self, source: AsyncIterator[Part]) -> None:
        self._source = source
        self._pending: asyncio.Future[Part] | None = None
        self._proxies: list[Any] = []
        self._stopping: asyncio.Future[None] | None = None

    def open(self) -> Any:
        """The JavaScript stream."""
        self._proxies = [create_proxy(self._pull), create_proxy(self._cancel)]
        pull, cancel = self._proxies
        source = js.Object.fromEntries(to_js([["pull", pull], ["cancel", cancel]]))
        strategy = js.Object.fromEntries(to_js([["highWaterMark", 0]]))
        return js.ReadableStream.new(source, strategy)

    async def stop(self) -> None:
        """Close the generator; several calls at once wait for the same closing."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._close())
        await asyncio.shield(self._stopping)

    async def _pull(self, controller: Any) -> None:
        self._pending = asyncio.ensure_future(anext(self._source))
        try:
            part = await self._pending
        except StopAsyncIteration:
            controller.close()
            self._release()
        except asyncio.CancelledError:
            return
        except Exception:
            controller.error(js.Error.new("the stream broke"))
            self._release()
            raise
        else:
            controller.enqueue(to_array(part))

    async def _cancel(self, reason: object = None) -> None:
        await self.stop()

    async def _close(self) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.cancel()
            await asyncio.wait({self._pending})
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()
        self._release()

    def _release(self) -> None:
        """Destroy the proxies, once the runtime cannot call them any more."""
        proxies, self._proxies = self._proxies, []
        for proxy in proxies:
            asyncio.get_running_loop().call_soon(proxy.destroy)
