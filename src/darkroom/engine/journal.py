"""The journal of a background task's jobs: which of them an upstream has taken, and as what."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from darkroom.engine.plan import Step
from darkroom.errors import JobLost
from darkroom.settings import Secret


@dataclass(frozen=True, slots=True)
class AcceptedJob:
    """A job that an upstream has taken, in values that JSON can hold.

    `credential` is the SHA-256 of the token that it was begun with, None without one; `handle` is
    what its provider asks after it with.
    """

    provider: str
    model: str
    upstream: str
    credential: str | None
    handle: Mapping[str, str]

    @classmethod
    def of(cls, step: Step, handle: Mapping[str, str]) -> "AcceptedJob":
        """The job of a step, as its upstream took it."""
        route = step.route
        return cls(
            provider=route.provider.id,
            model=route.model.id,
            upstream=route.place,
            credential=_digest(route.token),
            handle=dict(handle),
        )

    def step_in(self, plan: Sequence[Step]) -> Step:
        """The step of a plan by which the upstream is asked after the job.

        Raises `JobLost` where the plan has none: another token would be another account's.
        """
        for step in plan:
            if AcceptedJob.of(step, self.handle) == self:
                return step
        raise JobLost(
            f"The gateway was restarted while this job was under way at {self.provider}, and the "
            "model or the token that it was begun with is no longer here. The work may have been "
            "done and paid for, so it was not begun again."
        )


class JobEntry(Protocol):
    """One job of a task in its journal."""

    @property
    def taken(self) -> AcceptedJob | None:
        """The job as an upstream accepted it before a crash; None for one to begin."""
        ...

    async def accept(self, job: AcceptedJob) -> None:
        """Write down that an upstream has taken it."""
        ...

    def drop(self) -> None:
        """Forget what an upstream took: that attempt has failed."""
        ...


class Journal(Protocol):
    """The journal of one task's jobs, before a crash and after it.

    `prompt` is what a text model made of the request's, once it has.
    """

    prompt: str | None

    def begin(self, seed: int) -> JobEntry:
        """Begin a job, or go on with it after a crash.

        Raises `JobLost` where it was begun before, and no upstream is known to have taken it.
        """
        ...


def _digest(token: Secret | None) -> str | None:
    return hashlib.sha256(token.reveal().encode()).hexdigest() if token else None
