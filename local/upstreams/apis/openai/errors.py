"""OpenAI's own words (wire-formats B3.6)."""

import uuid

from starlette.responses import Response

from ..faults import Fault, Kind
from ..openai_errors import Phrase, error_response, openai_wording

HELP = "contact us through our help center at help.openai.com if the error persists."
KEYS_PAGE = "https://platform.openai.com/account/api-keys"

_say = openai_wording(
    {
        Kind.NO_TOKEN: Phrase(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API "
            f"key from {KEYS_PAGE}.",
        ),
        Kind.BAD_TOKEN: Phrase(
            401,
            f"Incorrect API key provided: {{text}}. You can find your API key at {KEYS_PAGE}.",
            code="invalid_api_key",
        ),
        Kind.QUOTA: Phrase(
            429,
            "You exceeded your current quota, please check your plan and billing details. For "
            "more information on this error, read the docs: "
            "https://platform.openai.com/docs/guides/error-codes/api-errors.",
            "insufficient_quota",
            "insufficient_quota",
        ),
        Kind.LIMITED: Phrase(
            429,
            "Rate limit reached for images per minute: Limit 5, Used 5, Requested 1. "
            "Please try again in 2s.",
            "requests",
            "rate_limit_exceeded",
        ),
        Kind.UNAVAILABLE: Phrase(
            503,
            "The server is currently overloaded with other requests. Sorry about that! You can "
            f"retry your request, or {HELP}",
            "server_error",
        ),
        Kind.FAILED: Phrase(
            500,
            "An error occurred while processing your request. You can retry your request, or "
            f"{HELP}",
            "server_error",
            "server_error",
        ),
        Kind.NOT_FOUND: Phrase(404, code="model_not_found"),
    }
)


def word(fault: Fault) -> Response:
    """Any trouble; the refusal of the safety system has details of its own."""
    if fault.kind is not Kind.REFUSED:
        return _say(fault)
    return error_response(
        400,
        "Your request was rejected by the safety system. If you believe this is an error, contact "
        f"us at help.openai.com and include the request ID {uuid.uuid4()}. "
        "safety_violations=[sexual].",
        "image_generation_user_error",
        code="moderation_blocked",
        moderation_details={"moderation_stage": "input", "categories": ["sexual"]},
    )


def invalid_file(message: str, field: str, code: str = "invalid_image_file") -> Response:
    """A 400 for an uploaded file."""
    return error_response(400, message, "invalid_request_error", field, code)
