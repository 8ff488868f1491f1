"""A commission that is watched while it is carried out, for every dialect that streams."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from darkroom.dialects.commission import Commission, NewsItem, Outcome
from darkroom.events import Abandoned, Attempted, Failed, Finished
from darkroom.http import Part, Reply

HEARTBEAT_S = 10.0


@dataclass(frozen=True, slots=True)
class Live:
    """What has happened so far, and all that will.

    `first` are the items up to the first that goes to the caller; the outcome has taken note of
    them.
    """

    outcome: Outcome
    first: Sequence[NewsItem]
    news: AsyncGenerator[NewsItem]

    @asynccontextmanager
    async def items(self) -> AsyncIterator[AsyncGenerator[NewsItem]]:
        """All items as they come; leaving the block takes the jobs back, whatever was read."""
        async with aclosing(self.news), aclosing(self._all()) as items:
            yield items

    async def _all(self) -> AsyncGenerator[NewsItem]:
        for item in self.first:
            yield item
        async for item in self.news:
            self.outcome.note(item)
            yield item


async def begin(commission: Commission) -> Live:
    """Have a commission begun, and wait for the first thing to tell, one heartbeat at the most.

    So a job that no upstream takes is answered with the status of its failure, which is raised when
    every job has one.
    """
    news = commission.news(live=True, tick_s=HEARTBEAT_S)
    outcome = Outcome.of(commission)
    try:
        first = await _first_to_tell(news, outcome, len(commission.order.seeds))
    except BaseException:
        await news.aclose()
        raise
    return Live(outcome, first, news)


def event_stream(headers: Mapping[str, str], body: AsyncGenerator[Part]) -> Reply:
    """An answer that is a stream of events, with headers of its own."""
    kind = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    return Reply(200, {**kind, **headers}, body)


async def _first_to_tell(
    news: AsyncGenerator[NewsItem], outcome: Outcome, jobs: int
) -> list[NewsItem]:
    items: list[NewsItem] = []
    async for item in news:
        items.append(item)
        outcome.note(item)
        if item is None or not isinstance(item[1], Attempted | Abandoned | Finished | Failed):
            return items
        if len(outcome.failures) == jobs:
            raise outcome.failures[min(outcome.failures)]
    return items
