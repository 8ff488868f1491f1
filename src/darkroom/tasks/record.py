"""The record of a task, as it is stored and sent between the Worker and its Durable Object."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from operator import attrgetter
from typing import Any

from darkroom.blob import Blob
from darkroom.errors import Failure
from darkroom.stores.tasks import Result, Status, Submission, Task
from darkroom.tasks.errors import read_failure, write_failure


@dataclass(frozen=True, slots=True)
class Hook:
    """The state of a webhook: how often it was tried, and when it is next."""

    tries: int = 0
    next_at: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The result but for its body: of `size` bytes, and `in_bucket` says where they are kept."""

    status: int
    headers: Mapping[str, str]
    size: int
    in_bucket: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A task as its object writes it down.

    `dispatched` is true once an upstream may have been asked to begin the work, `starts` counts
    how often it was begun here. `begun` are the pictures that were begun, `accepted`
    what upstreams have taken of them, `prompt` what a text model made of the request's (see
    `TaskJournal`). `pending` is the answer to a task under
    way whose result may have been kept already.
    """

    submission: Submission
    status: Status = Status.QUEUED
    starts: int = 0
    dispatched: bool = False
    prompt: str | None = None
    begun: tuple[str, ...] = ()
    accepted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    started_at: float | None = None
    ended_at: float | None = None
    expires_at: float | None = None
    answer: Answer | None = None
    pending: Answer | None = None
    failure: Mapping[str, Any] | None = None
    hook: Hook = field(default_factory=Hook)

    def ended(self, status: Status, now: float, lifetime_s: float) -> "Record":
        """The same at its end, without the credentials that nobody needs any more."""
        tells = self.submission.webhook_url is not None
        return replace(
            self,
            submission=replace(self.submission, sealed=None),
            status=status,
            ended_at=now,
            expires_at=now + lifetime_s,
            prompt=None,
            begun=(),
            accepted={},
            pending=None,
            hook=Hook(next_at=now if tells else None),
        )

    @property
    def next_alarm(self) -> float | None:
        """When something is due again for a task that is over."""
        times = [at for at in (self.hook.next_at, self.expires_at) if at is not None]
        return min(times, default=None)

    def failed(self, failure: Failure) -> "Record":
        """The same with why it failed."""
        return replace(self, failure=write_failure(failure))

    def write(self) -> str:
        """The record as JSON."""
        return json.dumps(self.fields())

    @classmethod
    def read(cls, text: str) -> "Record":
        """The record that was written."""
        return cls.of(json.loads(text))

    def fields(self) -> dict[str, Any]:
        """The record in values that JSON has, in dictionaries that are the caller's."""
        return {
            **_fields(self),
            "submission": _fields(self.submission),
            "answer": _fields(self.answer) if self.answer else None,
            "pending": _fields(self.pending) if self.pending else None,
            "hook": _fields(self.hook),
        }

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Record":
        """The record that was made into these `fields`."""
        answer, pending = fields["answer"], fields.get("pending")
        return cls(
            **{
                **fields,
                "submission": Submission(**fields["submission"]),
                "status": Status(fields["status"]),
                "begun": tuple(fields.get("begun", ())),
                "answer": Answer(**answer) if answer else None,
                "pending": Answer(**pending) if pending else None,
                "hook": Hook(**fields["hook"]),
            }
        )

    def task(self, body: Blob | None, progress: Mapping[str, object] | None = None) -> Task:
        """The task as it is reported; `body` is that of its result."""
        answer = self.answer
        result = Result(answer.status, answer.headers, body) if answer and body else None
        return Task(
            id=self.submission.id,
            dialect=self.submission.dialect,
            model=self.submission.model,
            created_at=self.submission.created_at,
            status=self.status,
            started_at=self.started_at,
            ended_at=self.ended_at,
            expires_at=self.expires_at,
            progress=progress,
            result=result,
            failure=read_failure(self.failure) if self.failure else None,
        )


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """A task as its Durable Object reports it; `body` is None where the bucket has the result."""

    record: Record
    progress: Mapping[str, object] | None = None
    body: Blob | None = None


def _fields(value: Submission | Record | Answer | Hook) -> dict[str, object]:
    """A dataclass as a dictionary; `asdict` would copy all that is in it."""
    kind: Any = type(value)
    names, values_of = _getter(kind)
    return dict(zip(names, values_of(value), strict=True))


@cache
def _getter(kind: type[Any]) -> tuple[Sequence[str], Callable[[Any], Sequence[object]]]:
    names: Sequence[str] = kind.__slots__
    return names, attrgetter(*names)
