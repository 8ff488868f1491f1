"""The engine: runs jobs along their plans, several side by side, as one stream of events."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeVar

from darkroom.attempt import Attempt
from darkroom.deadline import Clock, Deadline
from darkroom.embedding import Embedding, EmbeddingJob
from darkroom.engine.attempts import Attempts
from darkroom.engine.breaker import Breakers
from darkroom.engine.budget import JobBudget, RetryBudget
from darkroom.engine.credentials import Credentials
from darkroom.engine.first_event import blames_model, within_first_limit
from darkroom.engine.journal import AcceptedJob, Journal
from darkroom.engine.model_health import ModelHealth
from darkroom.engine.plan import ChatStep, EmbeddingStep, Step
from darkroom.engine.queue_waits import QueueWaits
from darkroom.engine.routes import HasRoute
from darkroom.engine.upstream_output import (
    RedactedReply,
    guard_embedding,
    guard_event,
    secret_of,
)
from darkroom.errors import Failure, JobLost, UpstreamBroken
from darkroom.events import Accepted, AttemptFailed, AttemptStarted, Event, Failed, Finished
from darkroom.http import Http, UpstreamReply
from darkroom.providers.provider import (
    ChatProvider,
    Embedder,
    Provider,
    ResumableProvider,
    Route,
)
from darkroom.settings import Secret

T = TypeVar("T")


S = TypeVar("S", bound=HasRoute)


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedding, the id of the provider that made it, and what was tried for it."""

    embedding: Embedding
    provider: str
    attempt_log: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class Engine:
    """Does jobs with the providers and the network that it was given.

    `providers` and `embedders` are found by the protocol that a provider's row names.
    `allowed_origins` are the operator's, at which pictures may lie beside public hosts.
    `sleep` pauses for a number of seconds; `health` learns how models do. The engine of a
    background task has a `journal`, by which jobs that an upstream has taken are followed on after
    a crash.
    """

    providers: Mapping[str, Provider]
    chat: ChatProvider
    http: Http
    credentials: Credentials
    breakers: Breakers
    budget: RetryBudget
    embedders: Mapping[str, Embedder] = field(default_factory=dict)
    allowed_origins: tuple[str, ...] = ()
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    journal: Journal | None = None
    health: ModelHealth = field(default_factory=ModelHealth)

    async def run(
        self, plan: Sequence[Step], deadline: Deadline, *, live: bool, pool: str | None = None
    ) -> AsyncGenerator[Event]:
        """Do one job along the plan; the last event is `Finished`.

        `live` says that the caller is shown events as they come: after the first of them no other
        attempt is made. `pool` is the name that the models were chosen by. Raises the most telling
        `Failure` when every attempt failed, or for a pool one that lists them.
        """
        with self.budget.job() as budget:
            attempts = self._attempts(plan, budget, deadline, pool)
            clock = deadline.clock
            entry = self.journal.begin(plan[0].job.seed) if self.journal and plan else None
            taken = entry.taken if entry else None
            while True:
                passed_over = len(attempts.attempt_log)
                step = attempts.resume(taken.step_in(plan)) if taken else await attempts.next()
                for attempt in attempts.attempt_log[passed_over:]:
                    yield AttemptFailed(attempt)
                if step is None:
                    raise attempts.verdict()
                route = step.route
                shown, began, first_s = False, clock.monotonic(), 0.0
                try:
                    yield AttemptStarted(
                        route.provider.id, route.model.id, route.place, attempts.number
                    )
                    async with aclosing(self._events(step, deadline, taken)) as events:
                        async for reported in events:
                            first_s = first_s or clock.monotonic() - began
                            if isinstance(reported, Accepted):
                                if entry is not None:
                                    await entry.accept(AcceptedJob.of(step, reported.handle))
                                continue
                            event = guard_event(reported, route, self.allowed_origins)
                            if event is None:
                                continue
                            shown = live
                            if isinstance(event, Finished):
                                attempts.succeed(step)
                                took_s = clock.monotonic() - began
                                self.health.succeed(route.model.id, took_s, first_s, clock.time())
                            yield event
                    return
                except Failure as failure:
                    self._learn(failure, route, clock)
                    await attempts.fail(step, failure)
                    if shown or attempts.is_final(failure):
                        raise
                    yield AttemptFailed(attempts.attempt_log[-1])
                finally:
                    attempts.release()
                taken = None
                if entry is not None:
                    entry.drop()

    async def converse(
        self,
        plan: Sequence[ChatStep],
        body: Mapping[str, object],
        deadline: Deadline,
        relayable: Collection[Secret] = (),
    ) -> tuple[UpstreamReply, Sequence[Attempt]]:
        """Have a conversation continued along the plan: an answer that has begun, to be closed.

        The token that it was asked with is taken out of the answer, but for streams asked with one
        of `relayable`. Raises the most telling `Failure` when every attempt failed.
        """

        async def ask(step: ChatStep) -> UpstreamReply:
            reply = await self.chat.ask(body, step.route, self.http, deadline)
            token = step.route.token
            secret = secret_of(token)
            streams = "event-stream" in reply.headers.get("content-type", "")
            if not secret or (streams and token in relayable):
                return reply
            return RedactedReply(reply, secret.encode())

        reply, _, attempt_log = await self._try(plan, deadline, ask)
        return reply, attempt_log

    async def embed(
        self, job: EmbeddingJob, plan: Sequence[EmbeddingStep], deadline: Deadline
    ) -> Embedded:
        """Have something embedded along the plan.

        An upstream that broke off gives way to the next, for to embed twice costs nothing. Raises
        the most telling `Failure` when every attempt failed.
        """

        async def ask(step: EmbeddingStep) -> Embedding:
            embedder = self.embedders[step.route.provider.protocol]
            try:
                found = await embedder.embed(job, step.route, self.http, deadline)
            except JobLost as lost:
                raise UpstreamBroken(lost.message, code=lost.code) from None
            return guard_embedding(found, step.route.token)

        embedding, step, attempt_log = await self._try(plan, deadline, ask)
        return Embedded(embedding, step.route.provider.id, attempt_log)

    async def _try(
        self, plan: Sequence[S], deadline: Deadline, ask: Callable[[S], Awaitable[T]]
    ) -> tuple[T, S, Sequence[Attempt]]:
        """The first answer along a plan, and the step that gave it."""
        with self.budget.job() as budget:
            attempts = self._attempts(plan, budget, deadline)
            while (step := await attempts.next()) is not None:
                try:
                    answer = await ask(step)
                except Failure as failure:
                    await attempts.fail(step, failure)
                    if attempts.is_final(failure):
                        raise
                else:
                    attempts.succeed(step)
                    return answer, step, tuple(attempts.attempt_log)
                finally:
                    attempts.release()
            raise attempts.verdict()

    def _learn(self, failure: Failure, route: Route, clock: Clock) -> None:
        if blames_model(failure, route.token):
            self.health.fail(route.model.id, clock.time())

    def _attempts(
        self, plan: Sequence[S], budget: JobBudget, deadline: Deadline, pool: str | None = None
    ) -> Attempts[S]:
        waits: QueueWaits[S] = QueueWaits(deadline, self.sleep)
        return Attempts(list(plan), self.credentials, self.breakers, budget, waits, pool)

    def _events(
        self, step: Step, deadline: Deadline, taken: AcceptedJob | None
    ) -> AsyncGenerator[Event]:
        provider = self.providers[step.route.provider.protocol]
        job, route, deadline = step.job, step.route, deadline.before_closing()
        if taken is None:
            events = provider.run(job, route, self.http, deadline)
            if step.first_event_limit_s is None:
                return events
            return within_first_limit(events, step, deadline)
        if not isinstance(provider, ResumableProvider):
            raise JobLost(f"{route.provider.name} can no longer be asked after its jobs.")
        return provider.resume(taken.handle, job, route, self.http, deadline)


async def merge(
    sources: Sequence[AsyncGenerator[T]], run_now: int | None = None
) -> AsyncGenerator[tuple[int, T | Failed]]:
    """Yield what all sources yield as it comes, each item with its source's index.

    A source that raises a `Failure` yields `Failed` and leaves the others alone. Asks each source
    for one item at a time, so a slow reader slows the sources down; those beyond `run_now` are
    asked for the first time when one before them has ended. Closing it closes every source and
    leaves no task behind.
    """
    if len(sources) == 1:  # needs no task for each item
        async with aclosing(sources[0]) as source:
            try:
                async for alone in source:
                    yield 0, alone
            except Failure as its_own:
                yield 0, Failed(its_own)
        return
    unasked = deque(enumerate(sources))
    pending: dict[asyncio.Future[T | None], int] = {}
    try:
        while pending or unasked:
            while unasked and len(pending) < (run_now or len(sources)):
                index, source = unasked.popleft()
                pending[_next(source)] = index
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            task = next(task for task in pending if task.done())  # whoever waits longest
            index = pending.pop(task)
            # Asked for, not raised: a traceback would tie this frame, the task and its picture
            # into a cycle, and Python's collector does not see how large pictures are.
            failure = task.exception()
            if isinstance(failure, Failure):
                yield index, Failed(failure)
            elif failure is not None:
                raise failure
            elif (item := task.result()) is not None:
                yield index, item
                pending[_next(sources[index])] = index
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for source in sources:
            await source.aclose()


async def with_ticks(source: AsyncGenerator[T], tick_s: float) -> AsyncGenerator[T | None]:
    """Yield what a source yields, and None each time that nothing came for `tick_s`.

    Closing it closes the source.
    """
    pending: asyncio.Future[T | None] | None = None
    try:
        while True:
            pending = pending or _next(source)
            await asyncio.wait({pending}, timeout=tick_s)
            if not pending.done():
                yield None
                continue
            item, pending = pending.result(), None
            if item is None:
                return
            yield item
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await source.aclose()


def _next(source: AsyncGenerator[T]) -> asyncio.Future[T | None]:
    """The next item of a source, or None at its end."""
    return asyncio.ensure_future(anext(source, None))
