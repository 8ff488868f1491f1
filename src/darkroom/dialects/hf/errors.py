"""Error responses of Hugging Face's Inference API (reference/wire-formats.md B11)."""

import json

from darkroom.errors import Failure, UpstreamUnavailable
from darkroom.generation.failure_headers import failure_headers
from darkroom.http import Reply

# What clients wait before they ask again, where nobody knows how long it takes.
LOADING_S = 20.0


def error_body(failure: Failure) -> dict[str, object]:
    """The object whose `error` the Hub's clients show; `estimated_time` (s) while one starts."""
    body: dict[str, object] = {"error": failure.message, "error_type": failure.code}
    if isinstance(failure, UpstreamUnavailable) and failure.caller_may_retry:
        body["estimated_time"] = failure.retry_after_s or LOADING_S
    return body


def error_reply(failure: Failure) -> Reply:
    """A failure as an answer."""
    return Reply(failure.status, failure_headers(failure), [error_frame(failure)])


def error_frame(failure: Failure) -> bytes:
    """A failure as its JSON alone: nothing is streamed here."""
    return json.dumps(error_body(failure)).encode()
