"""Failures in OpenAI's shape (reference/wire-formats.md B3.6)."""

import json
import math
from typing import Any

from darkroom.dialects.timing import tried_header
from darkroom.errors import Failure, MethodNotAllowed
from darkroom.http import Reply
from darkroom.sse import event_frame


def error_body(failure: Failure) -> dict[str, object]:
    """The object that OpenAI's SDKs raise from."""
    return {
        "error": {
            "message": failure.message,
            "type": failure.type,
            "param": failure.param,
            "code": failure.code,
        }
    }


def error_reply(failure: Failure) -> Reply:
    """A failure as an answer, with what the SDKs read from its headers."""
    body = json.dumps(error_body(failure)).encode()
    return Reply(failure.status, failure_headers(failure), [body])


def failure_headers(failure: Failure) -> dict[str, str]:
    """What the headers of an answer in JSON tell of a failure, whatever its body says."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if failure.retry_after_s is not None:
        headers["retry-after"] = str(math.ceil(failure.retry_after_s))
    if is_retried(failure.status) and not failure.caller_may_retry:
        headers["x-should-retry"] = "false"
    if failure.provider:
        headers["x-darkroom-provider"] = failure.provider
        headers["x-darkroom-attempts"] = str(failure.attempts)
    headers.update(tried_header(failure.trials))
    if isinstance(failure, MethodNotAllowed):
        headers["allow"] = ", ".join(failure.allowed)
    return headers


def is_retried(status: int) -> bool:
    """Whether the SDKs send a request again by themselves after an answer of that status."""
    return status == 409 or status >= 429


def error_frame(failure: Failure) -> bytes:
    """A failure after the answer has begun: an `error` event, which makes the SDKs raise."""
    body = error_body(failure)
    if failure.image_index is not None:
        body["image_index"] = failure.image_index
    return event_frame("error", json.dumps(body).encode())


def improvement_remarks(failure: Failure | None) -> dict[str, Any]:
    """Why a prompt was not improved, where it was to be and was not."""
    return {"enhance_error": error_body(failure)["error"]} if failure else {}
