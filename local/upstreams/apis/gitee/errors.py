"""Gitee's words: OpenAI's shape for bad requests, `{"error", "message"}` for tasks (B8)."""

from ..faults import Kind
from ..openai_errors import Phrase, openai_wording

REFUSAL = "The prompt was rejected because it contains sensitive content (内容违规)."
BREAKDOWN = "Internal server error: the model failed to generate an image."

word = openai_wording(
    {
        Kind.NO_TOKEN: Phrase(
            401, "Missing access token. Please provide a valid token.", "unauthorized", "401"
        ),
        Kind.BAD_TOKEN: Phrase(401, "Invalid access token: {text}.", "unauthorized", "401"),
        Kind.QUOTA: Phrase(
            403,
            "Insufficient quota: the balance of your resource package is used up (资源包余额不足).",
            "insufficient_quota",
            "insufficient_quota",
        ),
        Kind.LIMITED: Phrase(
            429,
            "Rate limit exceeded, please try again later.",
            "rate_limit_error",
            "rate_limit_exceeded",
        ),
        Kind.UNAVAILABLE: Phrase(503, "Service temporarily unavailable.", "server_error", "503"),
        Kind.REFUSED: Phrase(400, REFUSAL, code="content_policy_violation"),
        Kind.FAILED: Phrase(500, BREAKDOWN, "server_error", "500"),
    }
)
