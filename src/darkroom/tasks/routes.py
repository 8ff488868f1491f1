"""Handlers that poll and cancel tasks, in any dialect's shape.

The id is all that it takes: it cannot be guessed, so whoever has it may use it.
"""

import re

from darkroom.context import Handler, RequestContext
from darkroom.deadline import Deadline
from darkroom.errors import InvalidRequest, UpstreamUnavailable
from darkroom.http import Reply, Request
from darkroom.json_writer import json_parts
from darkroom.stores.tasks import Task
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.dispatch import POLL_AFTER_S
from darkroom.tasks.errors import TaskNotFound
from darkroom.tasks.ids import read_task_id
from darkroom.tasks.result_field import with_encoded_file
from darkroom.tasks.shape import TaskShape

LONGEST_WAIT_S = 30
READ_LIMIT_S = 30.0  # beside the time that the caller wants to wait

_WAIT = re.compile("[0-9]{1,2}")


def poll_handler(prefix: str, shape: TaskShape) -> Handler:
    """A handler that reports a task's status, as soon as it is over or `?wait=` has passed."""

    async def poll(context: RequestContext) -> Reply:
        return await _describe(context, prefix, shape, wait_s=_read_wait(context.request))

    return poll


def cancel_handler(prefix: str, shape: TaskShape, suffix: str = "") -> Handler:
    """A handler that cancels a task, unless it is over, and reports its status.

    `suffix` is what stands behind the id in the path.
    """

    async def cancel(context: RequestContext) -> Reply:
        return await _describe(context, prefix, shape, wait_s=None, suffix=suffix)

    return cancel


async def _describe(
    context: RequestContext,
    prefix: str,
    shape: TaskShape,
    *,
    wait_s: int | None,
    suffix: str = "",
) -> Reply:
    """Read a task and describe it; without any `wait_s` it is cancelled first."""
    gateway = context.gateway
    name = context.request.path_after(prefix).lower().removesuffix(suffix)
    task = await find_task(name, context, wait_s)
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if not task.status.is_over:
        headers["retry-after"] = str(POLL_AFTER_S)
    task = await with_encoded_file(task)
    return Reply(200, headers, json_parts(shape.describe_poll(task, gateway.clock.time())))


async def find_task(name: str, context: RequestContext, wait_s: int | None) -> Task:
    """The task of that id, as soon as it is over or the seconds have passed; None cancels it.

    Raises `TaskNotFound`, and `UpstreamUnavailable` where tasks cannot be read.
    """
    gateway, task_id, task = context.gateway, read_task_id(name), None
    if task_id and gateway.background is not None:
        store = gateway.background.store
        deadline = Deadline.after(READ_LIMIT_S + (wait_s or 0), gateway.clock)
        try:
            with deadline.enforced():
                if wait_s is None:
                    task = await store.cancel(task_id)
                else:
                    task = await store.read(task_id, wait_s)
        except StoreUnavailable:
            raise UpstreamUnavailable("Tasks cannot be read now. Try again.") from None
    if task is None:
        raise TaskNotFound("There is no such task here, or no longer.")
    return task


def _read_wait(request: Request) -> int:
    text = dict(request.query_fields(keep_blank=True)).get("wait")
    if text is None:
        return 0
    if not _WAIT.fullmatch(text) or not 1 <= int(text) <= LONGEST_WAIT_S:
        raise InvalidRequest(
            f"wait: must be a whole number of seconds from 1 to {LONGEST_WAIT_S}.", param="wait"
        )
    return int(text)
