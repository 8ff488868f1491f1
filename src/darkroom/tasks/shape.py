"""The shape of background tasks in one dialect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from darkroom.stores.tasks import Task

# A task as JSON fields, at a time in seconds since 1970.
Describe = Callable[[Task, float], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class TaskShape:
    """The bodies and the address of a task in one dialect.

    `accepted` makes the body of the 202, `describe` that of a poll and of a webhook, or `poll` that
    of a poll alone; `path_of` is where a task is polled.
    """

    dialect: str
    accepted: Callable[[Task], Mapping[str, object]]
    describe: Describe
    path_of: Callable[[Task], str]
    poll: Callable[[Task, float], object] | None = None

    def describe_poll(self, task: Task, now: float) -> object:
        """The body of a poll's answer."""
        return (self.poll or self.describe)(task, now)
