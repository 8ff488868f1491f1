"""Jobs in the background: the tasks extension (SEP-2663), and two tools for other clients."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from darkroom.dialects.mcp.errors import (
    INTERNAL_ERROR,
    MISSING_CAPABILITY,
    RpcError,
    invalid_params,
)
from darkroom.dialects.mcp.peer import TASKS
from darkroom.dialects.mcp.results import (
    TASK,
    Call,
    Result,
    bare_reply,
    failure_result,
    text_content,
)
from darkroom.field_types import NO_BOOLEAN
from darkroom.http import Reply
from darkroom.json_reader import JsonLimits, parse_json
from darkroom.stores.tasks import Status, Task
from darkroom.tasks.errors import TaskNotFound
from darkroom.tasks.plain_shape import PREFIX, task_name
from darkroom.tasks.result_field import result_field
from darkroom.tasks.routes import find_task
from darkroom.tasks.shape import TaskShape

DIALECT = "mcp"
POLL_AFTER_MS = 2_000
LONGEST_WAIT_S = 30
_RESULT = JsonLimits(1024 * 1024)
_STATUSES = {Status.QUEUED: "working", Status.RUNNING: "working"}


class JobArguments(BaseModel):
    """The job that a tool is about."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    job_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    wait: Annotated[int, Field(ge=0, le=LONGEST_WAIT_S), NO_BOOLEAN] = 0


class CancelArguments(BaseModel):
    """The job that is to be taken back."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    job_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]


def describe(task: Task, now: float) -> Mapping[str, object]:
    """A `DetailedTask`, with what came of it."""
    ends_ms = None if task.expires_at is None else task.expires_at - task.created_at
    fields: dict[str, object] = {
        "taskId": task_name(task),
        "status": _STATUSES.get(task.status, task.status.value),
        "createdAt": _iso(task.created_at),
        "lastUpdatedAt": _iso(task.ended_at or now),
        "ttlMs": None if ends_ms is None else max(1, round(ends_ms * 1000)),
        "pollIntervalMs": POLL_AFTER_MS,
    }
    if words := _words_of(task):
        fields["statusMessage"] = words
    if task.status is Status.COMPLETED:
        fields["result"] = result_field(task)
    elif task.status is Status.FAILED:
        message = task.failure.message if task.failure else "The task failed."
        fields["error"] = {"code": INTERNAL_ERROR, "message": message}
    return fields


SHAPE = TaskShape(
    dialect=DIALECT,
    accepted=lambda task: describe(task, task.created_at),
    describe=describe,
    path_of=lambda task: PREFIX + task_name(task),
)


def accepted_reply(accepted: Reply, call: Call) -> Reply:
    """The answer to a call that goes on in the background: a task, or a result that names it."""
    if call.peer.knows_tasks:
        return accepted
    job_id = accepted.headers["location"].removeprefix(PREFIX)
    words = f"The job {job_id} is at work. get_job tells how it is, cancel_job takes it back."
    facts = {"job": {"job_id": job_id, "status": Status.QUEUED.value}}
    return bare_reply({"content": [text_content(words)], "structuredContent": facts})


def kind_of(bare: Reply) -> str:
    """The `resultType` of an answer: 202 is a task's."""
    return TASK if bare.status == 202 else "complete"


async def get_job(call: Call, arguments: JobArguments) -> Result:
    """The state of a job, and its result once it is over."""
    task = await find_task(arguments.job_id.lower(), call.context, arguments.wait)
    return _told(task)


async def cancel_job(call: Call, arguments: CancelArguments) -> Result:
    """A job taken back, unless it is over."""
    return _told(await find_task(arguments.job_id.lower(), call.context, None))


async def get_task(call: Call) -> Result:
    """`tasks/get`."""
    task = await _task(call, 0)
    return describe(task, call.context.gateway.clock.time())


async def update_task(call: Call) -> Result:
    """`tasks/update`: no task here ever asks for anything, so what comes is passed over."""
    await _task(call, 0)
    return {}


async def cancel_task(call: Call) -> Result:
    """`tasks/cancel`."""
    await _task(call, None)
    return {}


async def _task(call: Call, wait_s: int | None) -> Task:
    """The task that a request names, of those that calls of tools became; raises `RpcError`."""
    if not call.peer.knows_tasks:
        raise RpcError(
            MISSING_CAPABILITY,
            f"The client's capabilities must have the extension {TASKS}.",
            {"requiredCapabilities": {"extensions": {TASKS: {}}}},
        )
    name = call.message.text("taskId").lower()
    missing = invalid_params("taskId: there is no such task here, or no longer.")
    try:
        task = await find_task(name, call.context, 0)
        if task.dialect == DIALECT and wait_s is None:
            task = await find_task(name, call.context, None)
    except TaskNotFound:
        raise missing from None
    if task.dialect != DIALECT:
        raise missing
    return task


def _told(task: Task) -> Result:
    """A job as the result of a tool, its pictures among it."""
    job: dict[str, Any] = {"job_id": task_name(task), "status": task.status.value}
    if words := _words_of(task):
        job["message"] = words
    if task.failure is not None and task.status is Status.FAILED:
        return {**failure_result(task.failure)}
    stored = _stored(task)
    said = f"Job {job['job_id']}: {job['status']}." + (f" {words}" if words else "")
    if stored is None:
        if task.status is Status.COMPLETED:
            said += f" It was begun through another API: its result is at {PREFIX}{job['job_id']}."
        return {"content": [text_content(said)], "structuredContent": {"job": job}}
    facts = stored.get("structuredContent")
    return {
        **stored,
        "content": [text_content(said), *stored.get("content", ())],
        **({} if stored.get("isError") else {"structuredContent": {**(facts or {}), "job": job}}),
    }


def _stored(task: Task) -> dict[str, Any] | None:
    """The result of a tool that was stored; None for those of other dialects."""
    if task.result is None or task.dialect != DIALECT:
        return None
    stored = parse_json(task.result.body, _RESULT)
    return stored if isinstance(stored, dict) else None


def _words_of(task: Task) -> str | None:
    """A sentence about how far a task is."""
    if task.failure is not None:
        return task.failure.message
    progress = task.progress
    if not progress or task.status.is_over:
        return None
    if progress.get("stage") == "queued":
        ahead = progress.get("queue_position")
        return "In line." if ahead is None else f"In line, {ahead} ahead."
    step, total = progress.get("step"), progress.get("total_steps")
    return "Painting." if step is None or not total else f"Painting, step {step} of {total}."


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
