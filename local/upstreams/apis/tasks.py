"""Tasks that a caller submits and then polls for."""

import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

from .directives import Directives
from .shared_state import Studio

MAX_TASKS = 2_000

Payload = TypeVar("Payload")


class State(Enum):
    """Where a task stands."""

    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    REFUSED = auto()
    CANCELLED = auto()


@dataclass(slots=True)
class Task(Generic[Payload]):
    """`payload` is what was asked for, in whatever form the stand-in likes."""

    payload: Payload
    directives: Directives
    token: str
    """Who submitted it: with most providers nobody else may poll for it."""
    steps: int
    """How many polls find it unfinished."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    submitted_at: float = field(default_factory=time.time)
    polls: int = 0
    is_cancelled: bool = False

    @property
    def state(self) -> State:
        """As of the last poll."""
        if self.is_cancelled:
            return State.CANCELLED
        if "stall" in self.directives or self.polls <= self.steps:
            return State.WAITING if self.polls <= 1 else State.RUNNING
        if "refuse" in self.directives:
            return State.REFUSED
        return State.FAILED if "fail" in self.directives else State.DONE


class Tasks(Generic[Payload]):
    """The tasks of one stand-in; the oldest are forgotten when there are too many."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._tasks: OrderedDict[str, Task[Payload]] = OrderedDict()

    def submit(self, payload: Payload, directives: Directives, token: str) -> Task[Payload]:
        """Take on a task."""
        steps = int(directives.number("steps", self._studio.poll_steps))
        task = Task(payload, directives, token, steps)
        self._tasks[task.id] = task
        if len(self._tasks) > MAX_TASKS:
            self._tasks.popitem(last=False)
        return task

    def find(self, task_id: str, token: str) -> Task[Payload] | None:
        """The task, if it exists and is the caller's."""
        task = self._tasks.get(task_id)
        return task if task and task.token == token else None

    def poll(self, task_id: str, token: str) -> Task[Payload] | None:
        """As `find`, and a poll is counted: polls are what makes a task go on."""
        task = self.find(task_id, token)
        if task:
            task.polls += 1
        return task
