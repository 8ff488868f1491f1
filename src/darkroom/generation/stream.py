"""The event stream of a generation, for every dialect that streams."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from darkroom.events import AttemptFailed, AttemptStarted, Failed, Finished
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent
from darkroom.http import HEARTBEAT_S, Part, Remainder, Reply
from darkroom.sse import comment_frame

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EventStream:
    """A stream that has begun.

    `first` will be the events up to the first that goes to the caller, already part of the result.
    """

    result: GenerationResult
    first: asyncio.Task[Sequence[IndexedEvent]]
    events: AsyncGenerator[IndexedEvent]

    @asynccontextmanager
    async def items(self) -> AsyncIterator[AsyncGenerator[IndexedEvent]]:
        """All events as they come; leaving the block cancels the jobs."""
        try:
            async with aclosing(self._all()) as items:
                yield items
        finally:
            await end(self.first)
            await self.events.aclose()

    async def _all(self) -> AsyncGenerator[IndexedEvent]:
        for item in await self.first:
            yield item
        async for item in self.events:
            self.result.add_event(item)
            yield item


async def open_stream(generation: Generation) -> EventStream:
    """Start a generation and wait for the first event to send, at most one heartbeat.

    So a job that no upstream accepts is answered with the status of its failure, which is raised
    when every job has one.
    """
    events = generation.events(live=True)
    result = GenerationResult.of(generation)
    try:
        first = await begin(_until_first_event(events, result))
    except BaseException:
        await events.aclose()
        raise
    if len(result.failures) == len(generation.image_request.seeds):
        raise result.failures[min(result.failures)]
    return EventStream(result, first, events)


async def begin(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start work and wait for its result, at most one heartbeat; it goes on after that.

    Raises what the work raised meanwhile.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=HEARTBEAT_S)
    except BaseException:
        await end(task)
        raise
    if task.done():
        task.result()
    return task


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel work that has begun, and wait until it has let go of everything."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


def event_stream(
    headers: Mapping[str, str],
    body: AsyncGenerator[Part | Remainder],
    heartbeat: bytes = comment_frame("still working"),
    *,
    relayed: bool = False,
) -> Reply:
    """A reply of server-sent events, with headers of its own; `relayed` as in `Reply`."""
    kind = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    return Reply(200, {**kind, **headers}, body, heartbeat=heartbeat, relayed=relayed)


async def _until_first_event(
    events: AsyncGenerator[IndexedEvent], result: GenerationResult
) -> Sequence[IndexedEvent]:
    items: list[IndexedEvent] = []
    async for item in events:
        items.append(item)
        result.add_event(item)
        if not isinstance(item[1], AttemptStarted | AttemptFailed | Finished | Failed):
            break
    return items
