"""Response headers: security headers, our own media types, and text that is safe in a header."""

import re
from collections.abc import Iterable, Mapping

# An answer is data: no browser may guess its type, or run or load anything because of it.
SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
}
# The headers of the one answer that is a page: its own policy stands with its template.
PAGE_HEADERS: Mapping[str, str] = {"x-content-type-options": "nosniff"}
JSON = "application/json"
HTML = "text/html; charset=utf-8"
EVENT_STREAM = "text/event-stream"
BYTES = "application/octet-stream"
METRICS = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus's text format
IMAGE_TYPES = frozenset(f"image/{name}" for name in ("png", "jpeg", "webp", "gif", "avif"))
MEDIA_TYPES = IMAGE_TYPES | {JSON, EVENT_STREAM, f"{EVENT_STREAM}; charset=utf-8", BYTES, METRICS}

MAX_VALUE_CHARS = 4096
MAX_LISTED = 64
MAX_NAME_CHARS = 60
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_NO_NAME = re.compile(r"[^\x20-\x2b\x2d-\x7e]")  # a comma separates names


def header_text(text: str, max_chars: int = MAX_VALUE_CHARS) -> str:
    """Text as a header may hold it: printable ASCII, other characters as `?`, cut to a length."""
    return _UNPRINTABLE.sub("?", text[:max_chars]).strip()


def header_list(names: Iterable[str], max_chars: int = MAX_NAME_CHARS) -> str:
    """Names, separated by commas, that callers may have made up; long lists and names are cut."""
    reported = [_NO_NAME.sub("?", name[:max_chars]) for name in names if name]
    return ", ".join(reported[:MAX_LISTED])


def guard_headers(headers: Mapping[str, str], *, is_page: bool = False) -> dict[str, str]:
    """The headers of an answer as they are sent.

    Their values are plain text, the media type is one of ours, and the security headers are added.
    HTML is a page of ours alone, which has a policy of its own.
    """
    whole = "".join(headers.values())
    if len(whole) <= MAX_VALUE_CHARS and whole.isascii() and whole.isprintable():
        guarded = {name: value.strip() for name, value in headers.items()}
    else:
        guarded = {name: header_text(value) for name, value in headers.items()}
    if is_page:
        return {**SECURITY_HEADERS, **guarded, **PAGE_HEADERS, "content-type": HTML}
    if guarded.get("content-type", JSON) not in MEDIA_TYPES:
        guarded["content-type"] = BYTES
    return {**guarded, **SECURITY_HEADERS}
