"""The refusal of a request beyond a limit, in words and in headers."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from darkroom.account import ADDRESS, CALLER, DEPLOYMENT
from darkroom.errors import Action, RateLimited
from darkroom.retry_after import LONGEST_QUOTA_WAIT_S
from darkroom.stores.budget import LimitName, Refusal
from darkroom.stores.request_counts import RequestCount

SOON_S = 5.0  # when it is worth asking again for a place that another request may free
REQUESTS = "requests_per_minute"
KEPT_BYTES, KEPT_OBJECTS = "kept_bytes", "kept_objects"
_WORDS = {
    REQUESTS: "requests a minute",
    LimitName.IMAGES: "pictures a day",
    LimitName.JOBS: "painting requests at a time",
    LimitName.TASKS: "background tasks at a time",
    LimitName.CALLERS: "callers a day",
    KEPT_BYTES: "bytes kept",
    KEPT_OBJECTS: "objects kept",
}
_SCOPES = {
    CALLER: "for one caller",
    ADDRESS: "for all callers of one address",
    DEPLOYMENT: "for this gateway as a whole",
}


class LimitReached(RateLimited):
    """A limit of this gateway's own is reached: which, and until when, is in the message."""

    action = Action.STOP
    longest_wait_s = LONGEST_QUOTA_WAIT_S


def limit_reached(
    scope: str, name: str, limit: int, now: float, *, left: int = 0, until: float | None = None
) -> LimitReached:
    """The failure of a request beyond a limit; `until` as in `Refusal`."""
    rest = f" {left} are left, fewer than this request is for." if left else ""
    when = "as soon as others are over or deleted"
    if until is not None:
        when = f"at {datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%SZ}"
    wait_s = SOON_S if until is None else max(1.0, until - now)
    return LimitReached(
        f"{name}: the limit of {limit} {_WORDS[name]} {_SCOPES[scope]} is reached.{rest} "
        f"There is room again {when}.",
        retry_after_s=wait_s,
    )


def refused(refusal: Refusal, now: float) -> LimitReached:
    """The failure of a refused reservation."""
    return limit_reached(
        refusal.scope, refusal.name, refusal.limit, now, left=refusal.left, until=refusal.until
    )


def limit_headers(kind: str, limit: int, remaining: int, reset_s: float) -> Mapping[str, str]:
    """The headers that OpenAI tells limits with: `kind` is `requests` or `images`."""
    return {
        f"x-ratelimit-limit-{kind}": str(limit),
        f"x-ratelimit-remaining-{kind}": str(remaining),
        f"x-ratelimit-reset-{kind}": _duration(reset_s),
    }


def request_headers(count: RequestCount) -> Mapping[str, str]:
    """The headers of a count of requests."""
    return limit_headers("requests", count.limit, count.remaining, count.reset_s)


def _duration(seconds: float) -> str:
    """A duration as OpenAI writes it: `12s`, `6m0s`, `5h3m12s`."""
    whole = max(0, math.ceil(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
