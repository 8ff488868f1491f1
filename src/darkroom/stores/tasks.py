"""The store of background tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from darkroom.blob import Blob
from darkroom.errors import Failure


class Status(StrEnum):
    """The status of a task; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Submission:
    """A request as it is stored until it is run, but for its body of `body_size` bytes.

    `id` is a UUID, `dialect` the one in whose shapes the task is reported, `headers` are those that
    matter, `sealed` those with the caller's credentials (see `Sealer`). `timeout_s` is what the
    work may take, `webhook_url` where its end is sent to. `downloads` are the sizes in bytes of the
    pictures that the request names by address, as they were downloaded when it was submitted.
    Times are in seconds since 1970.
    """

    id: str
    dialect: str
    model: str
    created_at: float
    timeout_s: float
    method: str
    url: str
    body_size: int
    headers: Mapping[str, str] = field(default_factory=dict)
    sealed: str | None = field(default=None, repr=False)
    webhook_url: str | None = None
    downloads: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """The response: JSON or a file, and its headers. `base64` is a file's text once it is made."""

    status: int
    headers: Mapping[str, str]
    body: Blob
    base64: Blob | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task, as it is reported.

    `progress` is the latest of a running one, in the fields of `progress_fields`. `expires_at` is
    when one that is over is deleted. One that failed or was cancelled has a `failure`.
    """

    id: str
    dialect: str
    model: str
    created_at: float
    status: Status = Status.QUEUED
    started_at: float | None = None
    ended_at: float | None = None
    expires_at: float | None = None
    progress: Mapping[str, object] | None = None
    result: Result | None = None
    failure: Failure | None = None


class TaskStore(Protocol):
    """Keeps tasks and has them carried out; raises `StoreUnavailable` when it cannot."""

    async def create(self, submission: Submission, contents: Sequence[Blob]) -> None:
        """Create a task of a request's body and its downloads, in order; harmless when repeated."""
        ...

    async def read(self, task_id: str, wait_s: float = 0) -> Task | None:
        """The task, as soon as it is over or `wait_s` have passed; None for one not known."""
        ...

    async def cancel(self, task_id: str) -> Task | None:
        """Take a task back, upstream included, unless it is over; returns what became of it."""
        ...
