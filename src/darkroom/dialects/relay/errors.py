"""Error responses in the relay's shape (reference/wire-formats.md A6)."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom.access_errors import NotAllowed
from darkroom.errors import (
    BodyTooLarge,
    Busy,
    ContentRefused,
    CredentialMissing,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    InvalidRequest,
    JobFailed,
    MethodNotAllowed,
    ModelNotFound,
    NotConfigured,
    PictureOmitted,
    RateLimited,
    RouteNotFound,
    UnsupportedMediaType,
    UpstreamBroken,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.generation.failure_headers import accepted_headers, tried_header
from darkroom.http import Reply
from darkroom.limits.errors import LimitReached
from darkroom.sse import event_frame
from darkroom.tasks.errors import (
    KeyInProgress,
    KeyReused,
    LoopDetected,
    NoBackground,
    StreamNotReplayable,
    TaskCancelled,
    TaskNotFound,
    UnfitTogether,
)
from darkroom.transfer_rate import RequestTimeout
from darkroom.validation_error import Unprocessable

MAX_WORDS = 400
# The default Retry-After by status.
REST_S = {429: 60, 503: 5}
# Where a parameter stands that is none of the body's fields.
_PLACES = {"wait": "query", "authorization": "header", "idempotency-key": "header"}


@dataclass(frozen=True, slots=True)
class Sort:
    """The relay's wording of a kind of failure: status, code, type and who is to blame."""

    status: int
    code: str | None
    type: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Wording:
    """A failure in the relay's words."""

    sort: Sort
    detail: Mapping[str, object] | None

    @property
    def code(self) -> str | None:
        """The machine's word for it."""
        return self.sort.code


_INVALID = Sort(422, "VALIDATION_ERROR", "validation", "client")
_SORTS: Mapping[type[Failure], Sort] = {
    InvalidRequest: _INVALID,
    UnfitTogether: Sort(400, "VALIDATION_ERROR", "validation", "client"),
    ModelNotFound: Sort(404, "MODEL_NOT_FOUND", "validation", "client"),
    RouteNotFound: Sort(404, None, None, "client"),
    TaskNotFound: Sort(404, "TASK_NOT_FOUND", None, "client"),
    MethodNotAllowed: Sort(405, None, None, "client"),
    RequestTimeout: Sort(408, "REQUEST_TIMEOUT", "timeout", "client"),
    BodyTooLarge: Sort(413, "FILE_TOO_LARGE", "validation", "client"),
    UnsupportedMediaType: Sort(415, "FILE_TYPE_UNSUPPORTED", "validation", "client"),
    KeyInProgress: Sort(409, "IDEMPOTENCY_IN_PROGRESS", "validation", "client"),
    StreamNotReplayable: Sort(409, "IDEMPOTENCY_STREAM_GIVEN", "validation", "client"),
    KeyReused: Sort(422, "IDEMPOTENCY_KEY_REUSED", "validation", "client"),
    TaskCancelled: Sort(409, "CANCELLED", None, "client"),
    ContentRefused: Sort(422, "CONTENT_POLICY_DECLINED", "validation", "provider"),
    CredentialRefused: Sort(401, "INVALID_API_KEY", "authentication", "client"),
    CredentialMissing: Sort(401, "MISSING_CREDENTIALS", "authentication", "client"),
    RateLimited: Sort(429, "RATE_LIMITED", "rate_limit", "provider"),
    LimitReached: Sort(429, "RATE_LIMITED", "rate_limit", "relay"),
    NotAllowed: Sort(403, "MODEL_NOT_AVAILABLE", "authorization", "client"),
    Busy: Sort(503, "CAPACITY_EXHAUSTED", "unavailable", "relay"),
    # Nothing changes while the operator does nothing: clients repeat what is a 5xx.
    NotConfigured: Sort(403, "MODEL_NOT_AVAILABLE", "authorization", "relay"),
    NoBackground: Sort(403, "TIER_FEATURE_UNAVAILABLE", "authorization", "relay"),
    UpstreamUnavailable: Sort(502, "PROVIDER_UNAVAILABLE", "unavailable", "provider"),
    UpstreamSilent: Sort(504, "UPSTREAM_TIMEOUT", "timeout", "provider"),
    UpstreamBroken: Sort(502, "PROVIDER_SCHEMA_MISMATCH", "schema", "provider"),
    JobFailed: Sort(502, "UPSTREAM_ERROR", None, "provider"),
    PictureOmitted: Sort(502, "IMAGE_NO_OUTPUT", None, "provider"),
    DeadlineExceeded: Sort(504, "UPSTREAM_TIMEOUT", "timeout", "relay"),
    LoopDetected: Sort(508, "LOOP_DETECTED", "validation", "client"),
    Failure: Sort(500, "INTERNAL_ERROR", "internal", "relay"),
}
_NO_IMAGE = "no_image"  # whatever its kind
_IN_WORDS = Sort(422, "IMAGE_TEXT_RESPONSE", "validation", "provider")


def wording_of(failure: Failure) -> Wording:
    """A failure as the relay has it: its kind, or the nearest kind above."""
    sort = _sort_of(type(failure))
    if isinstance(failure, ContentRefused):
        sort = _IN_WORDS if failure.code == _NO_IMAGE else sort
        words = {"finish_reason": None, "block_reason": None, "text": failure.message[:MAX_WORDS]}
        return Wording(sort, words)
    return Wording(_SORTS[PictureOmitted] if failure.code == _NO_IMAGE else sort, None)


def status_of(kind: type[Failure]) -> int:
    """The status that the relay answers a kind of failure with."""
    return _sort_of(kind).status


def error_body(failure: Failure) -> dict[str, Any]:
    """The envelope of every answer that is no success.

    Of one about a field, `detail` is the list that FastAPI makes, which older clients read.
    """
    wording = wording_of(failure)
    detail: object = wording.detail
    if wording.sort == _INVALID:
        detail = _complaints(failure)
    error: dict[str, object] = {
        "code": wording.code,
        "type": wording.sort.type,
        "source": wording.sort.source,
        "message": failure.message,
        "request_id": failure.request_id,
    }
    if detail is not None:
        error["detail"] = detail
    return {"detail": detail if wording.sort == _INVALID else failure.message, "error": error}


def error_reply(failure: Failure) -> Reply:
    """A failure as an answer."""
    status = wording_of(failure).sort.status
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    rest_s = failure.retry_after_s
    if rest_s is None:
        rest_s = REST_S.get(status)
    if rest_s is not None:
        headers["retry-after"] = str(math.ceil(rest_s))
    if failure.provider:
        headers["x-darkroom-provider"] = failure.provider
        headers["x-darkroom-attempts"] = str(failure.attempts)
    headers.update(tried_header(failure.attempt_log))
    headers.update(accepted_headers(failure))
    return Reply(status, headers, [json.dumps(error_body(failure)).encode()])


def error_frame(failure: Failure) -> bytes:
    """A failure after a stream has begun."""
    return event_frame("error", json.dumps(error_body(failure)).encode())


def _sort_of(kind: type[Failure]) -> Sort:
    return next(_SORTS[parent] for parent in kind.__mro__ if parent in _SORTS)


def _complaints(failure: Failure) -> Sequence[Mapping[str, object]]:
    """The invalid fields of a request, as FastAPI lists them."""
    if isinstance(failure, Unprocessable):
        return failure.details
    return [{"type": failure.code, "loc": _place(failure.param), "msg": failure.message}]


def _place(param: str | None) -> list[str]:
    return ["body"] if param is None else [_PLACES.get(param, "body"), param]
