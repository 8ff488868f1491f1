"""The one log line of a task that is over."""

from darkroom.errors import Failure, JobLost
from darkroom.gateway import Gateway
from darkroom.request_log import End, Log, error_label, measure
from darkroom.tasks.errors import TaskCancelled
from darkroom.tasks.record import Answer, Record
from darkroom.trace import Trace


def log_task(
    log: Log, gateway: Gateway, record: Record, end: Answer | Failure, *, began: float, trace: Trace
) -> None:
    """Write the line, and measure the task.

    It has the beginning of the task's id alone: whoever has the whole may read the task. `resumed`
    says that upstreams were asked on after a crash, `starts` how often it was begun here.
    """
    elapsed_s = gateway.clock.time() - began
    if isinstance(end, Failure):
        trace.add_failure(end)
    trace.close()
    outcome, error = _outcome(end), end.code if isinstance(end, Failure) else None
    resumed = bool(record.accepted)
    entry: dict[str, object] = {
        "task": record.submission.id[:8],
        "dialect": record.submission.dialect,
        "outcome": outcome,
        "status": end.status,
        "elapsed_ms": round(elapsed_s * 1000, 1),
        "starts": record.starts,
        "resumed": resumed,
    }
    if error is not None:
        entry["error"] = error
    log({**entry, **trace.fields(), "response_bytes": 0 if isinstance(end, Failure) else end.size})
    gateway.metrics.tasks.add(outcome, "true" if resumed else "false")
    status, label = str(end.status), error_label(error)
    measure(trace, gateway, End("task", status, outcome, label, elapsed_s))


def _outcome(end: Answer | Failure) -> str:
    if isinstance(end, TaskCancelled):
        return "cancelled"
    if isinstance(end, JobLost):
        return "lost"
    return "failed" if isinstance(end, Failure) else "completed"
