"""The journal of one run of a task; see `engine.journal`."""

import hashlib
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field, replace

from darkroom.engine.journal import AcceptedJob
from darkroom.errors import InternalFailure, JobLost
from darkroom.job import MAX_SEED
from darkroom.tasks.record import Record

MAX_STARTS = 5
_LOST = "The work may have been done and paid for, so it was not begun again."


@dataclass(slots=True)
class TaskJournal:
    """A `Journal` that is written into the task's record.

    `save` writes the record. What is begun goes there with the next thing that is written, which is
    before any request that may begin work.
    """

    save: Callable[[], Awaitable[None]]
    begun_before: frozenset[int] = frozenset()
    begun: set[int] = field(default_factory=set)
    accepted: dict[int, AcceptedJob] = field(default_factory=dict)
    prompt: str | None = None

    @classmethod
    def of(cls, record: Record, save: Callable[[], Awaitable[None]]) -> "TaskJournal":
        """The journal as the record holds it."""
        jobs = {entry["seed"]: AcceptedJob(**entry) for entry in record.accepted}
        prompt = next((job.prompt for job in jobs.values()), None)
        return cls(save, frozenset(record.begun), set(record.begun), jobs, prompt)

    def begin(self, seed: int) -> AcceptedJob | None:
        """Begin a job; see `Journal.begin`."""
        taken = self.accepted.get(seed)
        if taken is None and seed in self.begun_before:
            raise JobLost(
                "The gateway was restarted while this picture was under way, and no upstream had "
                f"told yet by what to ask after it. {_LOST}"
            )
        self.begun.add(seed)
        return taken

    async def accept(self, job: AcceptedJob) -> None:
        """Write down that an upstream has taken a job."""
        if self.accepted.get(job.seed) != job:
            self.accepted[job.seed] = job
            await self.save()

    def drop(self, seed: int) -> None:
        """Forget what an upstream took of a job."""
        self.accepted.pop(seed, None)

    def is_written_in(self, record: Record) -> bool:
        """Whether the record says all of it."""
        return self.write(record) == record

    def write(self, record: Record) -> Record:
        """The record with all of it."""
        accepted = tuple(asdict(job) for _, job in sorted(self.accepted.items()))
        return replace(record, begun=tuple(sorted(self.begun)), accepted=accepted)


def check_may_begin(record: Record) -> None:
    """Raise a `Failure` for a task that must not be begun (again)."""
    if record.dispatched and not record.accepted:
        raise JobLost(f"The gateway was restarted while this task was under way. {_LOST}")
    if record.starts >= MAX_STARTS:
        raise InternalFailure(
            f"The gateway gave up on this task, which it began {record.starts} times."
        )


def seeds_of(task_id: str) -> Callable[[], int]:
    """Draw seeds that are the same each time that the task is begun, so that its jobs are, too."""
    numbers: Iterable[int] = itertools.count()
    draws = (hashlib.sha256(f"{task_id} {number}".encode()).digest() for number in numbers)
    return lambda: int.from_bytes(next(draws)[:8], "big") % (MAX_SEED + 1)
