"""The deadline of a request, and shorter time limits inside it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from darkroom.errors import DeadlineExceeded, Failure

T = TypeVar("T")

LONGEST_CLOSING_S = 2.0
CLOSING_SHARE = 0.1


_UNLIMITED: AbstractContextManager[None] = nullcontext()


class Clock(Protocol):
    """The time, handed in so that pure code need not ask for it."""

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""
        ...

    def time(self) -> float:
        """Seconds since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, on `clock.monotonic()`, by which everything has to be done.

    `closing_s` is how long upstreams may be sent cancels after that. One that `is_enforced` is for
    what is awaited inside a block with a timer of its own.
    """

    at: float
    clock: Clock
    closing_s: float = LONGEST_CLOSING_S
    is_enforced: bool = False

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        """The deadline `seconds` from now."""
        return cls(clock.monotonic() + seconds, clock)

    def before_closing(self) -> "Deadline":
        """A deadline a little before this one, by which a job is cancelled in time for this one."""
        closing_s = min(LONGEST_CLOSING_S, CLOSING_SHARE * self.remaining_s())
        return Deadline(self.at - closing_s, self.clock, closing_s)

    def closing(self) -> "Deadline":
        """The deadline of cancelling a job now, whether or not its own time is up."""
        return Deadline.after(self.closing_s, self.clock)

    def remaining_s(self) -> float:
        """Seconds left; zero when none are."""
        return max(0.0, self.at - self.clock.monotonic())

    def already_enforced(self) -> "Deadline":
        """The same for whom is called inside a block that has this deadline or less time."""
        return Deadline(self.at, self.clock, self.closing_s, is_enforced=True)

    def enforced(self) -> AbstractContextManager[None]:
        """Give the block the time that is left; raises `DeadlineExceeded` when it runs out."""
        return _UNLIMITED if self.is_enforced else TimeLimit(self.remaining_s())

    def limit(self, seconds: float, otherwise: Callable[[], Failure]) -> "TimeLimit":
        """Give the block at most `seconds`.

        Raises `otherwise()` when they run out, or `DeadlineExceeded` when the whole time does.
        """
        remaining_s = self.remaining_s()
        return TimeLimit(remaining_s) if remaining_s <= seconds else TimeLimit(seconds, otherwise)


class TimeLimit:
    """A block that may take so many seconds; raises `late()` where it takes longer.

    A class of its own, as `asyncio.timeout` is twice as much Python, on the way of every request.
    """

    __slots__ = ("_cancelling", "_is_late", "_late", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float, late: Callable[[], Failure] | None = None) -> None:
        self._seconds = seconds
        self._late = late or out_of_time
        self._is_late = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - something awaits this
        self._task, self._cancelling = task, task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._cancel)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self._timer.cancel()
        if self._is_late:
            is_own = self._task.uncancel() <= self._cancelling
            if is_own and isinstance(error, asyncio.CancelledError):
                raise self._late() from None
        if isinstance(error, TimeoutError):
            raise self._late() from None

    def _cancel(self) -> None:
        self._is_late = True
        self._task.cancel()


class IdleTimeout:
    """Waits for one thing after the other, for each `limit_s` at the most, by a single timer.

    To set a timer for each wait, and to take it back, would cost more than what is waited for.
    """

    def __init__(self, limit_s: float, deadline: Deadline) -> None:
        self._limit_s = limit_s
        self._deadline = deadline
        self._timer: asyncio.Handle | None = None
        self._waiting: asyncio.Task[Any] | None = None
        self._since = 0.0

    async def wait_for(self, awaitable: Awaitable[T]) -> T:
        """Await something within the limit.

        Raises `TimeoutError` if it takes too long, or `DeadlineExceeded` if the whole time is up.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - something awaits this
        cancelling = task.cancelling()
        self._waiting, self._since = task, self._deadline.clock.monotonic()
        if self._timer is None:
            self._set_timer()
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self._waiting is not None or task.uncancel() > cancelling:
                raise
            if not self._deadline.remaining_s():
                raise out_of_time() from None
            raise TimeoutError from None
        finally:
            self._waiting = None

    def end(self) -> None:
        """Take the timer back; nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _left_s(self) -> float:
        idle_s = self._deadline.clock.monotonic() - self._since
        return min(self._limit_s - idle_s, self._deadline.remaining_s())

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._left_s(), self._look)

    def _look(self) -> None:
        """Break off a wait that takes too long; one that began later has time left."""
        self._timer = None
        if self._waiting is None:
            return  # the next wait sets a timer anew
        if self._left_s() > 0:
            self._set_timer()
        else:
            waiting, self._waiting = self._waiting, None
            waiting.cancel()


def out_of_time() -> DeadlineExceeded:
    """The failure of a request whose own deadline has passed."""
    return DeadlineExceeded(
        "The picture was not finished in the time that a request may take. "
        "Try again, with fewer steps or a smaller size, or choose a faster model."
    )
