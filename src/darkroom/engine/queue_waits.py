"""Waits for upstreams whose queues are full: growing pauses, within the deadline."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from darkroom.deadline import Deadline
from darkroom.errors import QueueFull

FIRST_PAUSE_S, PAUSE_GROWTH = 1.0, 2.0
# Of a request's time the waits take a tenth, and a little more where that is little: most clients
# would rather hear than wait.
SHARE, LEAST_S = 0.1, 10.0
LARGEST_PAUSE_SHARE = 0.5  # of the time that is left: the rest is for the job itself

T = TypeVar("T")


@dataclass(slots=True)
class QueueWaits(Generic[T]):
    """The steps that full queues turned away, retried in turn.

    `sleep` pauses for a number of seconds.
    """

    deadline: Deadline
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _turned_away: deque[tuple[T, float]] = field(default_factory=deque)
    _next_pause_s: float = FIRST_PAUSE_S
    _left_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._left_s = max(LEAST_S, SHARE * self.deadline.remaining_s())

    def add(self, step: T, failure: QueueFull) -> None:
        """Note what was turned away."""
        self._turned_away.append((step, failure.asked_wait_s or 0.0))

    async def next(self) -> T | None:
        """The next step to retry, after a pause; None without one, or without time for it."""
        if not self._turned_away or self._left_s < FIRST_PAUSE_S:
            return None
        step, asked_wait_s = self._turned_away.popleft()
        pause_s = max(min(self._next_pause_s, self._left_s), asked_wait_s)
        most_s = min(self._left_s, LARGEST_PAUSE_SHARE * self.deadline.remaining_s())
        if pause_s > most_s:
            return None
        self._left_s -= pause_s
        self._next_pause_s *= PAUSE_GROWTH
        await self.sleep(pause_s)
        return step
