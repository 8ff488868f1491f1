"""The words of Pollinations' hosts.

gen.pollinations.ai: `{"success": false, "error": {"message", "code", "timestamp"}, "status"}`, as
in pollinations/pollinations#9924 (402), #9873 (401), #12067 (refusal) and #7783 (500).
The legacy hosts: `{"error", "message"}`.
"""

from datetime import UTC, datetime

from starlette.responses import JSONResponse, Response

from ..faults import Fault, Kind

REFUSAL = (
    "Your request was rejected by content moderation. The prompt, input, or generated content was "
    "flagged as disallowed — adjust your input and try again."
)


WORDS = {
    Kind.NO_TOKEN: (
        401,
        "UNAUTHORIZED",
        "Authentication required. Please provide an API key via Authorization header "
        "(Bearer token) or ?key= query parameter.",
    ),
    Kind.BAD_TOKEN: (401, "UNAUTHORIZED", "Invalid API key."),
    Kind.QUOTA: (
        402,
        "PAYMENT_REQUIRED",
        "Insufficient balance. This model costs ~0.0136 pollen per request, but your available "
        "balance is 0.0000.",
    ),
    Kind.LIMITED: (429, "RATE_LIMITED", "Too many requests. Please slow down."),
    Kind.UNAVAILABLE: (503, "SERVICE_UNAVAILABLE", "No available image model servers."),
    Kind.REFUSED: (422, "content_policy_violation", REFUSAL),
    # The error of the server behind the gateway is a text within the text.
    Kind.FAILED: (
        500,
        "INTERNAL_ERROR",
        '{"error":"Internal Server Error","message":"HTTP error! status: 500"}',
    ),
    Kind.NO_ROUTE: (404, "NOT_FOUND", "Not found."),
    Kind.NOT_FOUND: (404, "NOT_FOUND", "Not found."),
}
LEGACY_WORDS = {
    Kind.QUOTA: (402, "Payment Required", "Get a key at https://enter.pollinations.ai."),
    Kind.LIMITED: (
        429,
        "Too Many Requests",
        "Queue full for IP 127.0.0.1: 1 requests already queued. Max: 1",
    ),
    Kind.UNAVAILABLE: (503, "Service Unavailable", "error code: 1033"),
    Kind.REFUSED: (400, "Bad Request", REFUSAL),
    Kind.FAILED: (500, "Internal Server Error", "All image servers failed."),
}


def word(fault: Fault) -> Response:
    """The words of gen.pollinations.ai."""
    otherwise = (400, "BAD_REQUEST", fault.text or "Something was wrong with the input data.")
    status, code, message = WORDS.get(fault.kind, otherwise)
    timestamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    error = {"message": message, "code": code, "timestamp": timestamp}
    return JSONResponse({"success": False, "error": error, "status": status}, status)


def legacy_word(fault: Fault) -> Response:
    """The words of the legacy hosts."""
    otherwise = (400, "Bad Request", fault.text or "Bad request")
    status, error, message = LEGACY_WORDS.get(fault.kind, otherwise)
    return JSONResponse({"error": error, "message": message}, status)
