"""Callbacks of the event loop, and the timers of JavaScript's that they wait for.

To set a timer and to take it back are crossings, with a proxy for the function. Most timers of a
request only guard it against what hardly ever happens, and are taken back at once: those of one
request share a single timer of JavaScript's.
"""

import math
import time
from asyncio import _get_running_loop
from collections.abc import Callable
from contextvars import Context, ContextVar
from heapq import heappop, heappush
from itertools import count
from typing import Any

from js import clearTimeout, setTimeout
from pyodide.ffi import create_proxy

MAX_TIMEOUT_MS = 2**31 - 1  # what setTimeout takes
SHARED_FROM_S = 1.0  # a shorter one is meant to come
EARLY_S = 0.002  # that the host's timers may come before their time

_order = count()  # of timers that are due at the same time


class Callback:
    """A callback that is due, or will be: what `asyncio.Handle` is, at a fraction of its price."""

    __slots__ = ("_args", "_callback", "_context", "_loop")

    def __init__(
        self, loop: Any, callback: Callable[..., Any], args: tuple[Any, ...], context: Context
    ) -> None:
        self._loop = loop
        self._callback: Callable[..., Any] | None = callback
        self._args = args
        self._context = context

    def cancel(self) -> None:
        """Let it never run, and let go of what it holds."""
        self._callback = None
        self._args = ()

    def cancelled(self) -> bool:
        """True once it was cancelled."""
        return self._callback is None

    def enter_loop(self) -> None:
        """Make its loop the running one, which each call from JavaScript has to see to.

        Loop and hooks belong to a thread's state, of which Pyodide may have several.
        """
        if _get_running_loop() is not self._loop:
            self._loop._install_running_loop()
            self._loop._install_asyncgen_hooks()

    def run(self) -> None:
        """Run it, if it was not cancelled; whatever it raises goes to the loop's handler."""
        if (callback := self._callback) is None:
            return
        try:
            self._context.run(callback, *self._args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            message = f"Exception in callback {callback!r}"
            self._loop.call_exception_handler({"message": message, "exception": error})


class Timer(Callback):
    """A callback that waits for `when`, on `time.monotonic()`, with the other timers of a host."""

    __slots__ = ("host", "when")

    def __init__(
        self,
        loop: Any,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        context: Context,
        when: float,
    ) -> None:
        self._loop = loop
        self._callback = callback
        self._args = args
        self._context = context
        self.when = when
        self.host: SharedTimers | None = None

    def cancel(self) -> None:
        """Take the timer back, where no other waits for it."""
        if self._callback is not None:
            self._callback = None
            self._args = ()
            if self.host is not None:
                self.host.leave()
                self.host = None


class SharedTimers:
    """Timers that share one of JavaScript's, which is set for the first that is due.

    It is taken back when this is closed and the last of them is over.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Timer]] = []
        self._count = 0  # of timers that were not cancelled, once it is closed
        self.is_open = True  # more timers may join
        self._set_for = math.inf
        self._proxy: Any = None
        self._id: Any = None

    def add(self, timer: Timer) -> None:
        """Wait for one more."""
        when = timer.when
        heappush(self._waiting, (when, next(_order), timer))
        if when < self._set_for:
            self._set(min(when, time.monotonic() + SHARED_FROM_S) if self.is_open else when)

    def leave(self) -> None:
        """Wait for one less."""
        self._count -= 1
        if not self._count:
            self._release()

    def close(self) -> None:
        """Take no more of them."""
        self.is_open = False
        for _, _, timer in self._waiting:
            if not timer.cancelled():
                timer.host = self
                self._count += 1
        if not self._count:
            self._release()

    def _set(self, when: float) -> None:
        if self._proxy is None:
            self._proxy = create_proxy(self._fire)
        elif self._set_for < math.inf:
            clearTimeout(self._id)
        self._set_for = when
        delay_ms = min(max(0.0, (when - time.monotonic()) * 1000), MAX_TIMEOUT_MS)
        self._id = setTimeout(self._proxy, delay_ms)

    def _fire(self) -> None:
        self._set_for = math.inf
        now, waiting = time.monotonic() + EARLY_S, self._waiting
        due: list[Timer] = []
        while waiting and (waiting[0][2].cancelled() or waiting[0][0] <= now):
            timer = heappop(waiting)[2]
            if not timer.cancelled():
                due.append(timer)
        if waiting:
            self._set(waiting[0][0])
        for timer in due:
            timer.enter_loop()
            if timer.host is not None:
                timer.host = None
                self.leave()
            timer.run()

    def _release(self) -> None:
        if self._proxy is None:
            return
        if self._set_for < math.inf:
            clearTimeout(self._id)
            self._set_for = math.inf
        self._waiting.clear()
        proxy, self._proxy = self._proxy, None
        proxy.destroy()


_shared: ContextVar[SharedTimers | None] = ContextVar("shared timers", default=None)


def wait_for(timer: Timer, delay_s: float) -> Timer:
    """Let a timer wait: with those of the current request, or alone where it is short.

    Outside of a request, and when it is over, each waits alone.
    """
    shared = _shared.get() if delay_s >= SHARED_FROM_S else None
    if shared is not None and shared.is_open:
        shared.add(timer)
    else:
        (alone := SharedTimers()).add(timer)
        alone.close()
    return timer


class sharing_timers:
    """A block whose timers share one of JavaScript's: a request's, which is one of the runtime's.

    What the block starts goes on with timers of its own when it is over: no timer of the runtime's
    may wait on behalf of another request. A class, as a generator in its place costs more.
    """

    __slots__ = ("_timers", "_token")

    def __enter__(self) -> None:
        self._timers = SharedTimers()
        self._token = _shared.set(self._timers)

    def __exit__(self, *_: object) -> None:
        _shared.reset(self._token)
        self._timers.close()
