"""Background tasks in OpenAI's manner, like its batches and background responses."""

import math
from collections.abc import Mapping

from darkroom.dialects.openai.errors import error_fields
from darkroom.errors import Failure
from darkroom.generation.failure_headers import MAX_REPORTED_ATTEMPTS
from darkroom.stores.tasks import Task
from darkroom.tasks.following import follow_handler
from darkroom.tasks.plain_shape import PREFIX, task_name
from darkroom.tasks.result_field import result_field
from darkroom.tasks.routes import cancel_handler, poll_handler
from darkroom.tasks.shape import TaskShape


def describe(task: Task, now: float) -> Mapping[str, object]:
    """All that is known of a task; what is not known is null.

    `result` is the very answer that a request without `async` would have been given.
    """
    return {
        "id": task_name(task),
        "object": "task",
        "status": task.status.value,
        "model": task.model,
        "created_at": int(task.created_at),
        "started_at": _whole(task.started_at),
        "ended_at": _whole(task.ended_at),
        "expires_at": _whole(task.expires_at),
        "progress": task.progress,
        "result": result_field(task),
        "error": _error(task.failure) if task.failure else None,
    }


def _error(failure: Failure) -> object:
    """The error, with what the headers of its response would have said."""
    error: dict[str, object] = error_fields(failure)
    if failure.retry_after_s is not None:
        error["retry_after"] = math.ceil(failure.retry_after_s)
    if failure.attempt_log:
        error["tried"] = [str(attempt) for attempt in failure.attempt_log[:MAX_REPORTED_ATTEMPTS]]
    return error


def _whole(moment: float | None) -> int | None:
    return None if moment is None else int(moment)


SHAPE = TaskShape(
    dialect="openai",
    accepted=lambda task: describe(task, task.created_at),
    describe=describe,
    path_of=lambda task: PREFIX + task_name(task),
)
poll_task = poll_handler(PREFIX, SHAPE)
cancel_task = cancel_handler(PREFIX, SHAPE)
follow_task = follow_handler(PREFIX)
