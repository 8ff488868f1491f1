"""Errors of tasks, and the serialisation of failures.

InvalidRequest
├── UnfitTogether           400  two fields ask for what cannot be had at once
├── RouteNotFound           404
│   └── TaskNotFound        404  there never was such a task, or it is forgotten
├── KeyInProgress           409  the first request with the idempotency key is not answered yet
├── KeySpent                409  its answer was a stream, which cannot be had again
├── TaskCancelled           409  the caller took the task back
└── KeyReused               422  the key was sent with another request before
NotConfigured
└── NoBackground            503  this deployment cannot do work in the background
LoopDetected                508  a webhook of a gateway was addressed to a gateway
"""

from collections.abc import Mapping
from typing import Any

from darkroom.attempt import Attempt
from darkroom.errors import (
    Action,
    Failure,
    InvalidRequest,
    NotConfigured,
    RouteNotFound,
)


class UnfitTogether(InvalidRequest):
    """Each field is right, but not beside the other."""

    default_code = "unsupported_combination"


class TaskNotFound(RouteNotFound):
    """No task has that id, or no longer."""

    default_code = "task_not_found"


class KeyInProgress(InvalidRequest):
    """Another request with the same idempotency key is being looked at."""

    status = 409
    default_code = "idempotency_in_progress"
    retryable = True


class StreamNotReplayable(InvalidRequest):
    """The first response with the key was streamed and was not stored, so it cannot be replayed."""

    status = 409
    default_code = "idempotency_stream_given"


class TaskCancelled(InvalidRequest):
    """The task was taken back before it was done."""

    status = 409
    default_code = "cancelled"


class KeyReused(InvalidRequest):
    """The idempotency key was sent with another request before."""

    status = 422
    default_code = "idempotency_key_reused"


class LoopDetected(Failure):
    """A webhook of a gateway's has come back to it, or to another."""

    status = 508
    type = "invalid_request_error"
    default_code = "loop_detected"


class NoBackground(NotConfigured):
    """This deployment lacks a binding or a secret that work in the background needs."""

    default_code = "background_unavailable"
    action = Action.STOP


def write_failure(failure: Failure) -> dict[str, Any]:
    """A failure as values that JSON can hold; see `read_failure`."""
    return {
        "kinds": [_name(kind) for kind in type(failure).__mro__ if issubclass(kind, Failure)],
        "message": failure.message,
        "param": failure.param,
        "code": failure.code,
        "retry_after_s": failure.retry_after_s,
        "provider": failure.provider,
        "attempts": failure.attempts,
        "trials": [
            [attempt.provider, attempt.upstream, attempt.result, attempt.credential]
            for attempt in failure.attempt_log
        ],
    }


def read_failure(written: Mapping[str, Any]) -> Failure:
    """The failure that was written down, so that any dialect can word it.

    It is of its own kind, or of the next above that there still is.
    """
    known = _kinds()
    kind = next(known[name] for name in written["kinds"] if name in known)
    failure = kind(
        written["message"],
        param=written["param"],
        code=written["code"],
        retry_after_s=written["retry_after_s"],
    )
    failure.provider, failure.attempts = written["provider"], written["attempts"]
    failure.attempt_log = tuple(Attempt(*attempt) for attempt in written["trials"])
    return failure


def _kinds() -> Mapping[str, type[Failure]]:
    """Every kind of failure that there is, by name."""
    kinds: dict[str, type[Failure]] = {}
    unseen: list[type[Failure]] = [Failure]
    while unseen:
        kind = unseen.pop()
        kinds[_name(kind)] = kind
        unseen += kind.__subclasses__()
    return kinds


def _name(kind: type[Failure]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
