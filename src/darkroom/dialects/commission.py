"""An order that was accepted, on its way to be done."""

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from darkroom.access import Caller
from darkroom.catalog.wish import COMPRESSIBLE, Fitted
from darkroom.dialects.ignored import ignored_fields
from darkroom.dialects.improving import improve_prompt
from darkroom.dialects.order import Delivery, Order
from darkroom.dialects.pictures import Completed, RenderedPreview, Renderer
from darkroom.dialects.recorder import Recorder, recorder_for
from darkroom.dialects.results import Results
from darkroom.dialects.timing import MAX_TOLD_TRIALS, Timing
from darkroom.engine.plan import Step, plan_steps
from darkroom.engine.run import merge
from darkroom.errors import Failure
from darkroom.events import Attempted, Event, Failed, Finished, Picture, Preview
from darkroom.job import ImageJob, Operation
from darkroom.prompts.instructions import Task

JOBS_AT_ONCE = 4  # an answer may hold six connections at once

News = Event | RenderedPreview | Completed
NewsItem = tuple[int, News | Failed] | None


@dataclass(frozen=True, slots=True)
class Commission:
    """What is to be made, by which steps.

    `results` recalls what was painted before, where the caller may have that, `recorder` remembers
    it for the caller's history. `revised_prompt` is what an improvement of the prompt came to,
    `improvement_failure` why it came to nothing.
    """

    order: Order
    plan: Sequence[Step]
    renderer: Renderer
    results: Results | None = None
    recorder: Recorder | None = None
    revised_prompt: str | None = None
    improvement_failure: Failure | None = None

    def news(
        self, *, live: bool, watched: bool = False, tick_s: float = math.inf
    ) -> AsyncGenerator[NewsItem]:
        """Do all jobs side by side and tell what happens; see `merge`.

        `watched` brings the previews that come by themselves where the answer is not a live one.
        Pictures are fetched within their own job's course, so that none waits for another's.
        """
        shown = live or watched
        jobs = [self._do(seed, live=live, shown=shown) for seed in self.order.seeds]
        return merge(jobs, tick_s, at_once=JOBS_AT_ONCE)

    async def _do(self, seed: int, *, live: bool, shown: bool) -> AsyncGenerator[News]:
        clock = self.renderer.gateway.clock
        began = clock.monotonic()
        if self.results is not None:
            recalled = await self.results.recall(self.order, seed, self.renderer)
            if recalled is not None:
                yield await self._record(recalled, clock.monotonic() - began)
                return
        plan = [replace(step, job=self._job(step.job, seed, live=live)) for step in self.plan]
        latest: Attempted | None = None
        previews = 0
        engine, deadline = self.renderer.gateway.engine, self.renderer.deadline
        async with aclosing(engine.run(plan, deadline, live=live)) as events:
            async for event in events:
                if isinstance(event, Attempted):
                    latest = event
                if not isinstance(event, Preview):
                    yield event
                elif shown and (self.order.previews is None or previews < self.order.previews):
                    preview = await self._render_preview(event, previews, latest)
                    if preview is not None:
                        previews += 1
                        yield preview
                if isinstance(event, Finished):
                    completed = await self._complete(event, latest)
                    if self.results is not None:
                        await self.results.remember(self.order, seed, completed)
                    yield await self._record(completed, clock.monotonic() - began)

    async def _record(self, completed: Completed, took_s: float) -> Completed:
        completed = replace(completed, took_s=took_s)
        if self.recorder is None:
            return completed
        return await self.recorder.record(self.order, completed, self.renderer)

    def _job(self, job: ImageJob, seed: int, *, live: bool) -> ImageJob:
        if not live:
            return replace(job, seed=seed, previews=0)
        wanted = self.order.previews
        return replace(job, seed=seed, previews=job.previews if wanted is None else wanted)

    def _served(self, latest: Attempted | None) -> Fitted:
        choices = self.order.choices
        model = latest.model if latest else None
        return next((choice for choice in choices if choice.model.id == model), choices[0])

    async def _render_preview(
        self, event: Preview, index: int, latest: Attempted | None
    ) -> RenderedPreview | None:
        try:
            picture = await self.renderer.render(event.picture, Delivery("b64_json"))
        except Failure:
            return None  # the picture itself is still to come
        return RenderedPreview(picture, index, self._served(latest))

    async def _complete(self, event: Finished, latest: Attempted | None) -> Completed:
        served, delivery = self._served(latest), self.order.delivery
        keep = delivery.keep or (self.results is not None and self.results.writes)
        takes_apart = served.job.operation is Operation.DECOMPOSE
        try:
            pictures = [
                await self.renderer.render(_dated(picture, served), delivery, keep=keep)
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
            missed=_missed(delivery, served, picture.output_format, converted=picture.converted),
        )


def _dated(picture: Picture, served: Fitted) -> Picture:
    """The picture with its address's lifetime, as far as its provider's row tells it."""
    if picture.url is None or picture.lasts_s is not None:
        return picture
    return replace(picture, lasts_s=served.model.provider.picture_lasts_s)


def _missed(
    delivery: Delivery, served: Fitted, got: str | None, *, converted: bool
) -> tuple[str, ...]:
    """Which of the fields of a delivery came to nothing."""
    missed: list[str] = []
    taken = served.job.options
    promised = got is None and "output_format" in taken  # an address whose file nobody looked at
    if delivery.output_format and delivery.output_format != got and not promised:
        missed.append("output_format")
    compressed = converted or "output_compression" in taken
    if delivery.compression is not None and not (
        compressed and (got or delivery.output_format) in COMPRESSIBLE
    ):
        missed.append("output_compression")
    return tuple(missed)


async def commission_of(
    order: Order, caller: Caller, renderer: Renderer, results: Results | None = None
) -> Commission:
    """Plan an order for a caller, its prompt improved first where that was asked for.

    A prompt that cannot be improved is painted as it is, and the answer says so. Raises a
    `Failure` when the caller may use none of the models.
    """
    plan = check_order(order, caller)
    commission = Commission(order, plan, renderer, results, recorder_for(order, caller, renderer))
    if not order.enhance:
        return commission
    prompt = order.choices[0].job.prompt
    gateway, deadline = renderer.gateway, renderer.deadline
    try:
        improved = await improve_prompt(Task.ENHANCE, prompt, caller, gateway, deadline)
    except Failure as failure:
        return replace(commission, improvement_failure=failure)
    order = order.with_prompt(improved.prompt)
    return replace(
        commission, order=order, plan=_plan(order, caller), revised_prompt=improved.prompt
    )


def check_order(order: Order, caller: Caller) -> Sequence[Step]:
    """By which steps an order can be done for a caller; raises the `Failure` where by none."""
    caller.check_prefixes(order.providers, order.asked)
    return _plan(order, caller)


def _plan(order: Order, caller: Caller) -> Sequence[Step]:
    return plan_steps(((choice.model, choice.job) for choice in order.choices), caller)


@dataclass(slots=True)
class Outcome:
    """What became of a commission: pictures and failures by their places, and how it went."""

    timing: Timing
    completed: dict[int, Completed] = field(default_factory=dict)
    failures: dict[int, Failure] = field(default_factory=dict)

    @classmethod
    def of(cls, commission: Commission) -> "Outcome":
        """The outcome of a commission of which nothing is known yet."""
        results = commission.results
        cache = "miss" if results is not None and results.reads else None
        return cls(Timing(commission.renderer.gateway.clock, cache=cache))

    @property
    def done(self) -> list[Completed]:
        """The pictures in the order of their places."""
        return [self.completed[index] for index in sorted(self.completed)]

    def note(self, item: NewsItem) -> None:
        """Take note of what happened."""
        if item is None:
            return
        index, event = item
        self.timing.note(index, event)
        if isinstance(event, Completed):
            self.completed[index] = event
        elif isinstance(event, Failed):
            self.failures[index] = event.failure

    def remarks(
        self, commission: Commission, about: Completed | None = None
    ) -> Mapping[str, object]:
        """What is said beside a picture, the first or another, where there is something to say."""
        about = about or self.done[0]
        remarks: dict[str, object] = {}
        if ignored := commission.order.ignored_by(about.served, about.missed):
            remarks["ignored"] = ignored_fields(ignored)
        if len(self.timing.trials) > 1:
            remarks["tried"] = [str(trial) for trial in self.timing.trials[:MAX_TOLD_TRIALS]]
        return remarks


async def carry_out(commission: Commission) -> Outcome:
    """Have it all done; raises the first failure when nothing came of any job."""
    outcome = Outcome.of(commission)
    observe = commission.renderer.gateway.observer
    async with aclosing(commission.news(live=False)) as news:
        async for item in news:
            outcome.note(item)
            if observe is not None and item is not None:
                observe(*item)
    if not outcome.completed:
        raise outcome.failures[min(outcome.failures)]
    return outcome
