"""Promises of the runtime that nobody waits for.

Pyodide gives each promise as a future. Its own `catch` and `then` make a task and another future
for each call.
"""

import asyncio
from typing import Any


def let_fail(promise: "asyncio.Future[Any]") -> None:
    """Let a promise end as it may."""
    promise.add_done_callback(_look)


def _look(promise: "asyncio.Future[Any]") -> None:
    """Read the failure, which would be reported as one that nobody has seen."""
    if not promise.cancelled():
        promise.exception()
