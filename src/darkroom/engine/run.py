"""Runs jobs: attempts along a plan, several jobs side by side, one stream of events."""

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from darkroom.deadline import Deadline
from darkroom.errors import Action, CredentialRefused, Failure, UpstreamUnavailable
from darkroom.events import Attempted, Event, Failed
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.providers.provider import Provider, Route

MAX_ATTEMPTS = 6

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Engine:
    """Does jobs with the providers and the network that it was given."""

    providers: Mapping[str, Provider]
    http: Http

    async def run(
        self, job: ImageJob, routes: Sequence[Route], deadline: Deadline, *, live: bool
    ) -> AsyncGenerator[Event]:
        """Do one job along the routes; the last event is `Finished`.

        `live` says that the caller is shown events as they come: after the first of them no other
        attempt is made. Raises the most telling `Failure` when every attempt failed.
        """
        failures: list[Failure] = []
        hiccups: list[Route] = []
        plan = list(routes)
        while plan and len(failures) < MAX_ATTEMPTS:
            route = plan.pop(0)
            number = len(failures) + 1
            provider = route.model.provider.id
            secret = route.token.reveal() if route.token else ""
            yield Attempted(provider, route.upstream.id, number)
            shown = False
            try:
                async with aclosing(
                    self.providers[provider].run(job, route, self.http, deadline)
                ) as events:
                    async for event in events:
                        shown = live
                        yield event
                return
            except Failure as failure:
                failures.append(failure.served_by(provider, number).without(secret))
                if shown or failure.action is Action.STOP:
                    raise
                plan = _rest_of(plan, route, failure, again=route not in hiccups)
                hiccups.append(route)
        raise most_telling(failures).served_by(failures[-1].provider or "", len(failures))


async def merge(
    sources: Sequence[AsyncGenerator[T]], tick_s: float = math.inf
) -> AsyncGenerator[tuple[int, T | Failed] | None]:
    """Yield what all sources yield as it comes, each item with its source's index.

    A source that raises a `Failure` yields `Failed` and leaves the others alone. None is yielded
    every `tick_s`. Asks each source for one item at a time, so a slow reader slows the sources
    down. Closing it closes every source and leaves no task behind.
    """
    pending = {_next(source): index for index, source in enumerate(sources)}
    # One long timer, not a timeout for each wait: events are many, ticks are few.
    tick = asyncio.ensure_future(asyncio.sleep(tick_s))
    try:
        while pending:
            waiting: list[asyncio.Future[Any]] = [tick, *pending]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if tick.done():
                tick = asyncio.ensure_future(asyncio.sleep(tick_s))
                yield None
                continue
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
        tick.cancel()
        await asyncio.gather(tick, *pending, return_exceptions=True)
        for source in sources:
            await source.aclose()


def _next(source: AsyncGenerator[T]) -> asyncio.Future[T | None]:
    """The next item of a source, or None at its end."""
    return asyncio.ensure_future(anext(source, None))


def most_telling(failures: Sequence[Failure]) -> Failure:
    """The failure to tell of: the first that is more than an upstream being away."""
    return next(
        (failure for failure in failures if not isinstance(failure, UpstreamUnavailable)),
        failures[0],
    )


def _rest_of(plan: Sequence[Route], route: Route, failure: Failure, *, again: bool) -> list[Route]:
    """What is left to try after a route has failed."""
    if failure.action is Action.RETRY and again:
        return [route, *plan]
    if failure.action is Action.NEXT_CREDENTIAL:
        if isinstance(failure, CredentialRefused) and route.token is not None:
            return [other for other in plan if other.token != route.token]
        return list(plan)
    return [other for other in plan if other.upstream != route.upstream]
