"""`Retry-After` of upstreams: parsed from what they say, and bounded."""

import re
from datetime import datetime

LONGEST_RATE_WAIT_S = 3600.0
# Allowances come back within a day or two: "Try again in 1 day, 3:04:05" is honest.
LONGEST_QUOTA_WAIT_S = 48 * 3600.0
# A full queue moves on within seconds, whatever the upstream says of it.
QUEUE_WAIT_S, LONGEST_QUEUE_WAIT_S = 10.0, 30.0

_SECONDS = re.compile(r"(\d{1,40}(?:\.\d{1,20})?)s?", re.ASCII)
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT", re.ASCII
)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def read_wait_s(value: object, answered_at: str = "") -> float | None:
    """The seconds in a `Retry-After` header or a JSON field: a number, `"30s"` or an HTTP date.

    A date counts from `answered_at`, the `Date` header of the same answer. None for anything else.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bounded_wait_s(value, LONGEST_QUOTA_WAIT_S)
    text = str(value).strip() if isinstance(value, str) else ""
    if match := _SECONDS.fullmatch(text):
        return bounded_wait_s(float(match[1]), LONGEST_QUOTA_WAIT_S)
    until, now = _read_date(text), _read_date(answered_at.strip())
    if until is None or now is None:
        return None
    return bounded_wait_s((until - now).total_seconds(), LONGEST_QUOTA_WAIT_S)


def bounded_wait_s(seconds: float | None, longest_s: float) -> float | None:
    """A wait of at most `longest_s`; None for one that is negative or not a number."""
    if seconds is None or not seconds >= 0:
        return None
    return float(min(seconds, longest_s))


def _read_date(text: str) -> datetime | None:
    """An HTTP date in the format that RFC 9110 section 5.6.7 prefers, in UTC."""
    match = _HTTP_DATE.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, *rest = match.groups()
    year, hour, minute, second = map(int, rest)
    try:
        return datetime(year, _MONTHS.index(month) + 1, int(day), hour, minute, second)
    except ValueError:
        return None
