"""Circuit breakers: an upstream that keeps failing is not asked for a while."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from darkroom.deadline import Clock

FAILURES = 5
WINDOW_S = 30.0
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 300.0
MAX_BREAKERS = 1_000


class State(StrEnum):
    """Whether an upstream is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Breaker:
    """One upstream's: opens after `FAILURES` within `WINDOW_S`, then lets one probe through.

    A probe that fails makes the next pause twice as long, up to `LONGEST_PAUSE_S`; one that goes
    well closes it. All times are of `clock.monotonic()`, in seconds.
    """

    clock: Clock
    _failed_at: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES))
    _pause_s: float = 0.0
    _open_until: float = 0.0
    _probe: "Admission | None" = None

    @property
    def state(self) -> State:
        """The state now."""
        if not self._pause_s:
            return State.CLOSED
        return State.OPEN if self.clock.monotonic() < self._open_until else State.HALF_OPEN

    @property
    def retry_in_s(self) -> float:
        """Seconds until the next probe may go; zero if now."""
        return max(0.0, self._open_until - self.clock.monotonic()) if self._pause_s else 0.0

    def admit(self) -> "Admission | None":
        """Let an attempt through to the upstream, or not; in the half-open state it is a probe."""
        match self.state:
            case State.CLOSED:
                return Admission(self)
            case State.OPEN:
                return None
        if self._probe is not None:
            return None
        self._probe = Admission(self)
        return self._probe

    def close(self) -> None:
        """The upstream answered as it should."""
        self._failed_at.clear()
        self._pause_s, self._probe = 0.0, None

    def count_failure(self) -> None:
        """The upstream failed while it was asked freely."""
        now = self.clock.monotonic()
        if self._pause_s:
            return  # an attempt from before it opened says nothing new
        self._failed_at.append(now)
        if len(self._failed_at) == FAILURES and now - self._failed_at[0] <= WINDOW_S:
            self._open(FIRST_PAUSE_S)

    def end_probe(self, probe: "Admission", *, failed: bool) -> None:
        """A probe came to an end that does not close the breaker."""
        if self._probe is probe:
            self._probe = None
            if failed:
                self._open(min(self._pause_s * 2, LONGEST_PAUSE_S))

    def is_probe(self, admission: "Admission") -> bool:
        """Whether an attempt is the probe that everyone waits for."""
        return self._probe is admission

    def _open(self, pause_s: float) -> None:
        self._pause_s, self._open_until = pause_s, self.clock.monotonic() + pause_s


@dataclass(frozen=True, slots=True, eq=False)
class Admission:
    """One attempt that was let through; exactly what it shows of the upstream is reported back."""

    breaker: Breaker

    def succeed(self) -> None:
        """The upstream answered as it should."""
        self.breaker.close()

    def fail(self) -> None:
        """The upstream failed."""
        if self.breaker.is_probe(self):
            self.breaker.end_probe(self, failed=True)
        else:
            self.breaker.count_failure()

    def release(self) -> None:
        """The attempt is over; harmless when something was reported before."""
        self.breaker.end_probe(self, failed=False)


class Breakers:
    """The breakers of every upstream that was asked, by provider and place."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._breakers: dict[tuple[str, str], Breaker] = {}

    def of(self, provider: str, place: str) -> Breaker:
        """An upstream's breaker, made when it is first asked for."""
        breaker = self._breakers.pop((provider, place), None) or Breaker(self._clock)
        while len(self._breakers) >= MAX_BREAKERS:
            self._breakers.pop(next(iter(self._breakers)))  # the one not asked for the longest
        self._breakers[provider, place] = breaker
        return breaker

    def report(self) -> Mapping[str, Mapping[str, object]]:
        """Those that are not closed, by `provider/place`, with the seconds until a probe."""
        return {
            f"{provider}/{place}": {
                "state": breaker.state.value,
                "retry_in_seconds": round(breaker.retry_in_s, 1),
            }
            for (provider, place), breaker in self._breakers.items()
            if breaker.state is not State.CLOSED
        }
