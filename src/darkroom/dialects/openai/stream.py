"""The same generation as server-sent events, each sent the moment it happens."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from darkroom.dialects.openai.commission import Commission
from darkroom.dialects.openai.errors import error_frame
from darkroom.dialects.timing import Timing
from darkroom.errors import Failure
from darkroom.events import (
    Attempted,
    Event,
    Failed,
    Finished,
    Picture,
    Preview,
    Progress,
    Queued,
    Started,
)
from darkroom.http import Part, Reply
from darkroom.json_body import json_parts
from darkroom.sse import comment_frame, event_frame

HEARTBEAT_S = 10.0

Items = AsyncGenerator[tuple[int, Event] | None]


async def stream_commission(commission: Commission) -> Reply:
    """Answer with a stream (reference/wire-formats.md B3.5).

    Waits for the first thing to tell, one heartbeat long at the most, so that a job which no
    upstream takes is answered with the status of its failure.
    """
    timing = Timing(commission.gateway.clock)
    events = commission.events(live=True, tick_s=HEARTBEAT_S)
    renderer = _StreamRenderer(commission, timing)
    try:
        first = await _first_to_tell(events, timing, len(commission.generation.jobs))
    except BaseException:
        await events.aclose()
        raise
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        **timing.headers(),
    }
    return Reply(200, headers, renderer.frames(first, events))


async def _first_to_tell(
    events: Items, timing: Timing, jobs: int
) -> list[tuple[int, Event] | None]:
    """The items up to the first that goes to the caller; raises when every job has failed."""
    items: list[tuple[int, Event] | None] = []
    failures: list[Failure] = []
    async for item in events:
        items.append(item)
        if item is None:
            return items
        index, event = item
        timing.note(index, event)
        if isinstance(event, Failed):
            failures.append(event.failure)
        elif not isinstance(event, Attempted):
            return items
        if len(failures) == jobs:
            raise failures[0]
    return items


class _StreamRenderer:
    """Turns the events of one request into frames."""

    def __init__(self, commission: Commission, timing: Timing) -> None:
        self._commission = commission
        self._generation = commission.generation
        self._timing = timing
        self._previews_sent = dict.fromkeys(range(len(self._generation.jobs)), 0)

    async def frames(
        self, first: Sequence[tuple[int, Event] | None], events: Items
    ) -> AsyncGenerator[Part]:
        """The stream's parts. Failures are told last: an SDK stops reading at the first."""
        failures: list[Failure] = []
        async with aclosing(events):
            for item in first:
                async for part in self._render(item, failures):
                    yield part
            async for item in events:
                if item is not None:
                    self._timing.note(*item)
                async for part in self._render(item, failures):
                    yield part
        for failure in failures:
            yield error_frame(failure)

    async def _render(
        self, item: tuple[int, Event] | None, failures: list[Failure]
    ) -> AsyncGenerator[Part]:
        if item is None:
            yield comment_frame("still working")
            return
        index, event = item
        match event:
            case Failed(failure):
                failures.append(failure)
            case Queued() | Started() | Progress():
                data = {"type": "image_generation.progress", **progress_fields(index, event)}
                yield event_frame("image_generation.progress", _compact(data))
            case Preview(picture):
                for part in await self._preview(index, picture):
                    yield part
            case Finished():
                try:
                    parts = await self._completed(index, event)
                except Failure as failure:
                    failures.append(failure)
                else:
                    for part in parts:
                        yield part

    async def _preview(self, index: int, picture: Picture) -> list[Part]:
        sent, limit = self._previews_sent[index], self._generation.previews
        if limit is not None and sent >= limit:
            return []
        try:
            rendered = await self._commission.render(picture, "b64_json")
        except Failure:
            return []  # the picture itself is still to come
        self._previews_sent[index] = sent + 1
        return _frame(
            "image_generation.partial_image",
            {
                "type": "image_generation.partial_image",
                "image_index": index,
                "partial_image_index": sent,
                **self._common(rendered.output_format),
                rendered.field: rendered.value,
            },
        )

    async def _completed(self, index: int, event: Finished) -> list[Part]:
        rendered = await self._commission.render(
            event.pictures[0], self._generation.response_format
        )
        fields: dict[str, object] = {
            "type": "image_generation.completed",
            "image_index": index,
            **self._common(rendered.output_format),
            "seed": event.seed,
            "model": self._generation.model.id,
            "provider": self._timing.provider,
        }
        if self._generation.ignored:
            fields["ignored"] = list(self._generation.ignored)
        fields[rendered.field] = rendered.value
        return _frame("image_generation.completed", fields)

    def _common(self, output_format: str | None) -> dict[str, object]:
        return {
            "created_at": int(self._commission.gateway.clock.time()),
            "size": str(self._generation.jobs[0].size),
            "quality": "auto",
            "background": "auto",
            "output_format": output_format,
        }


def progress_fields(index: int, event: Queued | Started | Progress) -> dict[str, object]:
    """What is known of a job under way; what is not is null."""
    queued = event if isinstance(event, Queued) else Queued()
    progress = event if isinstance(event, Progress) else Progress()
    eta_s = None if isinstance(event, Progress) else event.eta_s
    message = None if isinstance(event, Started) else event.message
    fields: dict[str, object] = {
        "image_index": index,
        "stage": "queued" if isinstance(event, Queued) else "running",
        "queue_position": queued.position,
        "queue_size": queued.size,
        "eta_seconds": None if eta_s is None else round(eta_s, 1),
        "step": progress.step,
        "total_steps": progress.total,
        "progress": progress.fraction,
    }
    if message:
        fields["message"] = message
    return fields


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _frame(kind: str, fields: dict[str, object]) -> list[Part]:
    """An event whose picture stays outside Python's heap."""
    return [f"event: {kind}\ndata: ".encode(), *json_parts(fields), b"\n\n"]
