"""The order of a pool's models, learned from how they have done of late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from darkroom.stores.model_health import MAX_MODELS, Health, HealthStore, merged
from darkroom.stores.unavailable import StoreUnavailable

# Attempts that every model is taken to have passed: one failure alone moves nobody.
BENEFIT_OF_DOUBT = 3.0
CLEARLY = 0.3  # how much more of its attempts a model must pass to go before another
SLOWER, SLOWER_BY_S = 3.0, 15.0  # and how much longer another must take, to be passed for that
ENOUGH = 0.5  # successes that a time is told by
PROBE_AFTER_S = 120.0  # that a demoted model is left alone before one request tries it first
SHARE_EVERY_S = 60.0
# How long a model may go without a sign of life before the next is tried: some times what it takes
# as a rule, within bounds.
USUAL_TIMES, LEAST_WAIT_S, LONGEST_WAIT_S, UNKNOWN_WAIT_S = 4.0, 10.0, 60.0, 30.0


@dataclass(slots=True)
class ModelHealth:
    """The records of models, by their ids; times are in seconds since 1970.

    With a `store` isolates share what they have seen: each sends what is new, and learns of the
    others, at most every `SHARE_EVERY_S`, and never while a request waits for it.
    """

    store: HealthStore | None = None
    _known: dict[str, Health] = field(default_factory=dict)
    _unsent: dict[str, Health] = field(default_factory=dict)
    _tried_at: dict[str, float] = field(default_factory=dict)
    _shared_at: float = 0.0
    _is_asked: bool = False

    def succeed(self, model: str, seconds: float, first_s: float, now: float) -> None:
        """A model painted in so many seconds, and showed its first sign of life after `first_s`."""
        self._add(model, Health(1.0, 0.0, seconds, first_s, now), now)

    def fail(self, model: str, now: float) -> None:
        """A model failed, for a reason that is not the caller's."""
        self._add(model, Health(0.0, 1.0, at=now), now)

    def ordered(
        self, models: Sequence[str], ranks: Mapping[str, int], now: float, *, probe: bool = True
    ) -> list[str]:
        """The models, those of one rank by how they have done; ranks keep their order.

        With `probe` a demoted model of the first rank comes first for one request now and then.
        """
        self._is_asked = self._is_asked or probe
        if not self._known:
            return list(models)
        health = {model: self.of(model, now) for model in models}
        placed: list[str] = []
        for model in models:
            index = len(placed)
            while index and ranks.get(model) == ranks.get(placed[index - 1]):
                if not _passes(health[model], health[placed[index - 1]]):
                    break
                index -= 1
            placed.insert(index, model)
        if probe and (due := self._due(models, placed, ranks, now)):
            self._tried_at[due] = now
            placed.remove(due)
            placed.insert(0, due)
        return placed

    def first_event_limit_s(self, model: str, now: float) -> float:
        """How long a model may go without a sign of life while another could be tried."""
        health = self.of(model, now)
        if health.successes < ENOUGH:
            return UNKNOWN_WAIT_S
        usual_s = health.first_s / health.successes
        return min(max(USUAL_TIMES * usual_s, LEAST_WAIT_S), LONGEST_WAIT_S)

    def of(self, model: str, now: float) -> Health:
        """A model's record as it counts now."""
        return self._known.get(model, Health(at=now)).faded(now)

    def begins_share(self, now: float) -> bool:
        """Whether it is time to call `share`: where a pool was asked for since the last time.

        Says so once: the next is not before `SHARE_EVERY_S`.
        """
        if not self._is_asked or self.store is None or now - self._shared_at < SHARE_EVERY_S:
            return False
        self._shared_at, self._is_asked = now, False
        return True

    async def share(self, now: float) -> None:
        """Tell the store what is new here, and learn what others have seen.

        What cannot be told is told the next time.
        """
        if self.store is None:
            return
        unsent, self._unsent = self._unsent, {}
        try:
            whole = await self.store.add(unsent, now)
        except StoreUnavailable:
            self._unsent = merged(unsent, self._unsent, now)
            return
        self._known = merged(whole, self._unsent, now)

    def _add(self, model: str, seen: Health, now: float) -> None:
        none = Health(at=now)
        for records in (self._known, self._unsent):
            records[model] = records.pop(model, none).with_others(seen, now)
            while len(records) > MAX_MODELS:
                records.pop(next(iter(records)))
        self._tried_at[model] = now
        while len(self._tried_at) > MAX_MODELS:
            self._tried_at.pop(next(iter(self._tried_at)))

    def _due(
        self, models: Sequence[str], placed: Sequence[str], ranks: Mapping[str, int], now: float
    ) -> str | None:
        """The demoted model of the first rank that was not tried for the longest, if it is time."""
        first = ranks.get(models[0]) if models else None
        demoted = [
            model
            for number, model in enumerate(models)
            if ranks.get(model) == first
            and placed.index(model) > number
            and now - self._tried_at.get(model, 0.0) >= PROBE_AFTER_S
        ]
        return min(demoted, key=lambda model: self._tried_at.get(model, 0.0), default=None)


def _passes(mine: Health, other: Health) -> bool:
    """Whether a model goes before another of its rank that stands before it."""
    better = reliability(mine) - reliability(other)
    if better > CLEARLY:
        return True
    if better < -CLEARLY / 2 or min(mine.successes, other.successes) < ENOUGH:
        return False
    mine_s, other_s = mine.seconds / mine.successes, other.seconds / other.successes
    return other_s > SLOWER * mine_s and other_s - mine_s > SLOWER_BY_S


def reliability(health: Health) -> float:
    """The share of attempts that a model passes, as far as its record tells; 1 without one."""
    passed = health.successes + BENEFIT_OF_DOUBT
    return passed / (passed + health.failures)
