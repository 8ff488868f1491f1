"""Credentials that rest: which of them may be used, and for how long one that failed may not."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Clock, Deadline
from darkroom.errors import CredentialRefused, Failure, QuotaExhausted, RateLimited
from darkroom.settings import Secret
from darkroom.stores.cooldowns import CooldownStore, MemoryCooldowns, Reason, Rest
from darkroom.stores.unavailable import StoreUnavailable

RATE_REST_S = 60.0  # a plain 429 that names no time
REFUSED_REST_S = 600.0  # a token may be mended at its provider
FRESH_S = 5.0  # how long what was read stays good: the store is asked no more often
STORE_LIMIT_S = 2.0  # a store that is slow costs a wrong attempt, not the request
MAX_KNOWN = 5_000


@dataclass(slots=True)
class Credentials:
    """What is known of credentials, shared between isolates where the store is.

    Tokens leave this class as digests alone. Without an answer of the store what this isolate saw
    itself counts.
    """

    clock: Clock
    store: CooldownStore = field(default_factory=MemoryCooldowns)
    _known: dict[tuple[str, str], tuple[float, Rest | None]] = field(default_factory=dict)

    async def resting(
        self, provider: ProviderRow, tokens: Sequence[Secret]
    ) -> Mapping[Secret, Rest]:
        """Those of the tokens that are not to be used now."""
        digests = {token: _digest(provider, token) for token in tokens}
        await self._refresh(provider, list(digests.values()))
        now = self.clock.time()
        found = {
            token: self._known.get((provider.id, digest), (0.0, None))[1]
            for token, digest in digests.items()
        }
        return {token: rest for token, rest in found.items() if rest and rest.until > now}

    async def note(self, provider: ProviderRow, token: Secret, failure: Failure) -> Rest | None:
        """Let a token rest that has failed, if that was the token's fault."""
        rest = rest_after(failure, provider, self.clock.time())
        if rest is not None:
            await self._write(provider, _digest(provider, token), rest)
        return rest

    async def _write(self, provider: ProviderRow, digest: str, rest: Rest) -> None:
        self._remember(provider, digest, rest)
        try:
            async with self._limit():
                await self.store.write(provider.id, digest, rest)
        except (StoreUnavailable, _TooSlow):
            return

    async def _refresh(self, provider: ProviderRow, digests: Sequence[str]) -> None:
        now = self.clock.monotonic()
        stale = [
            digest
            for digest in digests
            if now - self._known.get((provider.id, digest), (-FRESH_S, None))[0] >= FRESH_S
        ]
        if not stale:
            return
        try:
            async with self._limit():
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

    def _limit(self) -> AbstractAsyncContextManager[None]:
        deadline = Deadline.after(2 * STORE_LIMIT_S, self.clock)
        return deadline.limit(STORE_LIMIT_S, lambda: _TooSlow(""))


class _TooSlow(Failure):
    """The store took too long."""


def rest_after(failure: Failure, provider: ProviderRow, now: float) -> Rest | None:
    """How long a credential rests after a failure; None where it is not to blame.

    A time that the upstream names counts; without one a quota lasts until the provider's own
    midnight. `now` is in seconds since 1970.
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


def _digest(provider: ProviderRow, token: Secret) -> str:
    return hashlib.sha256(f"{provider.id}\0{token.reveal()}".encode()).hexdigest()
