"""Callers who leave before they were answered, as far as the runtime notices."""

import asyncio
from collections.abc import Callable
from typing import Any

from pyodide.ffi import create_proxy


class cancelled_when_left:
    """A block that is cancelled, with its task, when the caller leaves.

    `signal` is the request's. What a caller waited for ends with the connection: `wait_until` lets
    the clean-up finish. A class, as a generator in its place costs more.
    """

    __slots__ = ("_on_abort", "_signal", "_task", "_wait_until")

    def __init__(self, signal: Any, wait_until: Callable[[Any], None]) -> None:
        self._signal = signal
        self._wait_until = wait_until

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - Pyodide has made one for this call
        self._task = task
        self._on_abort = create_proxy(self._leave)
        self._signal.addEventListener("abort", self._on_abort)

    def __exit__(self, *_: object) -> None:
        self._signal.removeEventListener("abort", self._on_abort)
        self._on_abort.destroy()

    def _leave(self, _event: object = None) -> None:
        self._task.cancel()
        self._wait_until(asyncio.ensure_future(asyncio.wait({self._task})))
