"""Admission: the caller's key is looked up, and their requests are counted."""

from dataclasses import dataclass, replace

from darkroom.access_errors import KeyNotRead
from darkroom.account import CALLER, DEPLOYMENT, Account, account_of
from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.errors import Failure, UpstreamUnavailable
from darkroom.gateway import Gateway
from darkroom.limits.errors import (
    REQUESTS,
    LimitReached,
    limit_headers,
    limit_reached,
    request_headers,
)
from darkroom.limits.kept_media import KeptMedia
from darkroom.stores.budget import BudgetStore
from darkroom.stores.kept import KeptLimits
from darkroom.stores.media import MediaStore
from darkroom.stores.request_counts import MINUTE_S
from darkroom.stores.unavailable import StoreUnavailable

KEY_LIMIT_S = 5.0
READING = ("GET", "HEAD")


async def admit(context: RequestContext) -> None:
    """Find out whom a request is charged to, and count it; raises `LimitReached`.

    An unknown key is counted for its address before it is looked up, so that keys cannot be tried
    out without end; it is refused by whatever needs to know the caller.
    """
    try:
        _ = context.caller
    except KeyNotRead as unread:
        await _count(context, account_of(None, context.address))
        await _look_up(context, unread.digest)
    except Failure:
        pass  # of whoever needs to know the caller
    account = context.account
    await _count(context, account)
    gateway = context.gateway
    if gateway.media is not None and context.request.method not in READING:
        context.gateway = replace(gateway, media=_kept_media(gateway.media, gateway, account))


def _kept_media(media: MediaStore, gateway: Gateway, account: Account) -> KeptMedia:
    """The bucket of a request that may write to it."""
    settings = gateway.settings
    limits = KeptLimits() if account.admin else account.kept_limits(settings.limits)
    return KeptMedia(media, gateway.kept, account.who, limits, settings, gateway.clock)


async def _look_up(context: RequestContext, digest: str) -> None:
    """Have a key looked up, so that it is known from here on whether there is one."""
    issued = context.gateway.issued_keys
    assert issued is not None  # noqa: S101 - it is what has not read the key
    unavailable = UpstreamUnavailable("Gateway keys cannot be looked up now. Try again.")
    try:
        with context.deadline.limit(KEY_LIMIT_S, lambda: unavailable):
            await issued.read(digest)
    except StoreUnavailable:
        raise unavailable from None


async def _count(context: RequestContext, account: Account) -> None:
    """Count a request in this isolate, and then where the runtime counts for a whole location."""
    gateway = context.gateway
    if gateway.request_counts is None or account.admin or context.observer is not None:
        return
    limits, now = gateway.settings.limits, gateway.clock.time()
    names = account.request_limits(limits)
    counted = gateway.request_counts.add([(name, limit) for _, name, limit in names], now)
    over = next((count for count in counted if count.is_over), None)
    if counted:
        context.answer_headers.update(request_headers(over or counted[0]))
    if over is not None:
        scope = next(scope for scope, name, _ in names if name == over.name)
        raise _reached(scope, over.limit, now)
    callers = gateway.caller_limiter
    if account.requests_per_minute is not None and gateway.budget is not None:
        callers = _KeyLimiter(gateway.budget, account.requests_per_minute, context.deadline)
    limiters = (
        (CALLER, account.who, callers),
        (DEPLOYMENT, DEPLOYMENT, gateway.deployment_limiter),
    )
    for scope, name, limiter in limiters:
        if limiter is not None and not await limiter.allow(name):
            limit = next(limit for known, _, limit in names if known == scope)
            context.answer_headers.update(
                limit_headers("requests", limit, 0, MINUTE_S - now % MINUTE_S)
            )
            raise _reached(scope, limit, now)


@dataclass(frozen=True, slots=True)
class _KeyLimiter:
    """A `RequestLimiter` of a key with a limit of its own, which no rate-limit binding knows."""

    budget: BudgetStore
    limit: int
    deadline: Deadline

    async def allow(self, name: str) -> bool:
        """Count a request of the key."""
        with self.deadline.limit(KEY_LIMIT_S, _too_slow):
            return await self.budget.count_request(name, self.limit)


def _too_slow() -> Failure:
    return UpstreamUnavailable("Requests of this key cannot be counted now. Try again.")


def _reached(scope: str, limit: int, now: float) -> LimitReached:
    until = (now // MINUTE_S + 1) * MINUTE_S
    return limit_reached(scope, REQUESTS, limit, now, until=until)
