"""The same generation as server-sent events, each sent the moment it happens."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from darkroom.catalog.wish import Fitted
from darkroom.dialects.openai.commission import Commission, Completed, NewsItem, RenderedPreview
from darkroom.dialects.openai.errors import error_frame
from darkroom.dialects.timing import Timing
from darkroom.errors import Failure
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


async def stream_commission(commission: Commission) -> Reply:
    """Answer with a stream (reference/wire-formats.md B3.5).

    Waits for the first thing to tell, one heartbeat long at the most, so that a job which no
    upstream takes is answered with the status of its failure.
    """
    timing = Timing(commission.gateway.clock)
    news = commission.news(live=True, tick_s=HEARTBEAT_S)
    renderer = _StreamRenderer(commission, timing)
    try:
        first = await first_to_tell(news, timing, len(commission.generation.seeds))
    except BaseException:
        await news.aclose()
        raise
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        **timing.headers(),
    }
    return Reply(200, headers, renderer.frames(first, news))


async def first_to_tell(
    news: AsyncGenerator[NewsItem], timing: Timing, jobs: int
) -> list[NewsItem]:
    """The items up to the first that goes to the caller; raises when every job has failed."""
    items: list[NewsItem] = []
    failures: list[Failure] = []
    async for item in news:
        items.append(item)
        if item is None:
            return items
        index, event = item
        timing.note(index, event)
        if isinstance(event, Failed):
            failures.append(event.failure)
        elif not isinstance(event, Attempted | Abandoned | Finished):
            return items
        if len(failures) == jobs:
            raise failures[0]
    return items


class _StreamRenderer:
    """Turns the news of one request into frames."""

    def __init__(self, commission: Commission, timing: Timing) -> None:
        self._commission = commission
        self._generation = commission.generation
        self._timing = timing

    async def frames(
        self, first: Sequence[NewsItem], news: AsyncGenerator[NewsItem]
    ) -> AsyncGenerator[Part]:
        """The stream's parts; raises the last failure, if any, for the boundary to tell.

        Failures are told last: an SDK stops reading at the first.
        """
        failures: list[Failure] = []
        async with aclosing(news):
            for item in first:
                for part in self._render(item, failures):
                    yield part
            async for item in news:
                if item is not None:
                    self._timing.note(*item)
                for part in self._render(item, failures):
                    yield part
        for failure in failures[:-1]:
            yield error_frame(failure)
        if failures:
            raise failures[-1]

    def _render(self, item: NewsItem, failures: list[Failure]) -> Sequence[Part]:
        if item is None:
            return [comment_frame("still working")]
        index, event = item
        match event:
            case Failed(failure):
                failure.image_index = index if len(self._generation.seeds) > 1 else None
                failures.append(failure)
            case Queued() | Started() | Progress():
                data = {"type": "image_generation.progress", **progress_fields(index, event)}
                return [event_frame("image_generation.progress", _compact(data))]
            case RenderedPreview():
                return self._preview(index, event)
            case Completed():
                return self._completed(index, event)
        return []

    def _preview(self, index: int, event: RenderedPreview) -> list[Part]:
        return _frame(
            "image_generation.partial_image",
            {
                "type": "image_generation.partial_image",
                "image_index": index,
                "partial_image_index": event.index,
                **self._common(event.served, event.picture.output_format),
                event.picture.field: event.picture.value,
            },
        )

    def _completed(self, index: int, event: Completed) -> list[Part]:
        fields: dict[str, object] = {
            "type": "image_generation.completed",
            "image_index": index,
            **self._common(event.served, event.picture.output_format),
            "size": event.picture.size or str(event.served.job.size),
            "seed": event.seed,
            "model": event.served.model.id,
            "provider": event.provider,
            **(self._commission.remarks or {}),
        }
        if event.revised_prompt:
            fields["revised_prompt"] = event.revised_prompt
        if event.usage:
            fields["usage"] = event.usage
        if ignored := self._generation.ignored_by(event.served):
            fields["ignored"] = list(ignored)
        if len(self._timing.trials) > 1:
            fields["tried"] = [str(trial) for trial in self._timing.trials]
        fields[event.picture.field] = event.picture.value
        return _frame("image_generation.completed", fields)

    def _common(self, served: Fitted, output_format: str | None) -> dict[str, object]:
        return {
            "created_at": int(self._commission.gateway.clock.time()),
            "size": str(served.job.size),
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
