"""Redaction of upstream text for callers."""

import html
import re

MAX_UPSTREAM_TEXT_CHARS = 300
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HUGE_REFERENCE = re.compile(r"&#[0-9]{8,}")  # no character, and too many digits for `int`
_URL = re.compile(r"\b(?:https?|file)://\S+", re.IGNORECASE)
_SECRET = re.compile(
    r"\bBearer\s+\S+|\b(?:hf|sk|dk|ms|ddc|gsk|api)[_-][\w-]{6,}|\bAIza[\w-]{20,}"
    # A JWT: looked for once in each run of its characters, from the first place that may be one.
    r"|(?<![\w-])(?>[\w-]*?\beyJ)[\w-]++\.[\w.-]+",
    re.IGNORECASE,
)


def scrub(text: str, limit: int = MAX_UPSTREAM_TEXT_CHARS) -> str:
    """Make upstream text fit for a caller: no markup, addresses or tokens, and cut short."""
    plain = _HUGE_REFERENCE.sub("", _TAG.sub("", text[: limit * 20]))
    plain = html.unescape(plain)
    plain = _SECRET.sub("[removed]", _URL.sub("[address removed]", plain))
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
