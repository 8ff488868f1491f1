"""The one log line of a request or a task, and what the metrics learn with it."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from darkroom.errors import Failure, InternalFailure
from darkroom.gateway import Gateway
from darkroom.metrics import OTHER
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.trace import Trace, frames_of

Log = Callable[[Mapping[str, object]], None]

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_CODE = re.compile("[a-z0-9_]{1,40}")


class RequestLog:
    """Collects what there is to tell of one request, and tells it once, at its end.

    `route` is the path as the route table has it, never as a caller spelled it.
    """

    def __init__(self, gateway: Gateway, log: Log, request_id: str, method: str, route: str | None):
        self._gateway, self._log = gateway, log
        self._method = method if method in METHODS else OTHER
        self._route = route
        self._entry: dict[str, object] = {
            "request_id": request_id,
            "method": self._method,
            "route": route,
        }
        self._began: float | None = gateway.clock.monotonic()
        self.trace = Trace()
        self.status: int | None = None
        self.error: str | None = None
        self.response_bytes = 0
        gateway.metrics.active += 1

    @property
    def elapsed_s(self) -> float:
        """Seconds since the request came; zero after its end."""
        return 0.0 if self._began is None else self._gateway.clock.monotonic() - self._began

    def note(self, error: Exception) -> None:
        """Note why the request, or its stream, failed."""
        if isinstance(error, Failure):
            self.error = error.code
            self.trace.add_failure(error)
        else:
            self.error = InternalFailure.default_code
            self._entry["traceback"] = frames_of(error)

    def finish(self, outcome: str) -> None:
        """Write the line: `completed`, `accepted` (a task), `failed`, or `left` by the caller."""
        if self._began is None:
            return
        elapsed_s, self._began = self.elapsed_s, None
        trace = self.trace
        trace.close()
        self._gateway.metrics.active -= 1
        entry = {**self._entry, "outcome": outcome}
        if self.status is not None:
            entry["status"] = self.status
        if self.error is not None:
            entry["error"] = self.error
        entry["elapsed_ms"] = round(elapsed_s * 1000, 1)
        self._log({**entry, **trace.fields(), "response_bytes": self.response_bytes})
        self._measure(outcome, elapsed_s)

    def _measure(self, outcome: str, elapsed_s: float) -> None:
        metrics, route = self._gateway.metrics, self._route or OTHER
        error = error_label(self.error) or (outcome if outcome == "left" else "")
        status = "" if self.status is None else str(self.status)
        metrics.requests.observe(elapsed_s, self._method, route, status, error)
        if self.trace.request_bytes is not None:
            metrics.request_bytes.observe(self.trace.request_bytes, route)
        metrics.response_bytes.observe(self.response_bytes, route)
        measure(self.trace, self._gateway, End(route, status, outcome, error, elapsed_s))


@dataclass(frozen=True, slots=True)
class End:
    """The end of a request or a task, in words of fixed sets; `error` is empty where none is."""

    route: str
    status: str
    outcome: str
    error: str
    elapsed_s: float


def measure(trace: Trace, gateway: Gateway, end: End) -> None:
    """Add a trace that is closed to the metrics of models, and to the Analytics Engine."""
    metrics = gateway.metrics
    provider, model = metrics.provider(trace.provider), metrics.model(trace.model)
    if gateway.points is not None:
        with suppress(StoreUnavailable):  # a figure that is missing fails no request
            gateway.points.write(provider, *_point(trace, end, provider, model))
    if trace.cache:
        metrics.cache.add(trace.cache)
    if trace.operation is None and not trace.attempt_log:
        return
    operation = trace.operation or OTHER
    metrics.operations.observe(end.elapsed_s, operation, provider, model, end.error)
    for attempt in trace.attempt_log:
        metrics.attempts.add(metrics.provider(attempt.provider), error_label(attempt.result))
    for stage, seconds in trace.stages.items():
        metrics.stages.observe(seconds, provider, stage)
    if trace.pictures:
        metrics.pictures.add(provider, model, by=trace.pictures)


def _point(trace: Trace, end: End, provider: str, model: str) -> tuple[list[str], list[float]]:
    """The columns of a point, in the order that docs/operations.md names."""
    stages = trace.stages
    blobs = [end.route, end.status, end.outcome, end.error, provider, model, trace.cache or ""]
    doubles = [
        end.elapsed_s,
        *(stages.get(stage, 0.0) for stage in ("queue", "run", "fetch")),
        float(trace.attempts),
        float(trace.pictures),
        float(trace.request_bytes or 0),
    ]
    return blobs, doubles


def error_label(code: str | None) -> str:
    """A failure's code as a label; our own are short words."""
    return code if code and _CODE.fullmatch(code) else OTHER if code else ""
