"""Tasks in a shape of OpenAI's taste, as its batches and background responses have it."""

from collections.abc import Mapping

from darkroom.dialects.openai.errors import error_body
from darkroom.json_writer import JsonBlob
from darkroom.stores.tasks import Task
from darkroom.tasks.routes import cancel_handler, poll_handler
from darkroom.tasks.shape import TaskShape

PREFIX = "/v1/tasks/"


def describe(task: Task, now: float) -> Mapping[str, object]:
    """All that is known of a task; what is not known is null.

    `result` is the very answer that a request without `async` would have been given.
    """
    return {
        "id": name_of(task),
        "object": "task",
        "status": task.status.value,
        "model": task.model,
        "created_at": int(task.created_at),
        "started_at": _whole(task.started_at),
        "ended_at": _whole(task.ended_at),
        "expires_at": _whole(task.expires_at),
        "progress": task.progress,
        "result": JsonBlob(task.result.body) if task.result else None,
        "error": error_body(task.failure)["error"] if task.failure else None,
    }


def name_of(task: Task) -> str:
    """What callers know the task by."""
    return f"task_{task.id}"


def _whole(moment: float | None) -> int | None:
    return None if moment is None else int(moment)


SHAPE = TaskShape(
    dialect="openai",
    accepted=lambda task: describe(task, task.created_at),
    describe=describe,
    path_of=lambda task: PREFIX + name_of(task),
)
poll_task = poll_handler(PREFIX, SHAPE)
cancel_task = cancel_handler(PREFIX, SHAPE)
