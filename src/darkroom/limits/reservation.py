"""Reservations: painting takes a place in the budget, and gives back what it did not use."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from darkroom.context import Job, Painted, RequestContext
from darkroom.deadline import Deadline
from darkroom.errors import Failure, UpstreamUnavailable
from darkroom.http import Part, Remainder, Reply
from darkroom.limits.errors import limit_headers, refused
from darkroom.stores.budget import (
    DAY_S,
    BudgetStore,
    Kind,
    MemoryBudget,
    Refusal,
    Reservation,
    Share,
)
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.stores.usage import Usage

GRACE_S = 60.0  # beyond the deadline, after which a place counts as free again
STORE_LIMIT_S = 10.0


async def reserve(context: RequestContext, name: str, pictures: int, kind: Kind) -> None:
    """Take a place for a job or a task; raises `LimitReached` where there is none.

    A `name` that has a place already keeps it.
    """
    gateway, shares = context.gateway, _shares(context)
    if gateway.budget is None or not shares or not pictures:
        return
    settings = gateway.settings
    lasts_s = settings.task_timeout_s if kind is Kind.TASK else context.deadline.remaining_s()
    reservation = Reservation(name, kind, pictures, lasts_s + GRACE_S, shares)
    if isinstance(gateway.budget, MemoryBudget):  # which answers without a wait
        answer = await gateway.budget.reserve(reservation)
    else:
        with context.deadline.limit(STORE_LIMIT_S, _too_slow):
            answer = await gateway.budget.reserve(reservation)
    now = gateway.clock.time()
    if isinstance(answer, Refusal):
        raise refused(answer, now)
    if answer.images_left is not None:
        limit, reset_s = shares[0].images_per_day, DAY_S - now % DAY_S
        context.answer_headers.update(limit_headers("images", limit, answer.images_left, reset_s))


def _shares(context: RequestContext) -> tuple[Share, ...]:
    """The shares that work counts against, the caller's own first; none where none is limited."""
    account = context.account
    shares = () if account.admin else account.shares(context.gateway.settings.limits)
    return shares if any(share.is_limited for share in shares) else ()


async def settle(context: RequestContext, name: str) -> None:
    """Give a place back after the answer, and add up what was painted in it."""
    painted = tuple(context.painted)
    context.painted.clear()
    budget = context.gateway.budget if _shares(context) else None
    has_usage = bool(painted) and context.gateway.usage is not None
    if budget is None and not has_usage:
        return
    if isinstance(budget, MemoryBudget) and not has_usage:  # which answers without a wait
        await budget.settle(name, len(painted))
    else:
        await context.defer(lambda: _settle(context, name, painted, budget))


async def run_reserved(
    context: RequestContext, job: Job, name: str, kind: Kind = Kind.JOB
) -> Reply:
    """Run a job in a place of its own, until its answer or its stream is over."""
    await reserve(context, name, job.pictures, kind)
    try:
        reply = await job.run()
    except BaseException:
        await settle(context, name)
        raise
    if isinstance(reply.body, AsyncIterator):
        return replace(reply, body=_until_over(reply.body, lambda: settle(context, name)))
    await settle(context, name)
    return reply


def _too_slow() -> Failure:
    return UpstreamUnavailable("This gateway cannot count what it paints now. Try again.")


@asynccontextmanager
async def reserved(context: RequestContext, name: str) -> AsyncIterator[None]:
    """A place for the one picture that is painted in the block; raises as `reserve` does."""
    await reserve(context, name, 1, Kind.JOB)
    try:
        yield
    finally:
        await settle(context, name)


async def _until_over(
    body: AsyncIterator[Part | Remainder], then: Callable[[], Awaitable[None]]
) -> AsyncGenerator[Part | Remainder]:
    try:
        async with aclosing(body) as parts:  # type: ignore[type-var]
            async for part in parts:
                yield part
    finally:
        await then()


async def _settle(
    context: RequestContext, name: str, painted: tuple[Painted, ...], budget: BudgetStore | None
) -> None:
    """Tell both stores, neither of which fails an answer."""
    gateway, account = context.gateway, context.account
    deadline = Deadline.after(STORE_LIMIT_S, gateway.clock)
    with suppress(StoreUnavailable, Failure):
        with deadline.enforced():
            if budget is not None:
                await budget.settle(name, len(painted))
    if gateway.usage is None or not painted:
        return
    day = datetime.fromtimestamp(gateway.clock.time(), UTC).strftime("%Y-%m-%d")
    usage = [
        Usage(day, account.label, one.model, one.provider, images)
        for one, images in Counter(painted).items()
    ]
    with suppress(StoreUnavailable, Failure):
        with Deadline.after(STORE_LIMIT_S, gateway.clock).enforced():
            await gateway.usage.add(usage)
