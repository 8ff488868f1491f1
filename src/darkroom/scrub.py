"""Upstream text, made fit for a caller."""

import html
import re

MAX_UPSTREAM_TEXT_CHARS = 300
_TAG = re.compile(r"<[^>]{0,2000}>")
_URL = re.compile(r"\b(?:https?|file)://\S+", re.IGNORECASE)
_SECRET = re.compile(
    r"\bBearer\s+\S+|\b(?:hf|sk|dk|ms|ddc|gsk|api)[_-][\w-]{6,}|\beyJ[\w-]+\.[\w.-]+|\bAIza[\w-]{20,}",
    re.IGNORECASE,
)


def scrub(text: str, limit: int = MAX_UPSTREAM_TEXT_CHARS) -> str:
    """Make upstream text fit for a caller: no markup, addresses or tokens, and cut short."""
    plain = html.unescape(_TAG.sub("", text[: limit * 20]))
    plain = _SECRET.sub("[removed]", _URL.sub("[address removed]", plain))
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
