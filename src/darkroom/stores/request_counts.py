"""Counts of requests in the current minute, in the memory of one isolate."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

MINUTE_S = 60
MAX_COUNTED = 10_000  # callers in a minute; of more, those who were seen first are forgotten


@dataclass(frozen=True, slots=True)
class RequestCount:
    """A count against its limit; `reset_s` is how long the minute still takes."""

    name: str
    limit: int
    count: int
    reset_s: float

    @property
    def remaining(self) -> int:
        """The number of requests that the minute still takes."""
        return max(0, self.limit - self.count)

    @property
    def is_over(self) -> bool:
        """True where the request that was counted last is one too many."""
        return self.count > self.limit


class RequestLimiter(Protocol):
    """Counts requests for all isolates of a location, approximately and within its own minute."""

    async def allow(self, name: str) -> bool:
        """Count a request; False where it is one too many. What cannot be counted is allowed."""
        ...


@dataclass(slots=True)
class RequestCounts:
    """The number of requests of each caller in the current minute of the clock."""

    _minute: int = 0
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, limits: Iterable[tuple[str, int]], now: float) -> list[RequestCount]:
        """Count a request for each name, and compare with its limit; a limit of zero is none.

        Counting ends at the first that is over: what is refused uses up nothing of others.
        """
        minute = int(now // MINUTE_S)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        reset_s = (minute + 1) * MINUTE_S - now
        counted: list[RequestCount] = []
        for name, limit in limits:
            if not limit:
                continue
            count = self._counts.pop(name, 0) + 1
            self._counts[name] = count
            counted.append(RequestCount(name, limit, count, reset_s))
            if count > limit:
                break
        while len(self._counts) > MAX_COUNTED:
            del self._counts[next(iter(self._counts))]
        return counted
