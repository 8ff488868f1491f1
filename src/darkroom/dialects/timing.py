"""How long a request's stages took, for `Server-Timing`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from darkroom.deadline import Clock
from darkroom.events import Attempted, Failed, Finished, Queued


@dataclass(slots=True)
class Timing:
    """Watches a job's events go by and notes when its stages began and ended.

    `queue` is the time until the upstream began, `run` the time from there to the picture. With
    several jobs at once each stage is as long as the longest of them.
    """

    clock: Clock
    provider: str | None = None
    attempts: int = 0
    _since: dict[int, tuple[str, float]] = field(default_factory=dict)
    _longest_s: dict[str, float] = field(default_factory=dict)

    def note(self, index: int, event: object) -> None:
        """Take note of what a job did; whatever comes after `Finished` is the fetching."""
        now = self.clock.monotonic()
        if isinstance(event, Attempted):
            self.provider = event.provider
            self.attempts = max(self.attempts, event.number)
            self._since[index] = ("queue", now)
        elif not isinstance(event, Queued | Failed) and index in self._since:
            stage, since = self._since[index]
            self._add(stage, now - since)
            if stage == "queue":
                self._since[index] = ("run", now)
            if isinstance(event, Finished):
                self._add("run", now - self._since[index][1])
                self._since[index] = ("fetch", now)

    def headers(self) -> Mapping[str, str]:
        """Who served, after how many attempts, and how long it took (milliseconds)."""
        headers = {}
        if self._longest_s:
            headers["server-timing"] = ", ".join(
                f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in self._longest_s.items()
            )
        if self.provider:
            headers["x-darkroom-provider"] = self.provider
            headers["x-darkroom-attempts"] = str(self.attempts)
        return headers

    def _add(self, stage: str, seconds: float) -> None:
        self._longest_s[stage] = max(seconds, self._longest_s.get(stage, 0.0))
