"""Detection of stalled transfers."""

import asyncio
from collections import deque
from collections.abc import Callable

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


class supervised:
    """A block during which `check` is asked each second; raises the failure that it returns.

    A single timer is set for the block, however much is awaited in it. A class, as a generator in
    its place is a dozen calls more, on the way of every request.
    """

    __slots__ = ("_cancelling", "_check", "_failure", "_task", "_timer")

    def __init__(self, check: Callable[[], Failure | None]) -> None:
        self._check = check
        self._failure: Failure | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - something awaits this
        self._task, self._cancelling = task, task.cancelling()
        self._set_timer()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self._timer.cancel()
        is_ours = self._failure is not None and isinstance(error, asyncio.CancelledError)
        if is_ours and self._task.uncancel() <= self._cancelling:
            raise self._failure from None  # type: ignore[misc]

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CHECK_S, self._look)

    def _look(self) -> None:
        self._failure = self._check()
        if self._failure is None:
            self._set_timer()
        else:
            self._task.cancel()
