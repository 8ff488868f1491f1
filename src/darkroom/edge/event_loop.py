"""Pyodide's event loop with cheaper callbacks and timers: `pyodide.webloop.WebLoop`, patched.

Every callback that is due at once goes through a JavaScript timer of its own there: 85 µs for each
step of a task, measured in workerd. Here those that are due run in one microtask, at about 10 µs,
and those that a promise makes due run within its own. A microtask ends within the turn that began
it, so no request's callbacks run on behalf of another.
What Pyodide keeps account of for hosts that end, such as each future that is not done and each
generator that was begun, costs another callback each; a Worker never ends by itself.

A cancelled handle leaves its JavaScript timer running there until its time has come, and whatever
the callback holds stays in memory: a deadline of five minutes would keep the objects of every
finished request for five minutes. Here cancelling takes the timer back, or what it holds.

There is a price: a task that polls with `asyncio.sleep(0)` never lets the host in, for what becomes
due in a microtask runs before the host's next event. Long work pauses by a timer of its own instead
(`darkroom.pauses`). The queue itself is not emptied by a timer: one request's timer would hold up
all the others, and for ever if that request ended. And callbacks run this way cannot suspend the
whole stack with `pyodide.ffi.run_sync`; `await` can.
"""

import asyncio
import math
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any

from js import queueMicrotask
from pyodide.ffi import create_proxy
from pyodide.webloop import PyodideFuture, WebLoop

from darkroom.edge.timers import Callback, Timer, wait_for

NEEDED = (
    "call_at",
    "call_later",
    "call_soon",
    "create_future",
    "create_task",
    "_install_running_loop",
    "_install_asyncgen_hooks",
)


class ReadyQueue:
    """The callbacks that are due, in the order in which they became so."""

    def __init__(self) -> None:
        self._callbacks: deque[Callback] = deque()
        self._scheduled = False
        self._wake: Any = None  # made on first use: a snapshot holds no JavaScript values

    def add(self, callback: Callback) -> None:
        """Run a callback before the current turn ends."""
        self._callbacks.append(callback)
        if not self._scheduled:
            self._schedule()

    def run_after(self, step: Callable[[Any], None], argument: Any) -> None:
        """Take a step that JavaScript has called for, and run at once what it makes due.

        Within a turn that has its place in the queue.
        """
        if self._scheduled:
            step(argument)
            return
        self._scheduled = True
        try:
            step(argument)
        finally:
            if self._callbacks:
                self._run()
            else:
                self._scheduled = False

    def _schedule(self) -> None:
        self._scheduled = True
        self._wake = self._wake or queueMicrotask.bind(None, create_proxy(self._run))
        self._wake()

    def _run(self) -> None:
        callbacks = self._callbacks
        try:
            callbacks[0].enter_loop()
            while callbacks:
                callbacks.popleft().run()
        finally:  # only what is meant to end the interpreter comes out of a callback
            self._scheduled = False
            if callbacks:
                self._schedule()


_ready = ReadyQueue()


class _Future(PyodideFuture):
    """A future, as which Python sees each promise; what waits for it needs no further turn."""

    def set_result(self, result: Any) -> None:
        """Let what waits go on."""
        _ready.run_after(super().set_result, result)

    def set_exception(self, exception: type | BaseException) -> None:
        """Let what waits fail."""
        _ready.run_after(super().set_exception, exception)


_closing: set[asyncio.Future[None]] = set()


def _call_soon(
    self: Any, callback: Callable[..., Any], *args: Any, context: Context | None = None
) -> Callback:
    handle = Callback(self, callback, args, copy_context() if context is None else context)
    _ready.add(handle)
    return handle


def _call_later(
    self: Any,
    delay: float,
    callback: Callable[..., Any],
    *args: Any,
    context: Context | None = None,
) -> Callback:
    return _call_in(self, delay, time.monotonic() + delay, callback, args, context)


def _call_at(
    self: Any,
    when: float,
    callback: Callable[..., Any],
    *args: Any,
    context: Context | None = None,
) -> Callback:
    return _call_in(self, when - time.monotonic(), when, callback, args, context)


def _call_in(  # noqa: PLR0917 - what a handle is made of
    self: Any,
    delay_s: float,
    when: float,
    callback: Callable[..., Any],
    args: tuple[Any, ...],
    context: Context | None,
) -> Callback:
    """Call back in `delay_s`, which is at `when`."""
    context = copy_context() if context is None else context
    if 0 < delay_s < math.inf:
        return wait_for(Timer(self, callback, args, context, when), delay_s)
    handle = Callback(self, callback, args, context)
    if delay_s <= 0:
        _ready.add(handle)
    return handle


def _create_future(self: Any) -> asyncio.Future[Any]:
    return _Future(loop=self)


def _create_task(
    self: Any, coro: Coroutine[Any, Any, Any], *, name: str | None = None, **more: Any
) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=self, name=name, **more)


def _finalize(generator: AsyncGenerator[Any, Any]) -> None:
    """Close a generator that was left half-way, as a loop does for those that it knows."""
    _closing.add(task := asyncio.ensure_future(generator.aclose()))
    task.add_done_callback(_closing.discard)


def _install_asyncgen_hooks(_loop: object) -> None:
    if sys.get_asyncgen_hooks().finalizer is not _finalize:
        sys.set_asyncgen_hooks(firstiter=None, finalizer=_finalize)


def install_event_loop() -> None:
    """Let the runtime's event loop work this way, if it is built as expected."""
    if not all(hasattr(WebLoop, name) for name in NEEDED):
        print('{"warning": "the event loop is not built as expected and runs slower"}')
        return
    _install_asyncgen_hooks(None)  # of the state whose loop runs already
    WebLoop.call_soon = _call_soon
    WebLoop.call_later = _call_later
    WebLoop.call_at = _call_at
    WebLoop.create_future = _create_future
    WebLoop.create_task = _create_task
    WebLoop._install_asyncgen_hooks = _install_asyncgen_hooks
