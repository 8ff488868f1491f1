"""The store of live progress and interrupts, per caller."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from darkroom.blob import Blob
from darkroom.deadline import Clock

# A job that has shown nothing for so long is gone, however it ended.
FRESH_S = 15.0
MAX_SCOPES = 1_000


class Interrupt(StrEnum):
    """The caller's request to stop running jobs."""

    INTERRUPT = "interrupt"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class JobProgress:
    """The progress of one job.

    `began` is in seconds since 1970, `progress` from 0 to 1; `done` of its `count` pictures are
    finished, and the one it works on is `step` of `steps` steps in.
    """

    kind: str
    began: float
    count: int
    done: int = 0
    progress: float = 0.0
    step: int = 0
    steps: int = 0
    message: str | None = None


@dataclass(frozen=True, slots=True)
class ProgressSnapshot:
    """A job's progress, its latest preview as base64 text, and whether it is to stop."""

    job_progress: JobProgress
    preview: Blob | None = None
    halt: Interrupt | None = None


class ProgressStore(Protocol):
    """Has a board for each caller; raises `StoreUnavailable` when it cannot be reached.

    `scope` is a digest that identifies a caller, `job` a name that no other job has.
    """

    async def show(
        self, scope: str, job: str, job_progress: JobProgress, preview: Blob | None = None
    ) -> Interrupt | None:
        """Show how a job stands, and hear whether it is to stop.

        Without a `preview` the one before stays.
        """
        ...

    async def clear(self, scope: str, job: str) -> None:
        """Take a job down that is over."""
        ...

    async def look(self, scope: str) -> ProgressSnapshot | None:
        """The job that has been at work for the longest, if there is any."""
        ...

    async def halt(self, scope: str, how: Interrupt) -> None:
        """Interrupt all jobs: each learns of it when it next publishes its progress."""
        ...


class MemoryProgress:
    """A `BoardStore` that lives as long as its isolate."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._progress_store: dict[str, Mapping[str, tuple[float, ProgressSnapshot]]] = {}

    async def show(
        self, scope: str, job: str, job_progress: JobProgress, preview: Blob | None = None
    ) -> Interrupt | None:
        """Show how a job stands."""
        jobs = self._fresh(scope)
        _, before = jobs.get(job, (0.0, ProgressSnapshot(job_progress)))
        shown = ProgressSnapshot(job_progress, preview or before.preview, before.halt)
        self._hang(scope, {**jobs, job: (self._clock.time(), shown)})
        return shown.halt

    async def clear(self, scope: str, job: str) -> None:
        """Take a job down."""
        jobs = self._fresh(scope)
        self._hang(scope, {name: entry for name, entry in jobs.items() if name != job})

    async def look(self, scope: str) -> ProgressSnapshot | None:
        """The job that has been at work for the longest."""
        shown = [entry for _, entry in self._fresh(scope).values()]
        return min(shown, key=lambda entry: entry.job_progress.began, default=None)

    async def halt(self, scope: str, how: Interrupt) -> None:
        """Have all jobs stop."""
        jobs = self._fresh(scope)
        self._hang(scope, {name: (at, replace(job, halt=how)) for name, (at, job) in jobs.items()})

    def _fresh(self, scope: str) -> Mapping[str, tuple[float, ProgressSnapshot]]:
        """A scope's jobs without those that were not heard of again."""
        since = self._clock.time() - FRESH_S
        jobs = self._progress_store.get(scope, {})
        return {name: entry for name, entry in jobs.items() if entry[0] >= since}

    def _hang(self, scope: str, jobs: Mapping[str, tuple[float, ProgressSnapshot]]) -> None:
        """Set the jobs of a scope; the oldest scopes are evicted where there are very many."""
        self._progress_store.pop(scope, None)
        if jobs:
            self._progress_store[scope] = jobs
        while len(self._progress_store) > MAX_SCOPES:
            self._progress_store.pop(next(iter(self._progress_store)))
