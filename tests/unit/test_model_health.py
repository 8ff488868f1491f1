"""The order that a pool's models get from how they have done of late."""

from collections.abc import Mapping

import pytest

from darkroom.engine.model_health import (
    LEAST_WAIT_S,
    LONGEST_WAIT_S,
    PROBE_AFTER_S,
    SHARE_EVERY_S,
    UNKNOWN_WAIT_S,
    ModelHealth,
)
from darkroom.stores.model_health import HALF_LIFE_S, Health, merged
from darkroom.stores.unavailable import StoreUnavailable

MODELS = ["a", "b", "c", "paid"]
RANKS = {"a": 0, "b": 0, "c": 0, "paid": 3}
NOW = 1_700_000_000.0


def order(health: ModelHealth, now: float = NOW, *, probe: bool = False) -> list[str]:
    return health.ordered(MODELS, RANKS, now, probe=probe)


def failing(model: str, times: int, health: ModelHealth | None = None) -> ModelHealth:
    health = health or ModelHealth()
    for _ in range(times):
        health.fail(model, NOW)
    return health


def test_the_catalogs_order_holds_while_nothing_is_known() -> None:
    assert order(ModelHealth()) == MODELS


def test_one_failure_moves_nobody_and_two_do() -> None:
    assert order(failing("a", 1)) == MODELS
    assert order(failing("a", 2)) == ["b", "c", "a", "paid"]


def test_no_model_passes_one_of_a_group_before_its_own() -> None:
    health = failing("a", 9, failing("b", 9, failing("c", 9)))
    health.succeed("paid", 1.0, 1.0, NOW)
    assert order(health) == MODELS


def test_a_failure_among_many_successes_moves_nobody() -> None:
    health = failing("a", 2)
    for _ in range(9):
        health.succeed("a", 4.0, 1.0, NOW)
    assert order(health) == MODELS


def test_failures_are_forgotten_with_time() -> None:
    health = failing("a", 2)
    assert order(health, NOW + HALF_LIFE_S) == MODELS


@pytest.mark.parametrize(("slow_s", "passed"), [(40.0, True), (14.0, False), (10.0, False)])
def test_one_that_is_much_slower_is_passed_and_a_little_slower_one_is_not(
    slow_s: float, passed: bool
) -> None:
    health = ModelHealth()
    health.succeed("a", slow_s, 1.0, NOW)
    health.succeed("b", 4.0, 1.0, NOW)
    assert (order(health)[0] == "b") is passed


def test_one_request_in_a_while_tries_a_demoted_model_first() -> None:
    health, later = failing("a", 20), NOW + PROBE_AFTER_S
    assert order(health, later - 1, probe=True)[0] == "b"
    assert [order(health, later, probe=True)[0] for _ in range(3)] == ["a", "b", "b"]
    assert order(health, later + PROBE_AFTER_S, probe=True)[0] == "a"


def test_a_look_at_the_order_uses_up_no_trial() -> None:
    health, later = failing("a", 20), NOW + PROBE_AFTER_S
    assert order(health, later)[0] == "b"
    assert order(health, later, probe=True)[0] == "a"


@pytest.mark.parametrize(
    ("first_s", "limit_s"),
    [(None, UNKNOWN_WAIT_S), (0.5, LEAST_WAIT_S), (5.0, 20.0), (50.0, LONGEST_WAIT_S)],
)
def test_the_wait_for_a_sign_of_life_follows_what_a_model_takes(
    first_s: float | None, limit_s: float
) -> None:
    health = ModelHealth()
    if first_s is not None:
        health.succeed("a", 60.0, first_s, NOW)
    assert health.first_event_limit_s("a", NOW) == pytest.approx(limit_s)


class MemoryStore:
    """A `HealthStore` that counts its calls."""

    def __init__(self) -> None:
        self.known: dict[str, Health] = {}
        self.calls = 0
        self.broken = False

    async def add(self, seen: Mapping[str, Health], now: float) -> Mapping[str, Health]:
        self.calls += 1
        if self.broken:
            raise StoreUnavailable
        self.known = merged(self.known, seen, now)
        return self.known


async def test_isolates_learn_from_each_other() -> None:
    store = MemoryStore()
    here, there = failing("a", 2, ModelHealth(store)), ModelHealth(store)
    await here.share(NOW)
    assert order(there) == MODELS
    await there.share(NOW)
    assert order(there)[0] == "b"
    await here.share(NOW)
    assert store.known["a"].failures == pytest.approx(2.0)  # nothing is told twice


async def test_what_could_not_be_told_is_told_the_next_time() -> None:
    store = MemoryStore()
    health = failing("a", 2, ModelHealth(store))
    store.broken = True
    await health.share(NOW)
    assert order(health)[0] == "b"
    store.broken = False
    await health.share(NOW)
    assert store.known["a"].failures == pytest.approx(2.0)


def test_it_is_time_to_share_once_a_minute_where_a_pool_was_asked_for() -> None:
    health = ModelHealth(MemoryStore())
    assert not health.begins_share(NOW)
    order(health, probe=True)
    assert [health.begins_share(NOW), health.begins_share(NOW)] == [True, False]
    order(health, probe=True)
    assert not health.begins_share(NOW + SHARE_EVERY_S - 1)
    assert health.begins_share(NOW + SHARE_EVERY_S)


def test_without_a_store_nothing_is_shared() -> None:
    health = ModelHealth()
    order(health, probe=True)
    assert not health.begins_share(NOW)


def test_what_has_faded_away_is_dropped_from_a_record() -> None:
    old = {"a": Health(1.0, 0.0, 4.0, 1.0, NOW - 10 * HALF_LIFE_S)}
    assert merged(old, {"b": Health(1.0, 0.0, 4.0, 1.0, NOW)}, NOW).keys() == {"b"}
