"""The host of tasks: a Durable Object for each, run by its alarm."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict
from typing import Any

from darkroom.app import TASK_SHAPES, perform
from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.edge.clock import SystemClock
from darkroom.edge.log import log_line
from darkroom.edge.object_rpc import (
    answer,
    ask,
    ask_for_stream,
    content_of,
    hand_over,
    stream,
    unframe,
)
from darkroom.edge.object_storage import DurableObjectStorage, fetch_from
from darkroom.errors import Failure, UpstreamUnavailable
from darkroom.gateway import Gateway
from darkroom.http import Part, RelayableReply, Remainder
from darkroom.sse import comment_frame
from darkroom.stores.tasks import Submission, Task
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.record import Record, TaskSnapshot
from darkroom.tasks.runner import RESULT, TaskRunner

POSTPONED_MS = 60_000
LARGE_BYTES = 1024 * 1024
HEARTBEAT = comment_frame("following")


class ObjectTasks:
    """A `TaskStore` in Durable Objects; `namespace` and `bucket` are the runtime's own bindings."""

    def __init__(self, namespace: Any, bucket: Any) -> None:
        self._namespace = namespace
        self._bucket = bucket

    async def create(self, submission: Submission, contents: Sequence[Blob]) -> None:
        """Create a task; see `TaskStore.create`.

        Large contents go first and by themselves: to put them into a frame would copy them.
        """
        question: dict[str, object] = {"create": asdict(submission)}
        if len(contents) > 1 or contents[0].size > LARGE_BYTES:
            await hand_over(self._namespace, submission.id, contents)
            await ask(self._namespace, submission.id, question)
        else:
            await ask(self._namespace, submission.id, question | {"body": True}, contents[0])

    async def read(self, task_id: str, wait_s: float = 0) -> Task | None:
        """The task; see `TaskStore.read`."""
        return await self._read_record(task_id, {"read": wait_s})

    async def cancel(self, task_id: str) -> Task | None:
        """Take a task back; see `TaskStore.cancel`."""
        return await self._read_record(task_id, {"cancel": True})

    async def follow(
        self, task_id: str, seen: int, limit_s: float
    ) -> AsyncGenerator[Part | Remainder] | None:
        """The task's events; see `FollowTask`. The object's stream is handed on as it is."""
        deadline = Deadline.after(limit_s, SystemClock())
        reply = await ask_for_stream(self._namespace, task_id, {"follow": seen}, deadline)
        return None if reply is None else _relayed(reply)

    async def _read_record(self, task_id: str, question: object) -> Task | None:
        reported, body = await ask(self._namespace, task_id, question)
        if reported is None:
            return None
        record = Record.of(reported["record"])
        content: Blob | None = body if record.answer else None
        if record.answer and record.answer.in_bucket:
            prefix = prefix_of(self._namespace.idFromName(task_id))
            content = await fetch_from(self._bucket, prefix + RESULT)
            if content is None:
                raise StoreUnavailable("the result is not in the bucket")
        return record.task(content, reported["progress"])


def open_task(ctx: Any, gateway: Gateway, bucket: Any) -> TaskRunner:
    """The life that goes on in an object; `ctx` is the object's own."""
    storage = getattr(ctx.storage, "_binding", ctx.storage)
    storage = DurableObjectStorage(storage, bucket, prefix_of(ctx.id))
    return TaskRunner(storage, gateway, perform, TASK_SHAPES, log_line)


async def postpone(ctx: Any, failure: Failure) -> None:
    """Let an alarm go off again when the operator may have mended the settings."""
    log_line({"error": failure.code, "message": failure.message})
    await ctx.storage.setAlarm(int(SystemClock().time() * 1000) + POSTPONED_MS)


async def serve_task(request: Any, life: TaskRunner, wait_until: Callable[[Any], None]) -> Any:
    """Answer one question inside the object, with a JavaScript `Response`.

    `wait_until` lets the clean-up of a stream finish.
    """
    if (handed_over := await content_of(request)) is not None:
        await life.store_request([handed_over])
        return answer(None)
    question, body = await unframe(request)
    if "create" in question:
        if "body" in question:
            await life.store_request([body])
        await life.create(Submission(**question["create"]))
        return answer(None)
    if "follow" in question:
        frames = await life.follow(question["follow"])
        return answer(None) if frames is None else stream(_guarded(frames), HEARTBEAT, wait_until)
    reported = await (life.cancel() if "cancel" in question else life.read(question["read"]))
    return answer(None) if reported is None else answer(_written(reported), reported.body)


async def _relayed(reply: RelayableReply) -> AsyncGenerator[Part | Remainder]:
    """An object's stream, after a sign that it is there."""
    try:
        yield HEARTBEAT
        yield Remainder(reply, UpstreamUnavailable("The events broke off. Ask for the rest."))
    finally:
        await reply.close()


async def _guarded(frames: AsyncGenerator[Part]) -> AsyncGenerator[Part]:
    """The same, broken off where the storage does not do its work: whoever follows asks again."""
    with suppress(StoreUnavailable):
        async with aclosing(frames):
            async for part in frames:
                yield part


def prefix_of(object_id: Any) -> str:
    """Below what the contents of an object stand in the bucket."""
    return f"tasks/{object_id.toString()}/"


def _written(reported: TaskSnapshot) -> dict[str, object]:
    """The record as it leaves the object: without the request."""
    record = reported.record.fields() | {"prompt": None, "begun": (), "accepted": {}}
    record["submission"] |= {"url": "", "headers": {}, "sealed": None, "webhook_url": None}
    return {"record": record, "progress": reported.progress}
