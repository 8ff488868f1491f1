"""Error responses in OpenAI's shape (reference/wire-formats.md B3.6)."""

import json
from typing import Any

from darkroom.errors import Failure
from darkroom.generation.failure_headers import MAX_REPORTED_ATTEMPTS, failure_headers
from darkroom.http import Reply
from darkroom.sse import event_frame


def error_body(failure: Failure) -> dict[str, object]:
    """The object that OpenAI's SDKs raise from."""
    return {"error": error_fields(failure)}


def error_fields(failure: Failure) -> dict[str, object]:
    """The fields of an error, wherever it stands."""
    error: dict[str, object] = {
        "message": failure.message,
        "type": failure.type,
        "param": failure.param,
        "code": failure.code,
    }
    if len(failure.attempt_log) > 1:
        error["tried"] = [str(attempt) for attempt in failure.attempt_log[:MAX_REPORTED_ATTEMPTS]]
    return error


def error_reply(failure: Failure) -> Reply:
    """A failure as an answer, with what the SDKs read from its headers."""
    body = json.dumps(error_body(failure)).encode()
    return Reply(failure.status, failure_headers(failure), [body])


def error_frame(failure: Failure) -> bytes:
    """A failure after the answer has begun: an `error` event, which makes the SDKs raise."""
    body = error_body(failure)
    if failure.image_index is not None:
        body["image_index"] = failure.image_index
    return event_frame("error", json.dumps(body).encode())


def enhancement_error(failure: Failure | None) -> dict[str, Any]:
    """Why a prompt was not improved, where it was to be and was not."""
    return {"enhance_error": error_body(failure)["error"]} if failure else {}
