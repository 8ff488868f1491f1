"""Runs of painting calls: at once, with heartbeats, or with progress notifications."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from darkroom.dialects.mcp.cancelling import PAUSE_S, CancelWatch, watch_for
from darkroom.dialects.mcp.errors import error_frame
from darkroom.dialects.mcp.painted import PREVIEW, Painted
from darkroom.dialects.mcp.progress import ProgressMeter
from darkroom.dialects.mcp.results import Call, Result, bare_reply, failure_result
from darkroom.engine.run import with_ticks
from darkroom.errors import Failure, JobFailed
from darkroom.generation.output import RenderedPreview
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent
from darkroom.generation.stream import begin, end, event_stream
from darkroom.http import HEARTBEAT_S, Part, Reply


async def answer_painting(generation: Generation, call: Call, returns: str) -> Reply:
    """Paint, and answer as the client can take it; raises a `Failure` where nothing came of it."""
    run = _Run(generation, call, returns)
    token = call.message.progress_token
    if not call.streams:
        return bare_reply(await run.to_end(), run.result.timing.headers())
    if token is None:
        return await answer_later(call, await begin(run.to_end()))
    meter = ProgressMeter(token, len(generation.image_request.seeds))
    return _stream(call, run.frames(meter))


async def answer_later(call: Call, task: "asyncio.Task[Result]") -> Reply:
    """Answer with what a task came to, or with a stream where it has not ended yet.

    Its client can break that off; comments keep it open.
    """
    if task.done():
        return bare_reply(task.result())
    return _stream(call, _when_done(call, task))


def wants_sketches(call: Call, returns: str) -> bool:
    """True where the upstream's previews are all that a small picture can be made of."""
    return returns == PREVIEW and call.context.gateway.converter is None


def _stream(call: Call, frames: AsyncGenerator[Part]) -> Reply:
    reply = event_stream({}, frames)
    return replace(reply, render_failure=lambda failure: [error_frame(failure, call.message.id)])


async def _when_done(call: Call, task: "asyncio.Task[Result]") -> AsyncGenerator[Part]:
    try:
        result = await task
    except Failure as failure:
        result = failure_result(failure)
    finally:
        await end(task)
    for part in call.frame(result):
        yield part


class _Run:
    """One run of a generation."""

    def __init__(self, generation: Generation, call: Call, returns: str) -> None:
        self.result = GenerationResult.of(generation)
        self._generation = generation
        self._call = call
        self._returns = returns
        self._sketches: dict[int, RenderedPreview] = {}
        self._watch = watch_for(call.message, call.peer, call.context)
        self._tick_s = PAUSE_S if self._watch is not None else HEARTBEAT_S

    async def to_end(self) -> Result:
        """Run it and give the tool's result."""
        live = wants_sketches(self._call, self._returns)
        tick_s = self._tick_s if self._watch is not None else None
        async with aclosing(self._events(live=live, tick_s=tick_s)) as events:
            async for _ in events:
                pass
        return await self._render()

    async def frames(self, meter: ProgressMeter) -> AsyncGenerator[Part]:
        """Run it as the parts of a stream: notifications, and the result."""
        clock = self._call.context.gateway.clock
        began, quiet_s = clock.monotonic(), 0.0
        try:
            async with aclosing(self._events(live=True, tick_s=self._tick_s)) as events:
                async for item in events:
                    quiet_s += self._tick_s if item is None else 0.0
                    frame = meter.of_event(item) if item is not None else None
                    if frame is None and quiet_s >= HEARTBEAT_S:
                        elapsed_s = clock.monotonic() - began
                        frame = meter.notify(f"Still at work, {elapsed_s:.0f} s so far")
                    if frame is not None:
                        quiet_s = 0.0
                        yield frame
            result = await self._render()
        except Failure as failure:
            result = failure_result(failure)
        for part in self._call.frame(result):
            yield part

    async def _render(self) -> Result:
        painted = Painted(
            self._generation, self.result, self._sketches, self._returns, self._call.context
        )
        return await painted.render()

    async def _events(
        self, *, live: bool, tick_s: float | None
    ) -> AsyncGenerator[IndexedEvent | None]:
        """All events as they come, and None each time that nothing did for a while."""
        source: AsyncGenerator[IndexedEvent | None] = self._generation.events(live=live)
        watch = self._watch
        if tick_s is not None:
            source = with_ticks(source, tick_s)
        observe = self._generation.observer
        try:
            async with aclosing(source) as events:
                async for item in events:
                    _check(watch)
                    if item is not None:
                        self._add(item)
                        if observe is not None:
                            observe(*item)
                    yield item
        finally:
            if watch is not None:
                await watch.end()

    def _add(self, item: IndexedEvent) -> None:
        self.result.add_event(item)
        index, event = item
        if isinstance(event, RenderedPreview):
            self._sketches[index] = event


def _check(watch: CancelWatch | None) -> None:
    """Look at the board of cancelled calls; raise where this one is on it."""
    if watch is None:
        return
    if watch.is_cancelled:
        raise JobFailed("The call was cancelled.", code="cancelled")
    watch.look()
