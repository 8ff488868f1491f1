"""The record of how models have done of late, and the store by which isolates share it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

HALF_LIFE_S = 300.0
FORGOTTEN = 0.05  # attempts: what has faded below that says nothing
MAX_MODELS = 200  # of one record


@dataclass(frozen=True, slots=True)
class Health:
    """A model's attempts, each counting half as much after every `HALF_LIFE_S`.

    `seconds` is what its successes took in all, `first_s` what they took until their first sign of
    life. `at` is when it was faded last, in seconds since 1970.
    """

    successes: float = 0.0
    failures: float = 0.0
    seconds: float = 0.0
    first_s: float = 0.0
    at: float = 0.0

    def faded(self, now: float) -> "Health":
        """The same as it counts at a later time."""
        share = self._share(now)
        return Health(
            self.successes * share,
            self.failures * share,
            self.seconds * share,
            self.first_s * share,
            now,
        )

    def with_others(self, other: "Health", now: float) -> "Health":
        """Both together at a time."""
        mine, theirs = self._share(now), other._share(now)
        return Health(
            self.successes * mine + other.successes * theirs,
            self.failures * mine + other.failures * theirs,
            self.seconds * mine + other.seconds * theirs,
            self.first_s * mine + other.first_s * theirs,
            now,
        )

    def _share(self, now: float) -> float:
        """How much of it counts at a later time."""
        share: float = 0.5 ** (max(0.0, now - self.at) / HALF_LIFE_S)
        return share

    @property
    def counts(self) -> bool:
        """Whether there is enough left of it to say anything."""
        return self.successes + self.failures >= FORGOTTEN

    @property
    def counts_time(self) -> bool:
        """Whether there is enough left of its successes to tell what they took."""
        return self.successes >= FORGOTTEN


class HealthStore(Protocol):
    """Adds up what isolates have seen; raises `StoreUnavailable` when it cannot."""

    async def add(self, seen: Mapping[str, Health], now: float) -> Mapping[str, Health]:
        """Add what one isolate has seen of each model since it last did; returns all there is."""
        ...


def merged(
    known: Mapping[str, Health], seen: Mapping[str, Health], now: float
) -> dict[str, Health]:
    """What was known with what was seen since, without what has faded away."""
    none = Health(at=now)
    together = {
        model: known.get(model, none).with_others(seen.get(model, none), now)
        for model in {**known, **seen}
    }
    kept = [(model, health) for model, health in together.items() if health.counts]
    return dict(kept[-MAX_MODELS:])
