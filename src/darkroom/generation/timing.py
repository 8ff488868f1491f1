"""Timing of a request's stages, who served it, and its attempts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from darkroom.attempt import Attempt
from darkroom.deadline import Clock
from darkroom.events import AttemptFailed, AttemptStarted, Failed, Finished, Progress, Queued
from darkroom.generation.failure_headers import tried_header
from darkroom.generation.output import Completed


@dataclass(slots=True)
class Timing:
    """Measures the stages of a request by its events.

    `queue` is the time until the upstream began, `run` the time from there to the picture. With
    several jobs at once each stage is as long as the longest of them. `cache` is `hit` when nothing
    had to be painted, `miss` when something had to be that is remembered, else None.
    """

    clock: Clock
    provider: str | None = None
    model: str | None = None
    pictures: int = 0
    attempts: int = 0
    cache: str | None = None
    attempt_log: list[Attempt] = field(default_factory=list)
    _painted: bool = False
    _latest: dict[int, AttemptStarted] = field(default_factory=dict)
    _since: dict[int, tuple[str, float]] = field(default_factory=dict)
    _longest_s: dict[str, float] = field(default_factory=dict)

    def add_event(self, index: int, event: object) -> None:
        """Add an event; the time after `Finished` is the download."""
        stage, since = self._since.get(index, ("", 0.0))
        match event:
            case Progress() if stage == "run":
                self._add(stage, self.clock.monotonic() - since)
                return
            case AttemptStarted():
                self._start(index, event)
                return
            case AttemptFailed():
                self._try(event.attempt)
                return
            case Queued() | Failed():
                return
            case Completed():
                self.pictures += max(1, len(event.layers))
                if event.recalled:
                    self._recall(event)
                    return
        if not stage:
            return
        now = self.clock.monotonic()
        self._add(stage, now - since)
        if stage == "queue":
            self._since[index] = ("run", now)
        if isinstance(event, Finished):
            self._add("run", now - self._since[index][1])
            self._since[index] = ("fetch", now)
            served = self._latest[index]
            self._try(Attempt(served.provider, served.upstream, "ok"))

    def _start(self, index: int, started: AttemptStarted) -> None:
        self._painted = True
        self.cache = "miss" if self.cache else None
        self.provider, self.model = started.provider, started.model
        self.attempts = max(self.attempts, started.number)
        self._latest[index] = started
        self._since[index] = ("queue", self.clock.monotonic())

    def _recall(self, completed: Completed) -> None:
        if not self._painted:
            self.provider, self.cache = completed.provider, "hit"
            self.model = completed.served.model.id

    @property
    def stages(self) -> Mapping[str, float]:
        """Seconds of each stage."""
        return self._longest_s

    def headers(self) -> Mapping[str, str]:
        """Headers about who served, the attempts, and the time in milliseconds."""
        headers = {}
        if self._longest_s:
            headers["server-timing"] = ", ".join(
                f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in self._longest_s.items()
            )
        if self.provider:
            headers["x-darkroom-provider"] = self.provider
            headers["x-darkroom-attempts"] = str(self.attempts)
        if self.model:
            headers["x-darkroom-model"] = self.model
        if self.cache:
            headers["x-darkroom-cache"] = self.cache
        return {**headers, **tried_header(self.attempt_log)}

    def _try(self, attempt: Attempt) -> None:
        if attempt not in self.attempt_log:  # several jobs may go the same way
            self.attempt_log.append(attempt)

    def _add(self, stage: str, seconds: float) -> None:
        self._longest_s[stage] = max(seconds, self._longest_s.get(stage, 0.0))
