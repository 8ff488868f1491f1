"""The plain shape of tasks, for dialects whose own API has none; polled at `/v1/tasks/`."""

from collections.abc import Mapping

from darkroom.errors import Failure
from darkroom.stores.tasks import Task
from darkroom.tasks.result_field import result_field
from darkroom.tasks.shape import TaskShape

PREFIX = "/v1/tasks/"


def plain_shape(dialect: str) -> TaskShape:
    """The shape of a dialect's tasks; `dialect` is its name."""
    return TaskShape(
        dialect=dialect,
        accepted=lambda task: describe(task, task.created_at),
        describe=describe,
        path_of=_path_of,
    )


def describe(task: Task, now: float) -> Mapping[str, object]:
    """All that is known of a task; what is not known is null."""
    return {
        "task_id": task_name(task),
        "status": task.status.value,
        "model": task.model,
        "poll_url": _path_of(task),
        "progress": task.progress,
        "result": result_field(task),
        "error": _error(task.failure) if task.failure else None,
    }


def task_name(task: Task) -> str:
    """The id by which callers know a task."""
    return f"task_{task.id}"


def _path_of(task: Task) -> str:
    return PREFIX + task_name(task)


def _error(failure: Failure) -> Mapping[str, object]:
    return {"code": failure.code, "message": failure.message, "param": failure.param}
