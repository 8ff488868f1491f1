"""Callers who leave before they were answered, as far as the runtime notices."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pyodide.ffi import create_proxy


@contextmanager
def cancelled_when_left(signal: Any, wait_until: Callable[[Any], None]) -> Iterator[None]:
    """A block that is cancelled, with its task, when the caller leaves.

    `signal` is the request's. What a caller waited for ends with the connection: `wait_until` lets
    the clean-up finish.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - Pyodide has made one for this call

    def leave(_event: object = None) -> None:
        task.cancel()
        wait_until(asyncio.ensure_future(asyncio.wait({task})))

    on_abort = create_proxy(leave)
    signal.addEventListener("abort", on_abort)
    try:
        yield
    finally:
        signal.removeEventListener("abort", on_abort)
        on_abort.destroy()
