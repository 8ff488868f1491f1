"""Detection of stalled transfers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from darkroom.errors import Failure, InvalidRequest

CHECK_S = 1.0


class RequestTimeout(InvalidRequest):
    """The request's body did not come, or came too slowly."""

    status = 408
    default_code = "request_timeout"


class TransferRate:
    """Tells how fast a transfer moves, from its total at each check."""

    def __init__(self, window_checks: int) -> None:
        self._totals: deque[int] = deque([0], maxlen=window_checks + 1)
        self._window_checks = window_checks
        self.idle_checks = 0

    def note(self, total_bytes: int) -> None:
        """Take the number of bytes that have been moved so far."""
        self.idle_checks = 0 if total_bytes > self._totals[-1] else self.idle_checks + 1
        self._totals.append(total_bytes)

    def is_below(self, window_bytes: int) -> bool:
        """Whether fewer bytes than that were moved in the last whole window."""
        whole = len(self._totals) > self._window_checks
        return whole and self._totals[-1] - self._totals[0] < window_bytes


@asynccontextmanager
async def supervised(check: Callable[[], Failure | None]) -> AsyncIterator[None]:
    """Ask `check` each second during the block; raises the failure that it returns.

    A single timer is set for the block, however much is awaited in it.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None  # noqa: S101 - something awaits this
    cancelling = task.cancelling()
    failure: Failure | None = None
    timer: asyncio.Handle

    def look() -> None:
        nonlocal failure, timer
        failure = check()
        if failure is None:
            timer = loop.call_later(CHECK_S, look)
        else:
            task.cancel()

    timer = loop.call_later(CHECK_S, look)
    try:
        yield
    except asyncio.CancelledError:
        if failure is None or task.uncancel() > cancelling:
            raise
        raise failure from None
    finally:
        timer.cancel()
