"""The progress of a call, as `notifications/progress` (reference/mcp.md).

Numbers grow with each notification, as clients demand, also where all that happened is that
somebody ahead in a queue left, or that time went by.
"""

from dataclasses import dataclass, field

from darkroom.dialects.mcp.errors import MESSAGE
from darkroom.events import AttemptStarted, Failed, Progress, Queued, Started
from darkroom.generation.output import Completed
from darkroom.generation.run import IndexedEvent
from darkroom.json_writer import compact_json
from darkroom.sse import event_frame

TOTAL = 100
STARTED = 0.02  # of a picture that is being painted, before any step of it is known
CREEP = 0.001  # of what is left, for a notification without news


@dataclass(slots=True)
class ProgressMeter:
    """Measures how far a call with `count` pictures is; `token` is what its client calls it."""

    token: str | int
    count: int
    _progress: float = 0.0
    _fractions: dict[int, float] = field(default_factory=dict)

    def of_event(self, item: IndexedEvent) -> bytes | None:
        """The notification of an event, as an event of the stream; None where it tells nothing."""
        index, event = item
        match event:
            case AttemptStarted(provider, model):
                words = f"Asking {provider} for {model}"
            case Queued():
                words = _queued(event)
            case Started():
                self._fractions[index] = STARTED
                words = "Painting"
            case Progress():
                self._fractions[index] = STARTED + (1 - STARTED) * _fraction(event)
                words = _painting(event)
            case Completed():
                self._fractions[index] = 1.0
                words = "Painted"
            case Failed(failure):
                self._fractions[index] = 1.0
                words = f"Failed: {failure.message}"
            case _:
                return None
        return self.notify(
            f"Picture {index + 1} of {self.count}: {words}" if self.count > 1 else words
        )

    def notify(self, words: str) -> bytes:
        """A notification that is further than the one before."""
        known = TOTAL * sum(self._fractions.values()) / self.count
        crept = self._progress + (TOTAL - self._progress) * CREEP
        self._progress = max(min(known, TOTAL - 1.0), crept)
        params = {
            "progressToken": self.token,
            "progress": self._progress,
            "total": TOTAL,
            "message": words,
        }
        notification = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
        return event_frame(MESSAGE, compact_json(notification))


def _fraction(event: Progress) -> float:
    fraction = event.fraction
    if fraction is None and event.step is not None and event.total:
        fraction = event.step / event.total
    return min(1.0, max(0.0, fraction or 0.0))


def _queued(event: Queued) -> str:
    words = "In line" if event.position is None else f"In line, {event.position} ahead"
    if event.eta_s is not None:
        words += f", about {event.eta_s:.0f} s"
    return f"{words}: {event.message}" if event.message else words


def _painting(event: Progress) -> str:
    words = event.message or "Painting"
    if event.step is None or not event.total:
        return words
    return f"{words}, step {event.step} of {event.total}"
