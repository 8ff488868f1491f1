"""Response headers of a failure, the same in every dialect that answers in JSON."""

import math
from collections.abc import Mapping, Sequence

from darkroom.attempt import Attempt
from darkroom.errors import Failure, MethodNotAllowed, UnsupportedEncoding
from darkroom.response_headers import header_text


def failure_headers(failure: Failure) -> dict[str, str]:
    """The headers of a failure's JSON response, whatever its body says."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if failure.retry_after_s is not None:
        headers["retry-after"] = str(math.ceil(failure.retry_after_s))
    if is_retried(failure.status) and not failure.caller_may_retry:
        headers["x-should-retry"] = "false"
    if failure.provider:
        headers["x-darkroom-provider"] = failure.provider
        headers["x-darkroom-attempts"] = str(failure.attempts)
    headers.update(tried_header(failure.attempt_log))
    return {**headers, **accepted_headers(failure)}


def accepted_headers(failure: Failure) -> Mapping[str, str]:
    """What would have been accepted, as HTTP has it: methods for a 405, codings for a 415."""
    if isinstance(failure, MethodNotAllowed):
        return {"allow": ", ".join(failure.allowed)}
    if isinstance(failure, UnsupportedEncoding):
        return {"accept-encoding": "gzip, deflate"}
    return {}


def is_retried(status: int) -> bool:
    """Whether the SDKs send a request again by themselves after an answer of that status."""
    return status == 409 or status >= 429


MAX_REPORTED_ATTEMPTS = 24


def tried_header(attempt_log: Sequence[Attempt]) -> Mapping[str, str]:
    """`x-darkroom-tried`: each way that was tried or passed over, and what came of it."""
    if not attempt_log:
        return {}
    words = ", ".join(map(str, attempt_log[:MAX_REPORTED_ATTEMPTS]))
    return {"x-darkroom-tried": header_text(words)}
