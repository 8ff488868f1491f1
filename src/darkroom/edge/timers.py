"""Callbacks of the event loop, and the timers of JavaScript's that they wait for.

To set a timer and to take it back are crossings, with a proxy for the function. Most timers of a
request only guard it against what hardly ever happens, and are taken back at once: those of one
request share a single timer of JavaScript's.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        """Make its loop the running one, which each call from JavaScript has to do."""
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
    """A callback that waits for its time."""

    __slots__ = ("_host", "when")

    def start(self, delay_s: float, shared: "SharedTimers | None") -> None:
        """Wait, by a timer of JavaScript's own for this, or one that it shares."""
        self.when = time.monotonic() + delay_s
        alone = shared is None or delay_s < SHARED_FROM_S
        self._host: SharedTimers | None = SharedTimers() if alone else shared
        assert self._host is not None  # noqa: S101 - for the type checker
        self._host.add(self)
        if alone:
            self._host.close()

    def cancel(self) -> None:
        """Take the timer back, where no other waits for it."""
        if not self.cancelled():
            super().cancel()
            self.leave()

    def leave(self) -> None:
        """Wait no longer."""
        host, self._host = self._host, None
        if host is not None:
            host.leave()


class SharedTimers:
    """Timers that share one of JavaScript's, which is set for the first that is due.

    It is taken back when this is closed and the last of them is over.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Timer]] = []
        self._count = 0  # of timers that were not cancelled
        self._is_open = True
        self._set_for: float | None = None
        self._proxy: Any = None
        self._id: Any = None

    @property
    def is_open(self) -> bool:
        """True while more timers may join."""
        return self._is_open

    def add(self, timer: Timer) -> None:
        """Wait for one more."""
        self._count += 1
        heappush(self._waiting, (timer.when, next(_order), timer))
        if self._set_for is None or timer.when < self._set_for:
            self._set(timer.when)

    def leave(self) -> None:
        """Wait for one less."""
        self._count -= 1
        self._release_if_over()

    def close(self) -> None:
        """Take no more of them."""
        self._is_open = False
        self._release_if_over()

    def _set(self, when: float) -> None:
        if self._proxy is None:
            self._proxy = create_proxy(self._fire)
        elif self._set_for is not None:
            clearTimeout(self._id)
        self._set_for = when
        self._id = setTimeout(self._proxy, max(0.0, (when - time.monotonic()) * 1000))

    def _fire(self) -> None:
        self._set_for = None
        now, waiting, due = time.monotonic() + EARLY_S, self._waiting, list[Timer]()
        while waiting and (waiting[0][2].cancelled() or waiting[0][0] <= now):
            timer = heappop(waiting)[2]
            if not timer.cancelled():
                due.append(timer)
        if waiting:
            self._set(waiting[0][0])
        for timer in due:
            timer.enter_loop()
            timer.leave()
            timer.run()

    def _release_if_over(self) -> None:
        if self._is_open or self._count or self._proxy is None:
            return
        if self._set_for is not None:
            clearTimeout(self._id)
            self._set_for = None
        self._waiting.clear()
        proxy, self._proxy = self._proxy, None
        proxy.destroy()


_shared: ContextVar[SharedTimers | None] = ContextVar("shared timers", default=None)


def shared_timers() -> SharedTimers | None:
    """The timers that the current request shares; None outside of one, and when it is over."""
    timers = _shared.get()
    return timers if timers is not None and timers.is_open else None


@contextmanager
def sharing_timers() -> Iterator[None]:
    """A block whose timers share one of JavaScript's: a request's, which is one of the runtime's.

    What the block starts goes on with timers of its own when it is over: no timer of the runtime's
    may wait on behalf of another request.
    """
    timers = SharedTimers()
    token = _shared.set(timers)
    try:
        yield
    finally:
        _shared.reset(token)
        timers.close()
