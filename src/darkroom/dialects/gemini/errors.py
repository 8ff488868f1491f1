"""Error responses in the shape of Google's APIs (reference/wire-formats.md B2).

Statuses are those of gRPC, details those of google.rpc (https://google.aip.dev/193).
"""

import json
import math
import re

from darkroom.errors import Failure
from darkroom.generation.failure_headers import failure_headers
from darkroom.http import Reply

_TYPES = "type.googleapis.com/google.rpc"
_STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_DOMAIN = "darkroom"


def error_body(failure: Failure) -> dict[str, object]:
    """The object that Google's SDKs raise from; its code is the HTTP status."""
    otherwise = "INVALID_ARGUMENT" if failure.status < 500 else "INTERNAL"
    return {
        "error": {
            "code": failure.status,
            "message": failure.message,
            "status": _STATUSES.get(failure.status, otherwise),
            "details": _details(failure),
        }
    }


def error_reply(failure: Failure) -> Reply:
    """A failure as an answer."""
    body = json.dumps(error_body(failure)).encode()
    return Reply(failure.status, failure_headers(failure), [body])


def error_frame(failure: Failure) -> bytes:
    """A failure as the end of the event that every stream here opens first: see `stream.py`."""
    return json.dumps(error_body(failure)).encode() + b"\n\n"


def _details(failure: Failure) -> list[dict[str, object]]:
    reason = re.sub("[^A-Z0-9]", "_", failure.code.upper())
    details: list[dict[str, object]] = [
        {"@type": f"{_TYPES}.ErrorInfo", "reason": reason, "domain": _DOMAIN}
    ]
    if failure.param:
        violation = {"field": failure.param, "description": failure.message}
        details.append({"@type": f"{_TYPES}.BadRequest", "fieldViolations": [violation]})
    if failure.retry_after_s is not None:
        delay = f"{math.ceil(failure.retry_after_s)}s"
        details.append({"@type": f"{_TYPES}.RetryInfo", "retryDelay": delay})
    return details
