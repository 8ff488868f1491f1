"""Fallback: ways to serve one request of which each stands in for the one before it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from darkroom.attempt import Attempt
from darkroom.errors import (
    CredentialMissing,
    CredentialRefused,
    Failure,
    JobFailed,
    RateLimited,
    UpstreamBroken,
    UpstreamUnavailable,
)

T = TypeVar("T")

# After these another way may succeed; whatever else goes wrong would go wrong there too.
FALL_BACK_AFTER = (UpstreamUnavailable, UpstreamBroken, JobFailed, RateLimited, CredentialRefused)


async def first_success(
    ways: Sequence[Callable[[], Awaitable[T]]],
) -> tuple[T, Sequence[Attempt]]:
    """The result of the first way that succeeds, and the attempts of those that failed before it.

    Raises the first failure where all fail, but for those that only miss a credential, with the
    attempts of all.
    """
    failures: list[Failure] = []
    attempt_log: list[Attempt] = []
    for way in ways:
        try:
            return await way(), attempt_log
        except FALL_BACK_AFTER as failure:
            failures.append(failure.without_frames())
            attempt_log += failure.attempt_log
    telling = [failure for failure in failures if not isinstance(failure, CredentialMissing)]
    first = (telling or failures)[0]
    first.attempt_log = tuple(attempt_log)
    raise first
