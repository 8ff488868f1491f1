"""The retry budget, which keeps retries from overloading an upstream."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.2
ALWAYS_ALLOWED = 3

Place = tuple[str, str]  # a provider's id and an upstream there


class RetryBudget:
    """Bounds the attempts beyond the first that run at once at an upstream, as Envoy's does.

    They may be a fifth of the jobs at work, and three in any case (reference/reliability.md). Each
    upstream has its own: one that stalls what it is given must not use up the others'.
    """

    def __init__(self) -> None:
        self.jobs = 0
        self.retries: Counter[Place] = Counter()

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
        self._held: Place | None = None

    def take(self, place: Place) -> bool:
        """Whether this job may make another attempt at an upstream now.

        It holds its part there until it ends or goes elsewhere.
        """
        if self._held == place:
            return True
        self.give_back()
        whole = self._whole
        if whole.retries[place] >= max(ALWAYS_ALLOWED, SHARE * whole.jobs):
            return False
        whole.retries[place] += 1
        self._held = place
        return True

    def give_back(self) -> None:
        """Let go of the part that is held."""
        if self._held is None:
            return
        self._whole.retries[self._held] -= 1
        self._whole.retries += Counter()  # forgets those at zero
        self._held = None
