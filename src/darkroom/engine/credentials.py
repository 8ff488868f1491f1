"""Credential rotation and cool-downs."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from darkroom.catalog.provider_row import CooldownScope, ProviderRow
from darkroom.deadline import Clock, Deadline
from darkroom.errors import CredentialRefused, Failure, QuotaExhausted, RateLimited
from darkroom.retry_after import LONGEST_QUOTA_WAIT_S, LONGEST_RATE_WAIT_S
from darkroom.settings import Secret
from darkroom.stores.cooldowns import (
    MAX_DIGESTS,
    CooldownStore,
    MemoryCooldowns,
    Reason,
    Rest,
)
from darkroom.stores.unavailable import StoreUnavailable

RATE_REST_S = 60.0  # a plain 429 that names no time
REFUSED_REST_S = 600.0  # a token may be mended at its provider
FRESH_S = 5.0  # how long what was read stays good: the store is asked no more often
STORE_LIMIT_S = 2.0  # a store that is slow costs a wrong attempt, not the request
MAX_KNOWN = 5_000
LONGEST_REST_S: Mapping[Reason, float] = {
    Reason.RATE: LONGEST_RATE_WAIT_S,
    Reason.QUOTA: LONGEST_QUOTA_WAIT_S,
    Reason.REFUSED: REFUSED_REST_S,
}
CLOCK_SKEW_S = 60.0  # between isolates

Use = tuple[str, Secret]  # an upstream's place, and a token used there


@dataclass(slots=True)
class Credentials:
    """The cool-downs of credentials, shared between isolates where the store is.

    Tokens leave this class as digests alone. Without an answer of the store what this isolate saw
    itself counts.
    """

    clock: Clock
    store: CooldownStore = field(default_factory=MemoryCooldowns)
    _known: dict[tuple[str, str], tuple[float, Rest | None]] = field(default_factory=dict)

    async def resting(self, provider: ProviderRow, uses: Iterable[Use]) -> Mapping[Use, Rest]:
        """Those of the uses that are not to be made now."""
        digests = {use: _digest(provider, use) for use in uses}
        await self._refresh(provider, list(dict.fromkeys(digests.values())))
        now = self.clock.time()
        found = {
            use: self._known.get((provider.id, digest), (0.0, None))[1]
            for use, digest in digests.items()
        }
        return {use: rest for use, rest in found.items() if rest and _is_on(rest, now)}

    async def note(self, provider: ProviderRow, use: Use, failure: Failure) -> Rest | None:
        """Let a token rest that has failed, if that was the token's fault."""
        rest = rest_after(failure, provider, self.clock.time())
        if rest is not None:
            await self._write(provider, _digest(provider, use), rest)
        return rest

    async def _write(self, provider: ProviderRow, digest: str, rest: Rest) -> None:
        self._remember(provider, digest, rest)
        try:
            with self._limit():
                await self.store.write(provider.id, digest, rest)
        except (StoreUnavailable, _TooSlow):
            return

    async def _refresh(self, provider: ProviderRow, digests: Sequence[str]) -> None:
        now = self.clock.monotonic()
        stale = [
            digest
            for digest in digests
            if now - self._known.get((provider.id, digest), (-FRESH_S, None))[0] >= FRESH_S
        ][:MAX_DIGESTS]
        if not stale:
            return
        try:
            with self._limit():
                found = await self.store.read(provider.id, stale)
        except (StoreUnavailable, _TooSlow):
            return
        for digest in stale:
            self._remember(provider, digest, found.get(digest))

    def _remember(self, provider: ProviderRow, digest: str, rest: Rest | None) -> None:
        self._known.pop((provider.id, digest), None)
        self._known[provider.id, digest] = (self.clock.monotonic(), rest)
        while len(self._known) > MAX_KNOWN:
            self._known.pop(next(iter(self._known)))

    def _limit(self) -> AbstractContextManager[None]:
        deadline = Deadline.after(2 * STORE_LIMIT_S, self.clock)
        return deadline.limit(STORE_LIMIT_S, lambda: _TooSlow(""))


class _TooSlow(Failure):
    """The store took too long."""


def rest_after(failure: Failure, provider: ProviderRow, now: float) -> Rest | None:
    """Seconds that a credential cools down after a failure; None where it is not to blame.

    A time that the upstream names counts, as far as failures tell it; without one a quota lasts
    until the provider's own midnight. `now` is in seconds since 1970.
    """
    if isinstance(failure, QuotaExhausted):
        until = now + failure.retry_after_s if failure.retry_after_s else None
        return Rest(until or next_midnight(now, provider.quota_reset_utc_offset_h), Reason.QUOTA)
    if isinstance(failure, RateLimited):
        return Rest(now + (failure.retry_after_s or RATE_REST_S), Reason.RATE)
    if isinstance(failure, CredentialRefused):
        return Rest(now + REFUSED_REST_S, Reason.REFUSED)
    return None


def next_midnight(now: float, utc_offset_h: int) -> float:
    """When the next day begins, `utc_offset_h` hours ahead of UTC; seconds since 1970."""
    there = datetime.fromtimestamp(now, UTC) + timedelta(hours=utc_offset_h)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - timedelta(hours=utc_offset_h)).timestamp()


def cooldown_place(provider: ProviderRow, place: str) -> str:
    """The upstream that a token cools down at; empty for all of the provider."""
    return place if provider.cooldown_scope is CooldownScope.UPSTREAM else ""


def _is_on(rest: Rest, now: float) -> bool:
    """Whether a rest counts; one that is longer than its reason allows never does."""
    return now < rest.until <= now + LONGEST_REST_S[rest.reason] + CLOCK_SKEW_S


def _digest(provider: ProviderRow, use: Use) -> str:
    place, token = use
    where = filter(None, (provider.id, cooldown_place(provider, place)))
    return hashlib.sha256("\0".join((*where, token.reveal())).encode()).hexdigest()
