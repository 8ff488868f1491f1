"""The retry budget: more attempts must not be what brings an upstream down."""

from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.2
ALWAYS_ALLOWED = 3


class RetryBudget:
    """Bounds the attempts beyond the first that run at once, as Envoy's retry budget does.

    They may be a fifth of the jobs at work, and three in any case (reference/reliability.md).
    """

    def __init__(self) -> None:
        self.jobs = 0
        self.retries = 0

    @contextmanager
    def job(self) -> Iterator["JobBudget"]:
        """Count a job for as long as it is at work."""
        self.jobs += 1
        budget = JobBudget(self)
        try:
            yield budget
        finally:
            budget.give_back()
            self.jobs -= 1


class JobBudget:
    """One job's part in the budget."""

    def __init__(self, whole: RetryBudget) -> None:
        self._whole = whole
        self._holds = False

    def take(self) -> bool:
        """Whether this job may make another attempt now; it holds its place until it ends."""
        if not self._holds:
            whole = self._whole
            self._holds = whole.retries < max(ALWAYS_ALLOWED, SHARE * whole.jobs)
            whole.retries += self._holds
        return self._holds

    def give_back(self) -> None:
        """The job is over."""
        self._whole.retries -= self._holds
        self._holds = False
