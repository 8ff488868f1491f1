"""The journal of one run of a task; see `engine.journal`."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field, replace

from darkroom.engine.journal import AcceptedJob
from darkroom.errors import InternalFailure, JobLost
from darkroom.job import MAX_SEED
from darkroom.tasks.record import Record

MAX_STARTS = 5
MAX_HANDLE_CHARS = 4_000  # ten of them and the rest of a record fit into one value
_LOST = "The work may have been done and paid for, so it was not begun again."


@dataclass(slots=True)
class TaskJournal:
    """A `Journal` that is written into the task's record.

    `save` writes the record. What is begun goes there with the next thing that is written, which is
    before any request that may begin work. A job's key is its seed, and its place among those with
    that seed: the jobs of a task are the same each time that it is begun.
    """

    save: Callable[[], Awaitable[None]]
    prompt: str | None = None
    before: frozenset[str] = frozenset()
    begun: set[str] = field(default_factory=set)
    accepted: dict[str, AcceptedJob] = field(default_factory=dict)
    _counts: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, record: Record, save: Callable[[], Awaitable[None]]) -> "TaskJournal":
        """The journal as the record holds it."""
        jobs = {key: AcceptedJob(**job) for key, job in record.accepted.items()}
        return cls(save, record.prompt, frozenset(record.begun), set(record.begun), jobs)

    def begin(self, seed: int) -> "TaskJob":
        """Begin a job; see `Journal.begin`."""
        key = f"{seed}.{self._counts[seed]}"
        self._counts[seed] += 1
        taken = self.accepted.get(key)
        if taken is None and key in self.before:
            raise JobLost(
                "The gateway was restarted while this picture was under way, and no upstream had "
                f"told yet by what to ask after it. {_LOST}"
            )
        self.begun.add(key)
        return TaskJob(self, key, taken)

    def is_written_in(self, record: Record) -> bool:
        """True where the record says all of it."""
        return self.write(record) == record

    def write(self, record: Record) -> Record:
        """The record with all of it."""
        return replace(
            record,
            prompt=self.prompt,
            begun=tuple(sorted(self.begun)),
            accepted={key: asdict(job) for key, job in self.accepted.items()},
        )


@dataclass(frozen=True, slots=True)
class TaskJob:
    """A `JobEntry` of a task's journal."""

    journal: TaskJournal
    key: str
    taken: AcceptedJob | None

    async def accept(self, job: AcceptedJob) -> None:
        """Write down that an upstream has taken it; an id without measure is not."""
        known = self.journal.accepted
        if known.get(self.key) != job and sum(map(len, job.handle.values())) <= MAX_HANDLE_CHARS:
            known[self.key] = job
            await self.journal.save()

    def drop(self) -> None:
        """Forget what an upstream took."""
        self.journal.accepted.pop(self.key, None)


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
