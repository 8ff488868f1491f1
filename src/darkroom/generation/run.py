"""A generation: an image request with its plan, run to its events."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from darkroom.access import Caller
from darkroom.catalog.parameters import ResolvedParameters
from darkroom.context import Observer, Painted, RequestContext
from darkroom.engine.plan import Step
from darkroom.engine.run import merge
from darkroom.errors import Failure
from darkroom.events import AttemptStarted, Event, Failed, Finished, Preview
from darkroom.generation.failure_headers import MAX_REPORTED_ATTEMPTS
from darkroom.generation.history_writer import HistoryWriter, history_writer_for
from darkroom.generation.ignored_fields import ignored_fields
from darkroom.generation.output import Completed, RenderedPreview, Renderer, missed_options
from darkroom.generation.planning import in_learned_order, plan_attempts, within_reach
from darkroom.generation.prompt_enhancement import enhance_prompt
from darkroom.generation.request import Delivery, ImageRequest
from darkroom.generation.result_cache import ResultCache, cache_directives, result_cache_for
from darkroom.generation.timing import Timing
from darkroom.job import ImageJob, Operation
from darkroom.prompts.instructions import Task
from darkroom.trace import Trace

JOBS_AT_ONCE = 4  # an answer may hold six connections at once

GenerationEvent = Event | RenderedPreview | Completed
IndexedEvent = tuple[int, GenerationEvent | Failed]


@dataclass(frozen=True, slots=True)
class Generation:
    """An image request and the plan of attempts that serves it.

    `result_cache` and `history_writer` are there where the caller may have them; what upstreams
    have painted goes into `painted`. `revised_prompt` is the enhanced prompt, `enhancement_failure`
    why there is none.
    """

    image_request: ImageRequest
    plan: Sequence[Step]
    renderer: Renderer
    result_cache: ResultCache | None
    history_writer: HistoryWriter | None
    observer: Observer | None
    caller: Caller
    trace: Trace
    painted: list[Painted]
    revised_prompt: str | None = None
    enhancement_failure: Failure | None = None

    async def with_enhanced_prompt(self, context: RequestContext) -> "Generation":
        """The same with the prompt enhanced, where that was asked for.

        A prompt that cannot be enhanced is painted as it is, and the answer says so.
        """
        image_request = self.image_request
        if not image_request.enhance:
            return self
        journal, prompt = context.gateway.engine.journal, image_request.choices[0].job.prompt
        known = journal.prompt if journal else None  # of a task that was begun before a crash
        try:
            prompt = known or (await enhance_prompt(Task.ENHANCE, prompt, context)).prompt
        except Failure as failure:
            return replace(self, enhancement_failure=failure)
        if journal is not None:
            journal.prompt = prompt
        image_request = image_request.with_prompt(prompt)
        return replace(
            self,
            image_request=image_request,
            plan=plan_attempts(image_request, self.caller, context.gateway),
            revised_prompt=prompt,
        )

    def events(self, *, live: bool, watched: bool = False) -> AsyncGenerator[IndexedEvent]:
        """Run all jobs side by side and yield their events; see `merge`.

        `live` asks upstreams for previews, `watched` passes on those that come without asking.
        Pictures are downloaded within their own job, so that none waits for another's.
        """
        shown = live or watched
        jobs = [self._do(seed, live=live, shown=shown) for seed in self.image_request.seeds]
        return merge(jobs, run_now=JOBS_AT_ONCE)

    async def _do(self, seed: int, *, live: bool, shown: bool) -> AsyncGenerator[GenerationEvent]:
        """Run one job; what was begun when a caller leaves counts, for it may be paid for."""
        clock = self.renderer.gateway.clock
        began = clock.monotonic()
        if self.result_cache is not None:
            recalled = await self.result_cache.get(self.image_request, seed, self.renderer)
            if recalled is not None:
                yield await self._record(recalled, clock.monotonic() - began)
                return
        plan = [
            replace(step, job=self._job(step.job, seed, live=live, shown=shown))
            for step in self.plan
        ]
        latest: AttemptStarted | None = None
        previews, counted = 0, False
        engine, deadline = self.renderer.gateway.engine, self.renderer.deadline
        pool = self.image_request.pool
        running = engine.run(plan, deadline, live=live, pool=pool.id if pool else None)
        try:
            async with aclosing(running) as events:
                async for event in events:
                    if isinstance(event, AttemptStarted):
                        latest = event
                        if (overlay := self._served(latest).overlay) is not None:
                            await overlay.prepare(deadline)
                    if not isinstance(event, Preview):
                        yield event
                    elif shown and self.image_request.takes_preview(previews):
                        preview = await self._render_preview(event, previews, latest)
                        if preview is not None:
                            previews += 1
                            yield preview
                    if isinstance(event, Finished):
                        completed = await self._complete(event, latest)
                        if self.result_cache is not None:
                            await self.result_cache.put(self.image_request, seed, completed)
                        completed = await self._record(completed, clock.monotonic() - began)
                        counted = self._count(latest)
                        yield completed
        except (GeneratorExit, asyncio.CancelledError):
            if not counted:
                self._count(latest)
            raise

    def _count(self, began: AttemptStarted | None) -> bool:
        if began is not None:
            self.painted.append(Painted(began.model, began.provider))
        return True

    async def _record(self, completed: Completed, took_s: float) -> Completed:
        completed = replace(completed, took_s=took_s)
        if self.history_writer is None:
            return completed
        return await self.history_writer.record(self.image_request, completed, self.renderer)

    def _job(self, job: ImageJob, seed: int, *, live: bool, shown: bool) -> ImageJob:
        if not live:
            watched = shown or self.observer is not None
            return replace(job, seed=seed, previews=0, watched=watched)
        wanted = self.image_request.previews
        return replace(job, seed=seed, previews=job.previews if wanted is None else wanted)

    def _served(self, latest: AttemptStarted | None) -> ResolvedParameters:
        choices = self.image_request.choices
        model = latest.model if latest else None
        return next((choice for choice in choices if choice.model.id == model), choices[0])

    async def _render_preview(
        self, event: Preview, index: int, latest: AttemptStarted | None
    ) -> RenderedPreview | None:
        try:
            picture = await self.renderer.render(event.picture, Delivery("b64_json"))
        except Failure:
            return None  # the picture itself is still to come
        return RenderedPreview(picture, index, self._served(latest))

    async def _complete(self, event: Finished, latest: AttemptStarted | None) -> Completed:
        served, delivery = self._served(latest), self.image_request.delivery
        keep = delivery.keep or (self.result_cache is not None and self.result_cache.writes)
        takes_apart = served.job.operation is Operation.DECOMPOSE
        try:
            pictures = [
                await self.renderer.render_result(picture, served, delivery, keep=keep)
                for picture in (event.pictures if takes_apart else event.pictures[:1])
            ]
        except Failure as failure:
            if latest is not None:
                failure.served_by(latest.provider, latest.number)
            raise
        picture = pictures[0]
        return Completed(
            picture=picture,
            layers=tuple(pictures) if takes_apart else (),
            served=served,
            provider=latest.provider if latest else "",
            seed=event.seed,
            revised_prompt=event.revised_prompt or self.revised_prompt,
            usage=event.usage,
            missed=missed_options(delivery, served, picture),
        )


def plan_generation(
    image_request: ImageRequest,
    context: RequestContext,
    *,
    narrowed: bool = False,
    cached: bool = True,
) -> Generation:
    """Plan the attempts of a request for its caller, with its cache and its history.

    `Cache-Control: no-store` keeps it out of both. `narrowed` leaves the caller's tokens for other
    providers than its models' aside. Raises a `Failure` when the caller may use none
    of the models.
    """
    if "no-store" in cache_directives(context.request.headers):
        image_request = replace(image_request, history_fields=None)
    caller = context.caller
    if narrowed:
        caller = caller.narrowed(image_request.providers)
    caller.check_prefixes(image_request.providers, image_request.requested_model)
    if context.gateway.settings.log_prompts:
        context.trace.prompt = image_request.choices[0].job.prompt
    if image_request.pool is not None:
        image_request = within_reach(image_request, caller)
        image_request = in_learned_order(image_request, context.gateway)
    return Generation(
        image_request,
        plan_attempts(image_request, caller, context.gateway),
        Renderer(context.gateway, context.request.origin, context.deadline),
        result_cache_for(image_request, caller, context) if cached else None,
        history_writer_for(image_request, caller, context),
        context.observer,
        caller,
        context.trace,
        context.painted,
    )


@dataclass(slots=True)
class GenerationResult:
    """The result of a generation: images and failures by index, and its timing."""

    timing: Timing
    completed: dict[int, Completed] = field(default_factory=dict)
    failures: dict[int, Failure] = field(default_factory=dict)

    @classmethod
    def of(cls, generation: Generation) -> "GenerationResult":
        """The result of a generation that has not begun."""
        results = generation.result_cache
        cache = "miss" if results is not None and results.reads else None
        generation.trace.add_jobs(timing := Timing(generation.renderer.gateway.clock, cache=cache))
        return cls(timing)

    @property
    def done(self) -> list[Completed]:
        """The finished images by index."""
        return [self.completed[index] for index in sorted(self.completed)]

    def add_event(self, item: IndexedEvent) -> None:
        """Add an event to the result."""
        index, event = item
        self.timing.add_event(index, event)
        if isinstance(event, Completed):
            self.completed[index] = event
        elif isinstance(event, Failed):
            self.failures[index] = event.failure

    def remarks(
        self, generation: Generation, about: Completed | None = None
    ) -> Mapping[str, object]:
        """Fields about ignored parameters and attempts, for the first image or another."""
        about = about or self.done[0]
        remarks: dict[str, object] = {}
        if ignored := generation.image_request.ignored_by(about.served, about.missed):
            remarks["ignored"] = ignored_fields(ignored)
        if adjusted := generation.image_request.adjusted_by(about.served):
            remarks["adjusted"] = adjusted
        if len(self.timing.attempt_log) > 1:
            remarks["tried"] = [
                str(attempt) for attempt in self.timing.attempt_log[:MAX_REPORTED_ATTEMPTS]
            ]
        return remarks


async def run_to_end(
    generation: Generation, result: GenerationResult | None = None
) -> GenerationResult:
    """Run all jobs and return the result; raises the first failure when every job failed."""
    result = result or GenerationResult.of(generation)
    live = generation.observer is not None and generation.image_request.stream  # a task's followers
    async with aclosing(generation.events(live=live)) as events:
        async for item in events:
            result.add_event(item)
            if generation.observer is not None:
                generation.observer(*item)
    if not result.completed:
        raise result.failures[min(result.failures)]
    return result
