"""The same generation as server-sent events, each sent the moment it happens."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from darkroom.catalog.wish import Fitted
from darkroom.dialects.commission import Commission, NewsItem, Outcome
from darkroom.dialects.openai.errors import error_frame, improvement_remarks
from darkroom.dialects.pictures import Completed, RenderedPreview
from darkroom.dialects.timing import Timing
from darkroom.events import (
    Abandoned,
    Attempted,
    Failed,
    Finished,
    Progress,
    Queued,
    Started,
)
from darkroom.http import Part, Reply
from darkroom.json_body import json_parts
from darkroom.sse import comment_frame, event_frame

HEARTBEAT_S = 10.0
GENERATION, EDIT = "image_generation", "image_edit"  # what events are called by


async def stream_commission(commission: Commission, kind: str) -> Reply:
    """Answer with a stream (reference/wire-formats.md B3.5), its events named after `kind`.

    Waits for the first thing to tell, one heartbeat long at the most, so that a job which no
    upstream takes is answered with the status of its failure.
    """
    news = commission.news(live=True, tick_s=HEARTBEAT_S)
    outcome = Outcome.of(commission)
    try:
        first = await first_to_tell(news, outcome, len(commission.order.seeds))
    except BaseException:
        await news.aclose()
        raise
    renderer = _StreamRenderer(commission, outcome, kind)
    return event_stream(outcome.timing, renderer.frames(first, news))


def event_stream(timing: Timing, body: AsyncGenerator[Part]) -> Reply:
    """An answer that is a stream of events."""
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        **timing.headers(),
    }
    return Reply(200, headers, body)


async def first_to_tell(
    news: AsyncGenerator[NewsItem], outcome: Outcome, jobs: int
) -> list[NewsItem]:
    """The items up to the first that goes to the caller; raises when every job has failed."""
    items: list[NewsItem] = []
    async for item in news:
        items.append(item)
        outcome.note(item)
        if item is None or not isinstance(item[1], Attempted | Abandoned | Finished | Failed):
            return items
        if len(outcome.failures) == jobs:
            raise outcome.failures[min(outcome.failures)]
    return items


async def all_news(
    first: Sequence[NewsItem], news: AsyncGenerator[NewsItem], outcome: Outcome
) -> AsyncGenerator[NewsItem]:
    """The items that were taken note of, and then the others, as they come."""
    async with aclosing(news):
        for item in first:
            yield item
        async for item in news:
            outcome.note(item)
            yield item


class _StreamRenderer:
    """Turns the news of one request into frames."""

    def __init__(self, commission: Commission, outcome: Outcome, kind: str) -> None:
        self._commission = commission
        self._outcome = outcome
        self._kind = kind

    async def frames(
        self, first: Sequence[NewsItem], news: AsyncGenerator[NewsItem]
    ) -> AsyncGenerator[Part]:
        """The stream's parts; raises the last failure, if any, for the boundary to tell.

        Failures are told last: an SDK stops reading at the first.
        """
        async with aclosing(all_news(first, news, self._outcome)) as items:
            async for item in items:
                for part in self._render(item):
                    yield part
        failures = list(self._outcome.failures.values())
        for failure in failures[:-1]:
            yield error_frame(failure)
        if failures:
            raise failures[-1]

    def _render(self, item: NewsItem) -> Sequence[Part]:
        if item is None:
            return [comment_frame("still working")]
        index, event = item
        match event:
            case Failed(failure):
                failure.image_index = index if len(self._commission.order.seeds) > 1 else None
            case Queued() | Started() | Progress():
                name = f"{self._kind}.progress"
                data = {"type": name, **progress_fields(index, event)}
                return [event_frame(name, _compact(data))]
            case RenderedPreview():
                return self._preview(index, event)
            case Completed():
                return self._completed(index, event)
        return []

    def _preview(self, index: int, event: RenderedPreview) -> list[Part]:
        return self._frame(
            "partial_image",
            {
                "image_index": index,
                "partial_image_index": event.index,
                **self._common(event.served, event.picture.output_format),
                event.picture.field: event.picture.value,
            },
        )

    def _completed(self, index: int, event: Completed) -> list[Part]:
        fields: dict[str, object] = {
            "image_index": index,
            **self._common(event.served, event.picture.output_format),
            "size": event.picture.size or str(event.served.job.size),
            "seed": event.seed,
            "model": event.served.model.id,
            "provider": event.provider,
            **improvement_remarks(self._commission.improvement_failure),
        }
        if event.revised_prompt:
            fields["revised_prompt"] = event.revised_prompt
        if event.usage:
            fields["usage"] = event.usage
        fields |= self._outcome.remarks(self._commission, event)
        fields[event.picture.field] = event.picture.value
        return self._frame("completed", fields)

    def _common(self, served: Fitted, output_format: str | None) -> dict[str, object]:
        options = served.job.options
        return {
            "created_at": int(self._outcome.timing.clock.time()),
            "size": str(served.job.size),
            "quality": options.get("quality", "auto"),
            "background": options.get("background", "auto"),
            "output_format": output_format or options.get("output_format") or "png",
        }

    def _frame(self, name: str, fields: dict[str, object]) -> list[Part]:
        """An event whose picture stays outside Python's heap."""
        kind = f"{self._kind}.{name}"
        return [f"event: {kind}\ndata: ".encode(), *json_parts({"type": kind, **fields}), b"\n\n"]


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
