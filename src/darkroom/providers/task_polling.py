"""Task polling that survives single bad answers."""

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
from darkroom.providers.error_mapping import UpstreamError
from darkroom.providers.task_status import TaskState, task_state
from darkroom.scrub import scrub

BAD_POLLS_IN_A_ROW = 4
UNKNOWN_STATES_IN_A_ROW = 5
MAX_STATUS_CHARS = 60
LONGEST_WAIT_S = 30.0
MAX_POLLS = 30  # each is a sub-request, of which a Worker of the Free plan has 50

T = TypeVar("T")


async def poll(
    ask: Callable[[], Awaitable[T]],
    name: str,
    deadline: Deadline,
    delays_s: Sequence[float],
    *,
    status: Callable[[T], object],
    has_pictures: Callable[[T], bool],
    max_polls: int = MAX_POLLS,
) -> AsyncGenerator[tuple[TaskState, T]]:
    """Ask again and again, waiting before each time; the caller stops when it has its answer.

    It waits as `delays_s` say, and longer where `max_polls` would not last until the deadline
    otherwise. An answer without a `status` that is known is of a task that is done, if it has
    pictures. Raises `JobLost` when the upstream no longer knows the task, or gives no sensible
    answer or status several times in a row, and `DeadlineExceeded` when the time is up.
    """
    delays = iter(delays_s)
    delay_s = last_s = next(delays)
    begun_at, polls_left = deadline.clock.monotonic(), max_polls
    bad = unknown = 0  # in a row; failures themselves are not kept, for they hold their answers
    while True:
        with deadline.enforced():
            await asyncio.sleep(delay_s)
        polls_left -= 1
        last_s = next(delays, last_s)
        elapsed_s = deadline.clock.monotonic() - begun_at
        lasting_s = _lasting(polls_left, elapsed_s, deadline.remaining_s())
        delay_s = max(last_s, lasting_s)
        try:
            answer = await ask()
        except (UpstreamUnavailable, UpstreamBroken, RateLimited) as failure:
            bad += 1
            if bad >= BAD_POLLS_IN_A_ROW:
                raise lost(name, failure) from None
            delay_s = max(min(failure.retry_after_s or last_s, LONGEST_WAIT_S), lasting_s)
        else:
            bad = 0
            state = task_state(status(answer))
            if state is TaskState.UNKNOWN and has_pictures(answer):
                state = TaskState.DONE
            if state is TaskState.FORGOTTEN:
                raise forgotten(name)
            yield state, answer
            unknown = unknown + 1 if state is TaskState.UNKNOWN else 0
            if unknown >= UNKNOWN_STATES_IN_A_ROW:
                raise _without_state(name, status(answer))


def _lasting(polls: int, elapsed_s: float, remaining_s: float) -> float:
    """How long to wait so that so many polls last, if each comes later by the same factor."""
    if polls < 1:
        return remaining_s
    if elapsed_s <= 0:
        return 0.0
    factor: float = (1 + remaining_s / elapsed_s) ** (1 / polls)
    return elapsed_s * (factor - 1)


def _without_state(name: str, status: object) -> JobLost:
    """The failure of a task whose status means nothing here."""
    word = scrub(status, MAX_STATUS_CHARS) if isinstance(status, str) else ""
    what = f"that its status is {word!r}, which is unknown here" if word else "no status of it"
    return JobLost(
        f"{name} took the job and then answered {what}, {UNKNOWN_STATES_IN_A_ROW} times."
    )


def forgotten(name: str) -> JobLost:
    """The failure of a task that its upstream no longer knows."""
    return JobLost(f"{name} took the job and then no longer knew it.")


def refused(name: str, answer: object) -> ContentRefused:
    """The failure of a task that ended for what it shows."""
    said = scrub(UpstreamError(200, {}, answer).says)
    return ContentRefused(f"{name} refused the prompt or its picture{f': {said}' if said else '.'}")


def lost(name: str, failure: Failure) -> JobLost:
    """The failure of a task that can no longer be asked after."""
    return JobLost(f"{name} took the job and then could not be asked after it: {failure.message}")


def task_failure(failure: Failure, name: str) -> Failure:
    """The failure of an accepted task: whatever is not about its end is a loss."""
    if failure.dispatched or isinstance(failure, ContentRefused | QuotaExhausted):
        return failure
    return lost(name, failure)
