"""Background tasks as Google's long-running operations (AIP-151)."""

from collections.abc import Mapping

from darkroom.dialects.gemini.errors import error_body
from darkroom.stores.tasks import Task
from darkroom.tasks.result_field import result_field
from darkroom.tasks.routes import cancel_handler, poll_handler
from darkroom.tasks.shape import TaskShape

PREFIX = "/v1beta/operations/"


def describe(task: Task, now: float) -> Mapping[str, object]:
    """An operation; once it is done it has either a `response` or an `error`."""
    operation: dict[str, object] = {
        "name": f"operations/{task.id}",
        "metadata": {
            "status": task.status.value,
            "model": task.model,
            "createTime": int(task.created_at),
            "progress": task.progress,
        },
        "done": task.status.is_over,
    }
    if task.result is not None:
        operation["response"] = result_field(task)
    elif task.failure is not None:
        operation["error"] = error_body(task.failure)["error"]
    return operation


SHAPE = TaskShape(
    dialect="gemini",
    accepted=lambda task: describe(task, task.created_at),
    describe=describe,
    path_of=lambda task: PREFIX + task.id,
)
get_operation = poll_handler(PREFIX, SHAPE)
CANCEL = ":cancel"
delete_operation = cancel_handler(PREFIX, SHAPE)
cancel_operation = cancel_handler(PREFIX, SHAPE, suffix=CANCEL)
