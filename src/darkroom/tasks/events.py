"""The events of a task: of each kind and picture the latest, for any number of followers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.blob import Blob
from darkroom.events import Failed, Progress, Queued, Started
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.http import Part
from darkroom.json_writer import json_parts
from darkroom.progress import progress_fields
from darkroom.tasks.record import Record, TaskSnapshot
from darkroom.tasks.result_field import with_encoded_file
from darkroom.tasks.shape import Describe

CREATED, PROGRESS, PREVIEW = "task.created", "task.progress", "task.partial_image"


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """One event: its id, which is greater than that of any before, its type and its fields."""

    id: int
    type: str
    fields: Mapping[str, object]

    def frame(self) -> Sequence[Part]:
        """The event on the wire; a picture in it stays outside Python's heap."""
        head = f"id: {self.id}\nevent: {self.type}\ndata: ".encode()
        first, *rest = json_parts({"type": self.type, **self.fields})
        assert isinstance(first, bytes)  # noqa: S101 - a brace, at the least
        if not rest:
            return [head + first + b"\n\n"]
        return [head + first, *rest, b"\n\n"]


class TaskEvents:
    """The latest events of a running task, in memory alone.

    An id is the time in milliseconds, so that ids of a life of the object that was lost are older
    than all of this one. `now` gives seconds since 1970.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._latest: dict[tuple[str, int], TaskEvent] = {}
        self._last_id = 0
        self._changed: asyncio.Event | None = None
        self.progress: Mapping[str, object] | None = None  # the latest of any picture

    def observe(self, index: int, event: object) -> None:
        """Take an event of a picture in the place of the one before; those of no interest pass."""
        if isinstance(event, Queued | Started | Progress):
            self.progress = progress_fields(index, event)
            self._put(PROGRESS, index, self.progress)
        elif isinstance(event, RenderedPreview):
            fields = {
                "image_index": index,
                "partial_image_index": event.index,
                "output_format": event.picture.output_format or "png",
                event.picture.field: event.picture.value,
            }
            self._put(PREVIEW, index, fields)
        elif isinstance(event, Completed | Failed):
            self._latest.pop((PREVIEW, index), None)

    async def stream(
        self,
        record: Record,
        seen: int,
        read: Callable[[], Awaitable[TaskSnapshot | None]],
        fetch_result: Callable[[], Awaitable[Blob | None]],
        describe: Describe,
    ) -> AsyncGenerator[Part]:
        """The events as frames, from the one after `seen` to the end of the task.

        `read` tells how the task stands, `describe` words it. The first event and the last are all
        that a poll would tell; the last is always there. Slow readers miss what became old.
        """
        number = int(record.submission.created_at * 1000)
        if seen < number:
            opening = record.task(None, self.progress)
            for part in TaskEvent(number, CREATED, describe(opening, self._now())).frame():
                yield part
        known = TaskSnapshot(record)
        while (known := await read() or known) and not known.record.status.is_over:
            changed = self._next_change()
            for event in self._newer_than(seen):
                for part in event.frame():
                    yield part
                seen = event.id
            await changed.wait()
        body = known.body
        if body is None and known.record.answer:
            body = await fetch_result()
        task = await with_encoded_file(known.record.task(body))
        number = max(seen + 1, int((task.ended_at or 0) * 1000))
        for part in TaskEvent(number, f"task.{task.status}", describe(task, self._now())).frame():
            yield part

    def end(self) -> None:
        """Let go of everything, and let followers know that the task is over."""
        self._latest.clear()
        self._tell()

    def _newer_than(self, seen: int) -> Sequence[TaskEvent]:
        newer = [event for event in self._latest.values() if event.id > seen]
        return sorted(newer, key=lambda event: event.id)

    def _next_change(self) -> asyncio.Event:
        """What is set as soon as anything happens from now on."""
        if self._changed is None:
            self._changed = asyncio.Event()
        return self._changed

    def _put(self, kind: str, index: int, fields: Mapping[str, object]) -> None:
        self._last_id = max(self._last_id + 1, int(self._now() * 1000))
        self._latest[kind, index] = TaskEvent(self._last_id, kind, fields)
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()
