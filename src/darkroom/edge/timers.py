"""Timers that are taken back when nobody waits for them any more.

Pyodide's event loop lets the JavaScript timer of a cancelled handle run on until its time has come
(`pyodide.webloop.WebLoop.call_later`), and keeps for so long whatever the callback holds: a
deadline of five minutes would keep the objects of every finished request for five minutes.
"""

import asyncio
import contextvars
import math
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import create_proxy
from pyodide.webloop import WebLoop

MAX_TIMEOUT_MS = 2**31 - 1  # what setTimeout takes


class Timer(asyncio.Handle):
    """A handle that owns its JavaScript timer."""

    def start(self, delay_ms: float) -> None:
        """Set the timer."""
        self._proxy = create_proxy(self._fire)
        self._id = js.setTimeout(self._proxy, delay_ms)

    def cancel(self) -> None:
        """Take the timer back."""
        if not self.cancelled():
            super().cancel()
            self._release()

    def _fire(self) -> None:
        self._release()
        loop: Any = self._loop  # type: ignore[attr-defined]
        loop._install_running_loop()
        loop._install_asyncgen_hooks()
        self._run()

    def _release(self) -> None:
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            js.clearTimeout(self._id)
            proxy.destroy()


def install_timers() -> None:
    """Let the runtime's event loop use these timers for everything that is not due at once."""
    call_soon_or_later = WebLoop.call_later

    def call_later(
        self: Any,
        delay: float,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        if delay <= 0 or delay == math.inf:
            handle: asyncio.Handle = call_soon_or_later(
                self, delay, callback, *args, context=context
            )
            return handle
        timer = Timer(callback, args, self, context)
        timer.start(min(delay * 1000, MAX_TIMEOUT_MS))
        return timer

    WebLoop.call_later = call_later
