"""The event stream of a generation, for every dialect that streams."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from darkroom.events import AttemptFailed, AttemptStarted, Failed, Finished
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent
from darkroom.http import Part, Reply

HEARTBEAT_S = 10.0


@dataclass(frozen=True, slots=True)
class EventStream:
    """A stream that has begun.

    `first` are the events up to the first that goes to the caller, already part of the result.
    """

    result: GenerationResult
    first: Sequence[IndexedEvent]
    events: AsyncGenerator[IndexedEvent]

    @asynccontextmanager
    async def items(self) -> AsyncIterator[AsyncGenerator[IndexedEvent]]:
        """All events as they come; leaving the block cancels the jobs."""
        async with aclosing(self.events), aclosing(self._all()) as items:
            yield items

    async def _all(self) -> AsyncGenerator[IndexedEvent]:
        for item in self.first:
            yield item
        async for item in self.events:
            self.result.add_event(item)
            yield item


async def open_stream(generation: Generation) -> EventStream:
    """Start a generation and wait for the first event to send, at most one heartbeat.

    So a job that no upstream accepts is answered with the status of its failure, which is raised
    when every job has one.
    """
    events = generation.events(live=True, tick_s=HEARTBEAT_S)
    result = GenerationResult.of(generation)
    try:
        first = await _until_first_event(events, result, len(generation.image_request.seeds))
    except BaseException:
        await events.aclose()
        raise
    return EventStream(result, first, events)


def event_stream(headers: Mapping[str, str], body: AsyncGenerator[Part]) -> Reply:
    """A reply of server-sent events, with headers of its own."""
    kind = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    return Reply(200, {**kind, **headers}, body)


async def _until_first_event(
    events: AsyncGenerator[IndexedEvent], result: GenerationResult, jobs: int
) -> list[IndexedEvent]:
    items: list[IndexedEvent] = []
    async for item in events:
        items.append(item)
        result.add_event(item)
        if item is None or not isinstance(
            item[1], AttemptStarted | AttemptFailed | Finished | Failed
        ):
            return items
        if len(result.failures) == jobs:
            raise result.failures[min(result.failures)]
    return items
