"""Pyodide's event loop with cheaper timers: `pyodide.webloop.WebLoop.call_later`, patched.

Every callback that is due at once goes through a JavaScript timer of its own there: 85 µs for each
step of a task, measured in workerd. Here those that are due run in one microtask, at about 10 µs. A
microtask ends within the turn that began it, so no request's callbacks run on behalf of another.

A cancelled handle leaves its JavaScript timer running there until its time has come, and whatever
the callback holds stays in memory: a deadline of five minutes would keep the objects of every
finished request for five minutes. Here cancelling takes the timer back.

There is a price: a task that polls with `asyncio.sleep(0)` never lets the host in, for what becomes
due in a microtask runs before the host's next event. Long work pauses by a timer of its own instead
(`darkroom.pauses`). The queue itself is not emptied by a timer: one request's timer would hold up
all the others, and for ever if that request ended. And callbacks run this way cannot suspend the
whole stack with `pyodide.ffi.run_sync`; `await` can.
"""

import asyncio
import contextvars
import math
from collections import deque
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import create_proxy
from pyodide.webloop import WebLoop

MAX_TIMEOUT_MS = 2**31 - 1  # what setTimeout takes
NEEDED = ("call_later", "_install_running_loop", "_install_asyncgen_hooks")


class ReadyQueue:
    """The handles that are due, in the order in which they became so."""

    def __init__(self) -> None:
        self._handles: deque[asyncio.Handle] = deque()
        self._scheduled = False
        self._wake: Any = None  # made on first use: a snapshot holds no JavaScript values

    def add(self, handle: asyncio.Handle) -> None:
        """Run a handle before the current turn ends."""
        self._handles.append(handle)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._wake = self._wake or js.queueMicrotask.bind(None, create_proxy(self._run))
            self._wake()

    def _run(self) -> None:
        try:
            while self._handles:
                run(self._handles.popleft())
        finally:  # only what is meant to end the interpreter comes out of a handle
            self._scheduled = False
            if self._handles:
                self._schedule()


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
        run(self)

    def _release(self) -> None:
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            js.clearTimeout(self._id)
            proxy.destroy()


def run(handle: asyncio.Handle) -> None:
    """Run a handle as its loop would: as the running loop, and not if it was cancelled."""
    if not handle.cancelled():
        loop: Any = handle._loop  # type: ignore[attr-defined]
        loop._install_running_loop()
        loop._install_asyncgen_hooks()
        handle._run()


def install_event_loop() -> None:
    """Let the runtime's event loop work this way, if it is built as expected."""
    if not all(hasattr(WebLoop, name) for name in NEEDED):
        print('{"warning": "the event loop is not built as expected and runs slower"}')
        return
    ready = ReadyQueue()

    def call_later(
        self: Any,
        delay: float,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        if delay > 0 and delay != math.inf:
            timer = Timer(callback, args, self, context)
            timer.start(min(delay * 1000, MAX_TIMEOUT_MS))
            return timer
        handle = asyncio.Handle(callback, args, self, context)
        if delay <= 0:
            ready.add(handle)
        return handle

    WebLoop.call_later = call_later
