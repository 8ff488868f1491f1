"""Replies that follow a task: its events as a stream, which its caller may leave and take up."""

from collections.abc import Mapping

from darkroom.context import Handler, RequestContext
from darkroom.deadline import Deadline
from darkroom.errors import UpstreamUnavailable
from darkroom.generation.stream import event_stream
from darkroom.http import Reply
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.errors import TaskNotFound
from darkroom.tasks.ids import read_task_id

EVENTS_VERB = "/events"
MAX_ID_DIGITS = 15
READ_LIMIT_S = 30.0


def follow_handler(prefix: str) -> Handler:
    """A handler that streams a task's events from the one after `Last-Event-ID`."""

    async def follow(context: RequestContext) -> Reply:
        name = context.request.path_after(prefix).lower().removesuffix(EVENTS_VERB)
        background, task_id = context.gateway.background, read_task_id(name)
        seen = read_event_id(context.request.headers.get("last-event-id", ""))
        reply = None
        if task_id is not None and background is not None:
            try:
                reply = await follow_task(context, task_id, seen)
            except StoreUnavailable:
                raise UpstreamUnavailable("Tasks cannot be read now. Try again.") from None
        if reply is None:
            raise TaskNotFound("There is no such task here, or no longer.")
        return reply

    return follow


async def follow_task(
    context: RequestContext, task_id: str, seen: int = 0, headers: Mapping[str, str] | None = None
) -> Reply | None:
    """A stream of a task's events, for as long as tasks may take; None for a task not known.

    Raises `StoreUnavailable`.
    """
    gateway = context.gateway
    assert gateway.background is not None  # noqa: S101 - whoever has a task's id has found it
    with Deadline.after(READ_LIMIT_S, gateway.clock).enforced():
        events = await gateway.background.follow(task_id, seen, gateway.settings.task_timeout_s)
    if events is None:
        return None
    return event_stream(headers or {}, events, heartbeat=b"", relayed=True)


def read_event_id(text: str) -> int:
    """The number of a `Last-Event-ID`; 0 for one that was never given."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS else 0
