"""The mapping of Gradio's and hf.space's errors to failures.

A failure comes as an HTTP answer before the job is accepted, or as `success: false` in the stream
after (reference/gradio.md sections 4, 5, 8 and 9).
"""

import re
from collections.abc import Mapping
from typing import Any

from darkroom.error_words import plain_words
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamGlitch,
    UpstreamRefused,
    UpstreamUnavailable,
)
from darkroom.providers.error_mapping import UpstreamError, queue_full, read_text
from darkroom.retry_after import QUEUE_WAIT_S, read_wait_s
from darkroom.scrub import scrub

START_UP_WAIT_S = 30.0

_QUOTA = re.compile(r"quota|runs limit|gpu limit|credits exceeded", re.IGNORECASE)
_TRY_AGAIN = re.compile(
    r"(?:try again|retry) in (?:(\d{1,4}) days?, )?(\d{1,4}):(\d{2}):(\d{2})", re.IGNORECASE
)
_BUSY = re.compile(r"no gpu was available|zerogpu queue timeout", re.IGNORECASE)
_PASSING = re.compile(r"expired zerogpu proxy token|internal gradio error", re.IGNORECASE)
_REFUSED = re.compile(
    r"nsfw|safety (?:checker|filter|system)|content polic|inappropriate|flagged|moderat"
    r"|not allowed to generate",
    re.IGNORECASE,
)
_BAD_VALUE = re.compile(
    r"^Value:? .{1,200} is (?:greater than maximum|less than minimum|not in the list)", re.DOTALL
)


def quota_wait_s(text: str) -> float | None:
    """The seconds in `Try again in 1 day, 3:04:05`, a Python timedelta; None without one."""
    match = _TRY_AGAIN.search(text)
    if not match:
        return None
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def answer_failure(status: int, headers: Mapping[str, str], body: bytes, space: str) -> Failure:
    """The failure behind an HTTP answer that is not the JSON which was hoped for."""
    error = UpstreamError(status, headers, read_text(body))
    is_json = "json" in headers.get("content-type", "")
    if full := queue_full(error, f"The Space {space}"):
        return full
    if status == 429:
        return RateLimited(
            f"The Space {space} is getting too many requests. Try again in a moment.",
            retry_after_s=read_wait_s(headers.get("retry-after"), headers.get("date", "")),
        )
    if status in (401, 403):
        return CredentialRefused(
            f"The Space {space} lets in only who has a Hugging Face token that it accepts. "
            "Tokens are made and checked at huggingface.co/settings/tokens."
        )
    if is_json and status == 503:
        return UpstreamUnavailable(
            f"The Space {space} takes no more jobs now: {_detail(error)}",
            retry_after_s=QUEUE_WAIT_S,
        )
    if status == 413:
        return InvalidRequest(
            f"image: too large for the Space {space}: {_detail(error)}", param="image"
        )
    if is_json and status == 422:
        return InvalidRequest(f"The Space {space} refused the request: {_detail(error)}")
    if status == 404 and not is_json:
        return UpstreamUnavailable(
            f"There is no Space {space}, or it is paused or private and needs a token."
        )
    if "space is in error" in body[:4000].decode("utf-8", "replace").lower():
        return UpstreamUnavailable(f"The Space {space} is in error; its owner has to mend it.")
    reported = f"The Space {space} answered {status} where it should have taken a job."
    if 400 <= status < 500:
        return UpstreamRefused(reported)
    if not is_json and (status >= 502 or "html" in headers.get("content-type", "")):
        return UpstreamUnavailable(
            f"The Space {space} is asleep or starting. Try again in half a minute.",
            retry_after_s=START_UP_WAIT_S,
        )
    return UpstreamBroken(reported)


def stream_failure(message: Mapping[str, Any], space: str) -> Failure:
    """The failure behind a `process_completed` with `success: false`, in all its shapes."""
    output = message.get("output")
    output = output if isinstance(output, Mapping) else {}
    title = _text(output.get("title")) or _text(message.get("title"))
    reason = _unquoted(_text(output.get("error")) or _text(message.get("error")))
    whole = f"{plain_words(title)}: {plain_words(reason)}"
    if _QUOTA.search(whole):
        return QuotaExhausted(
            f"The GPU quota at Hugging Face is used up. The Space {space} says: "
            f"{scrub(reason or title)}",
            retry_after_s=quota_wait_s(whole),
        )
    if _BUSY.search(whole):
        return UpstreamUnavailable(
            f"No GPU was free for the Space {space}. Try again in a moment.",
            retry_after_s=QUEUE_WAIT_S,
        )
    if _PASSING.search(whole):
        return UpstreamGlitch(f"The Space {space} lost its GPU permit. Try again.")
    if _REFUSED.search(whole):
        return ContentRefused(f"The Space {space} refused the prompt: {scrub(reason or title)}")
    if _BAD_VALUE.search(reason):
        return InvalidRequest(f"The Space {space} refused a value: {scrub(reason)}")
    said = scrub(reason)
    if not said:
        return JobFailed(f"The Space {space} failed and did not say why.")
    return JobFailed(f"The Space {space} failed: {said}")


def unexpected_failure(message: Mapping[str, Any], space: str) -> Failure:
    """The failure behind an `unexpected_error`, which is about the whole stream."""
    reason = _text(message.get("message"))
    if message.get("session_not_found") or "not found" in reason.lower():
        return JobLost(
            f"The Space {space} took the job and then no longer knew it; it may have restarted."
        )
    return JobLost(f"The Space {space} broke off: {scrub(reason) or 'no reason given'}")


def no_picture(space: str) -> Failure:
    """The failure of a job that ended well and without a picture."""
    return JobFailed(
        f"The Space {space} finished without a picture. It may have refused what it was given, or "
        "not been able to hold it.",
        code="no_image",
    )


def lost(space: str) -> Failure:
    """The failure of a job whose stream ended before its result."""
    return JobLost(f"The connection to the Space {space} ended before the picture came.")


def _detail(error: UpstreamError) -> str:
    """What a Space says of a request; of its validators' verdicts, what is wrong."""
    return scrub(error.says) or "no reason given"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _unquoted(text: str) -> str:
    """Gradio 4 sends `repr()` of the message: drop the one pair of quotes around it."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text
