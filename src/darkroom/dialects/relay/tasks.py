"""Background tasks in the relay's shape (reference/wire-formats.md A2, A3, A8)."""

from collections.abc import Mapping
from datetime import UTC, datetime

from darkroom.dialects.relay.errors import wording_of
from darkroom.json_writer import JsonBlob
from darkroom.stores.tasks import Status, Task
from darkroom.tasks.routes import cancel_handler, poll_handler
from darkroom.tasks.shape import TaskShape

PREFIX = "/v2/tasks/"
MODE = "direct"  # as against jobs on a chain, which have an address there


def name_of(task: Task) -> str:
    """The id by which callers know the task."""
    return f"{MODE}:{task.id}"


def path_of(task: Task) -> str:
    """The path where a task is polled."""
    return PREFIX + name_of(task)


def accepted(task: Task) -> Mapping[str, object]:
    """The body of the 202; `task_address` is what older clients poll by."""
    return {
        "task_id": name_of(task),
        "task_address": name_of(task),
        "status": Status.QUEUED.value,
        "poll_url": path_of(task),
        "message": "The task was accepted. Ask for its state at poll_url.",
    }


def describe(task: Task, now: float) -> Mapping[str, object]:
    """All that is known of a task; what does not apply is null.

    The relay knows no cancelled tasks: they have failed, with a code of their own.
    """
    wording = wording_of(task.failure) if task.failure else None
    cancelled = task.status is Status.CANCELLED
    return {
        "task_id": name_of(task),
        "task_address": None,
        "status": (Status.FAILED if cancelled else task.status).value,
        "mode": MODE,
        "model": task.model,
        "created_at": datetime.fromtimestamp(int(task.created_at), UTC).isoformat(),
        "elapsed_seconds": max(0, int((task.ended_at or now) - task.created_at)),
        "progress": task.progress,
        "result": JsonBlob(task.result.body, {"success": True}) if task.result else None,
        "error": task.failure.message if task.failure else None,
        "error_code": wording.code if wording else None,
        "error_detail": wording.detail if wording else None,
    }


SHAPE = TaskShape(dialect="relay", accepted=accepted, describe=describe, path_of=path_of)
poll_task = poll_handler(PREFIX, SHAPE)
cancel_task = cancel_handler(PREFIX, SHAPE)
