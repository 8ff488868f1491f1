"""Asking after a task until it is done, without losing it to one bad answer."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

from darkroom.deadline import Deadline
from darkroom.errors import (
    ContentRefused,
    Failure,
    JobLost,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamUnavailable,
)

BAD_POLLS_IN_A_ROW = 4
LONGEST_WAIT_S = 30.0

T = TypeVar("T")


async def poll(
    ask: Callable[[], Awaitable[T]], name: str, deadline: Deadline, delays_s: Sequence[float]
) -> AsyncGenerator[T]:
    """Ask again and again, waiting before each time; the caller stops when it has its answer.

    Raises `JobLost` when the upstream no longer knows the task, or gives no sensible answer
    several times in a row, and `DeadlineExceeded` when the time is up.
    """
    delays = iter(delays_s)
    delay_s = last_s = next(delays)
    bad: list[Failure] = []
    while True:
        async with deadline.enforced():
            await asyncio.sleep(delay_s)
        delay_s = last_s = next(delays, last_s)
        try:
            answer = await ask()
        except (UpstreamUnavailable, UpstreamBroken, RateLimited) as failure:
            bad.append(failure)
            if len(bad) >= BAD_POLLS_IN_A_ROW:
                raise lost(name, failure) from None
            delay_s = min(failure.retry_after_s or delay_s, LONGEST_WAIT_S)
        else:
            bad.clear()
            yield answer


def lost(name: str, failure: Failure) -> JobLost:
    """The failure of a task that can no longer be asked after."""
    return JobLost(f"{name} took the job and then could not be asked after it: {failure.message}")


def task_failure(failure: Failure, name: str) -> Failure:
    """What a failure means once a task was accepted: whatever is not about its end is a loss."""
    if failure.dispatched or isinstance(failure, ContentRefused | QuotaExhausted):
        return failure
    return lost(name, failure)
