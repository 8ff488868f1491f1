"""Background responses: `"background": true`, polled at `/v1/responses/{id}`.

Source: OpenAI's guide to background mode; the states are those of `openai.types.responses`.
"""

from collections.abc import Mapping

from darkroom.dialects.openai.tasks import describe as describe_task
from darkroom.json_writer import JsonBlob
from darkroom.stores.tasks import Status, Task
from darkroom.tasks.routes import cancel_handler, poll_handler
from darkroom.tasks.shape import TaskShape

PREFIX = "/v1/responses/"
CANCEL = "/cancel"
_STATUSES = {Status.RUNNING: "in_progress"}


def response_id(task_id: str) -> str:
    """The id of the response that a task makes."""
    return f"resp_{task_id}"


def pending_response(task: Task) -> Mapping[str, object]:
    """A response without its pictures: queued, in progress, failed or cancelled."""
    failure = task.failure
    error = None
    if failure is not None and task.status is Status.FAILED:
        error = {"code": "server_error", "message": failure.message, "param": failure.param}
    return {
        "id": response_id(task.id),
        "object": "response",
        "created_at": int(task.created_at),
        "status": _STATUSES.get(task.status, task.status.value),
        "background": True,
        "error": error,
        "incomplete_details": None,
        "model": task.model,
        "output": [],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "progress": task.progress,
    }


def describe_response(task: Task, now: float) -> object:
    """The response itself once it is there, else its state."""
    return JsonBlob(task.result.body) if task.result else pending_response(task)


# A webhook tells of a response as of any other task.
SHAPE = TaskShape(
    dialect="openai",
    accepted=pending_response,
    describe=describe_task,
    poll=describe_response,
    path_of=lambda task: PREFIX + response_id(task.id),
)
get_response = poll_handler(PREFIX, SHAPE)
cancel_response = cancel_handler(PREFIX, SHAPE, suffix=CANCEL)
