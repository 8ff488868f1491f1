"""Tokens that rest."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from darkroom.catalog.provider_row import CooldownScope, ProviderRow
from darkroom.engine.credentials import Credentials, next_midnight, rest_after
from darkroom.errors import CredentialRefused, Failure, JobFailed, QuotaExhausted, RateLimited
from darkroom.settings import Secret
from darkroom.stores.cooldowns import MemoryCooldowns, Reason, Rest
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import FakeClock

GITEE = ProviderRow("gitee", "Gitee AI", "gitee", "gitee", "", True, quota_reset_utc_offset_h=8)
SPACES = ProviderRow(
    "huggingface", "Spaces", "hf", "hf", "", False, cooldown_scope=CooldownScope.UPSTREAM
)
A, B = ("model", Secret("token-a")), ("model", Secret("token-b"))
HOUR_S = 3600.0
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("failure", "seconds", "reason"),
    [
        (QuotaExhausted("x", retry_after_s=90), 90, Reason.QUOTA),
        (QuotaExhausted("x"), 4 * 3600, Reason.QUOTA),  # midnight in Beijing
        (RateLimited("x", retry_after_s=2), 2, Reason.RATE),
        (RateLimited("x"), 60, Reason.RATE),
        (CredentialRefused("x"), 600, Reason.REFUSED),
        (RateLimited("x", retry_after_s=9_999_999), HOUR_S, Reason.RATE),
        (RateLimited("x", retry_after_s=math.inf), HOUR_S, Reason.RATE),
        (RateLimited("x", retry_after_s=math.nan), 60, Reason.RATE),
        (RateLimited("x", retry_after_s=-5), 60, Reason.RATE),
        (QuotaExhausted("x", retry_after_s=27 * HOUR_S), 27 * HOUR_S, Reason.QUOTA),
        (QuotaExhausted("x", retry_after_s=1e30), 48 * HOUR_S, Reason.QUOTA),
        (CredentialRefused("x", retry_after_s=9_999_999), 600, Reason.REFUSED),
    ],
)
def test_a_token_rests_for_as_long_as_its_failure_says(
    failure: Failure, seconds: float, reason: Reason
) -> None:
    assert rest_after(failure, GITEE, NOON) == Rest(NOON + seconds, reason)


def test_a_failure_that_is_not_the_tokens_lets_it_go_on() -> None:
    assert rest_after(JobFailed("x"), GITEE, NOON) is None


@pytest.mark.parametrize(("offset_h", "hours"), [(0, 12), (8, 4), (-8, 20)])
def test_midnight_is_the_providers_own(offset_h: int, hours: int) -> None:
    assert next_midnight(NOON, offset_h) == NOON + hours * 3600


async def test_a_resting_token_wakes_when_its_time_has_come() -> None:
    clock = FakeClock()
    credentials = Credentials(clock)
    await credentials.note(GITEE, A, RateLimited("x", retry_after_s=30))
    assert set(await credentials.resting(GITEE, [A, B])) == {A}
    clock.now += 31
    assert not await credentials.resting(GITEE, [A, B])


class CountingStore(MemoryCooldowns):
    """A store that counts what it is asked, and sees no token."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.seen: list[str] = []

    async def read(self, provider: str, digests: Sequence[str]) -> Mapping[str, Rest]:
        self.reads += 1
        self.seen += digests
        return await super().read(provider, digests)


async def test_another_isolate_learns_of_it_and_asks_only_every_few_seconds() -> None:
    clock, store = FakeClock(), CountingStore()
    here, there = Credentials(clock, store), Credentials(clock, store)
    await here.note(GITEE, A, QuotaExhausted("x"))
    for _ in range(10):
        assert A in await there.resting(GITEE, [A])
    assert store.reads == 1
    clock.now += 6
    await there.resting(GITEE, [A])
    assert store.reads == 2
    assert all("token" not in digest and len(digest) == 64 for digest in store.seen)


class BrokenStore(MemoryCooldowns):
    """A store that is away, or takes for ever."""

    async def read(self, provider: str, digests: Sequence[str]) -> Mapping[str, Rest]:
        raise StoreUnavailable

    async def write(self, provider: str, digest: str, rest: Rest | None) -> None:
        await asyncio.Event().wait()


async def test_without_the_store_what_was_seen_here_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("darkroom.engine.credentials.STORE_LIMIT_S", 0.01)
    credentials = Credentials(FakeClock(), BrokenStore())
    await credentials.note(GITEE, A, QuotaExhausted("x"))
    assert set(await credentials.resting(GITEE, [A, B])) == {A}


def at(space: str) -> tuple[str, Secret]:
    return space, Secret("hf_token")


@pytest.mark.parametrize("kind", [RateLimited, QuotaExhausted, CredentialRefused])
async def test_a_space_that_refuses_a_token_rests_it_at_that_space_alone(
    kind: type[Failure],
) -> None:
    clock, store = FakeClock(), CountingStore()
    here, there = Credentials(clock, store), Credentials(clock, store)
    await here.note(SPACES, at("evil/space"), kind("x", retry_after_s=9_999_999))
    uses = [at("evil/space"), at("good/space")]
    assert set(await here.resting(SPACES, uses)) == {at("evil/space")}
    assert set(await there.resting(SPACES, uses)) == {at("evil/space")}


async def test_elsewhere_a_token_rests_for_all_upstreams_of_its_provider() -> None:
    credentials = Credentials(FakeClock())
    await credentials.note(GITEE, at("one"), RateLimited("x"))
    assert set(await credentials.resting(GITEE, [at("one"), at("two")])) == {at("one"), at("two")}


@pytest.mark.parametrize("reason", list(Reason))
async def test_a_kept_rest_that_is_longer_than_it_can_be_does_not_count(reason: Reason) -> None:
    clock, store = FakeClock(), MemoryCooldowns()
    credentials = Credentials(clock, store)
    await credentials.note(GITEE, A, RateLimited("x"))
    (digest,) = (digest for _, digest in store._rests)
    await store.write("gitee", digest, Rest(clock.time() + 115 * 24 * HOUR_S, reason))
    assert not await Credentials(clock, store).resting(GITEE, [A])


async def test_a_failure_seen_by_this_isolate_counts_beyond_the_stores_limit() -> None:
    clock = FakeClock()
    credentials = Credentials(clock)
    last = ("model", Secret("token-last"))
    await credentials.note(GITEE, last, RateLimited("x"))
    clock.now += 6
    many = [("model", Secret(f"token-{number}")) for number in range(300)]
    assert set(await credentials.resting(GITEE, [*many, last])) == {last}
