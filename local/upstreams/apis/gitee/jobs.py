"""The asynchronous endpoints: submit, poll, cancel (wire-formats B8).

[[direct]]      the submit answers with the picture itself, as it rarely does
"""

import time
from typing import Any

from starlette.responses import JSONResponse, Response

from ..call import Call
from ..faults import Failure, Kind
from ..fields import Fields
from ..image_request import ImageRequest, to_base64
from ..polling import check_way
from ..shared_state import Studio
from ..tasks import State, Task, Tasks
from .errors import BREAKDOWN, REFUSAL
from .parameters import read_edit, read_generation

STATUSES = {
    State.WAITING: "waiting",
    State.RUNNING: "in_progress",
    State.DONE: "success",
    State.FAILED: "failure",
    State.REFUSED: "failure",
    State.CANCELLED: "cancelled",
}
LATER = ("fail", "stall", "refuse")


class Jobs:
    """`POST /v1/async/images/...` and `/v1/task/{task_id}`."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._tasks: Tasks[ImageRequest] = Tasks(studio)

    async def generate(self, call: Call) -> Response:
        """Take on a picture from a prompt."""
        fields = Fields(call.json_object())
        return await self._submit(call, read_generation(fields, self._studio))

    async def edit(self, call: Call) -> Response:
        """Take on a picture from a prompt and the pictures of a form."""
        return await self._submit(call, read_edit(call.form, self._studio))

    async def poll(self, call: Call) -> Response:
        """Tell how far a task is. A failure is told with a 200."""
        task = self._tasks.poll(call.path_params["task_id"], call.token)
        if task is None:
            raise task_not_found(call)
        check_way(task)
        return JSONResponse({**describe(call, task), **await self._result(call, task)})

    async def cancel(self, call: Call) -> Response:
        """Give up a task that is not over yet."""
        task = self._tasks.find(call.path_params["task_id"], call.token)
        if task is None:
            raise task_not_found(call)
        if task.state not in (State.WAITING, State.RUNNING):
            raise Failure(Kind.ERROR, "The task is over and cannot be cancelled.")
        task.is_cancelled = True
        return JSONResponse(describe(call, task))

    async def _submit(self, call: Call, image_request: ImageRequest) -> Response:
        directives = await call.heed(image_request.prompt, LATER)
        if "direct" in directives:
            picture = await image_request.paint(self._studio)
            return JSONResponse({"output": {"image": call.keep(picture, image_request.format)}})
        task = self._tasks.submit(image_request, directives, call.token)
        return JSONResponse(describe(call, task))

    async def _result(self, call: Call, task: Task[ImageRequest]) -> dict[str, Any]:
        match task.state:
            case State.FAILED:
                return {"error": "task_failed", "message": BREAKDOWN}
            case State.REFUSED:
                return {"error": "content_policy_violation", "message": REFUSAL}
            case State.DONE if "none" in task.directives:
                return {"output": None}
            case State.DONE if "words" in task.directives:
                return {"output": {"text": "A picture in words: soft colours and a few discs."}}
            case State.DONE:
                picture = await task.payload.paint(self._studio)
                if "b64" in task.directives:
                    data_url = f"data:image/png;base64,{to_base64(picture)}"
                    return {"output": {"image": data_url}}
                return {"output": {"file_url": call.keep(picture, task.payload.format)}}
        return {}


def describe(call: Call, task: Task[ImageRequest]) -> dict[str, Any]:
    """What every answer says of a task; times in milliseconds."""
    url = f"{call.origin}/v1/task/{task.id}"
    submitted_ms, now_ms = int(task.submitted_at * 1000), int(time.time() * 1000)
    description: dict[str, Any] = {
        "task_id": task.id,
        "status": STATUSES[task.state],
        "created_at": submitted_ms,
        "urls": {"get": url, "cancel": f"{url}/cancel"},
    }
    if task.state is not State.WAITING:
        description["started_at"] = submitted_ms
    if task.state not in (State.WAITING, State.RUNNING):
        description["completed_at"] = now_ms
    return description


def task_not_found(call: Call) -> Failure:
    """Nobody's task, or somebody else's."""
    return Failure(Kind.NOT_FOUND, f"Task {call.path_params['task_id']} not found")
