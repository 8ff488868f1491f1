"""A generation run that publishes its progress and polls for an interrupt."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from darkroom.blob import Blob
from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.dialects.a1111.session import STORE_LIMIT_S, store_limit
from darkroom.engine.run import with_ticks
from darkroom.errors import Failure, JobFailed
from darkroom.events import Failed, Progress, Queued, Started
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent
from darkroom.json_writer import TextBlob
from darkroom.stores.progress import Interrupt, JobProgress
from darkroom.stores.unavailable import StoreUnavailable

PAUSE_S = 1.0  # between two looks at the board: each is a sub-request at the edge


async def run_with_progress(
    generation: Generation, kind: str, context: RequestContext
) -> GenerationResult:
    """Run a generation while publishing its progress; raises as `run_to_end` does.

    A caller who interrupts it gets what is finished, and of the rest the latest previews; raises
    `JobFailed` where there is nothing of either.
    """
    result = GenerationResult.of(generation)
    work = _Work(kind, len(generation.image_request.seeds), context.gateway.clock.time())
    notice = _Notice(context)
    try:
        notice.show(work)
        source = generation.events(live=False, watched=True)
        async with aclosing(with_ticks(source, PAUSE_S)) as events:
            async for item in events:
                if item is not None:
                    result.add_event(item)
                    work.add_event(item)
                notice.show(work)
                if notice.halt is not None:
                    break
    finally:
        await notice.clear()
    if notice.halt is not None:
        _fill_up(result, generation, work.sketches)
    if result.completed:
        return result
    if result.failures:
        raise result.failures[min(result.failures)]
    raise JobFailed("Interrupted before there was anything to show.", code="interrupted")


def _fill_up(
    result: GenerationResult, generation: Generation, sketches: Mapping[int, RenderedPreview]
) -> None:
    """Let previews stand for the pictures that are not finished."""
    for index, sketch in sketches.items():
        result.completed.setdefault(
            index,
            Completed(
                picture=sketch.picture,
                served=sketch.served,
                provider=result.timing.provider or "",
                seed=generation.image_request.seeds[index],
            ),
        )


@dataclass(slots=True)
class _Work:
    """The progress of all images of a generation."""

    kind: str
    count: int
    began: float
    step: int = 0
    steps: int = 0
    message: str | None = None
    preview: Blob | None = None
    sketches: dict[int, RenderedPreview] = field(default_factory=dict)
    _fractions: dict[int, float] = field(default_factory=dict)
    _ended: set[int] = field(default_factory=set)

    @property
    def job_progress(self) -> JobProgress:
        """The progress to publish."""
        return JobProgress(
            kind=self.kind,
            began=self.began,
            count=self.count,
            done=len(self._ended),
            progress=sum(self._fractions.values()) / self.count,
            step=self.step,
            steps=self.steps,
            message=self.message,
        )

    def add_event(self, item: IndexedEvent) -> None:
        """Take note of what happened."""
        index, event = item
        match event:
            case Queued(position=position, message=message):
                ahead = None if position is None else f"Waiting, {position} ahead"
                self.message = message or ahead
            case Started():
                self.message = None
            case Progress(step=step, total=total, fraction=fraction, message=message):
                self.message = message
                if step is not None and total:
                    self.step, self.steps = step, total
                    fraction = step / total if fraction is None else fraction
                self._fractions[index] = min(1.0, max(0.0, fraction or 0.0))
            case RenderedPreview(picture=picture):
                self.sketches[index] = event
                if isinstance(picture.value, TextBlob):
                    self.preview = picture.value.content
            case Completed() | Failed():
                self._fractions[index] = 1.0
                self._ended.add(index)


class _Notice:
    """The published progress of one job.

    Showing it holds up nothing: what is to be shown while the store is still at it is left out.
    """

    def __init__(self, context: RequestContext) -> None:
        self.halt: Interrupt | None = None
        self._context = context
        self._job = context.gateway.draw_token()
        self._showing: asyncio.Future[None] | None = None
        self._shown_at = float("-inf")
        self._seen: Blob | None = None

    def show(self, work: _Work) -> None:
        """Show how the work stands, unless that was done a moment ago."""
        now = self._context.gateway.clock.monotonic()
        at_it = self._showing is not None and not self._showing.done()
        if self._context.caller_key is None or at_it or now - self._shown_at < PAUSE_S:
            return
        self._shown_at = now
        preview = work.preview if work.preview is not self._seen else None
        self._showing = asyncio.ensure_future(self._show(work.job_progress, preview))

    async def clear(self) -> None:
        """Take it down, after whatever is still being shown."""
        scope = self._context.caller_key
        if scope is None or self._showing is None:
            return
        # The request's own time may be up, so this has a little of its own.
        deadline = Deadline.after(2 * STORE_LIMIT_S, self._context.gateway.clock)
        await asyncio.gather(self._showing, return_exceptions=True)
        with suppress(StoreUnavailable, Failure):
            with store_limit(deadline):
                await self._context.gateway.progress_store.clear(scope, self._job)

    async def _show(self, job_progress: JobProgress, preview: Blob | None) -> None:
        with suppress(StoreUnavailable, Failure):
            with store_limit(self._context.deadline):
                progress_store = self._context.gateway.progress_store
                halt = await progress_store.show(
                    self._context.caller_key or "", self._job, job_progress, preview
                )
                self._seen = preview or self._seen
                self.halt = halt or self.halt
