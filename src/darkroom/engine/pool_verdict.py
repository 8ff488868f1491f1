"""The failure of a request to a pool that no model could serve."""

from collections.abc import Sequence

from darkroom.engine.routes import AnyRoute
from darkroom.errors import (
    CredentialRefused,
    Failure,
    QuotaExhausted,
    RateLimited,
    UpstreamSilent,
    UpstreamUnavailable,
)

MAX_LISTED = 12
MAX_REASON_CHARS = 130

# What it came to somewhere, and the seconds to wait, if any.
Reason = tuple[AnyRoute, str, float | None]


def none_served(
    pool: str, failures: Sequence[tuple[AnyRoute, Failure]], passed_over: Sequence[Reason]
) -> Failure | None:
    """The failure that lists what was tried, passed over and why, with the soonest time to retry.

    None where one upstream alone stood in the plan: its own failure says more. A rate limit where
    all are that; one that is not to be repeated blindly where an upstream may have begun the work.
    """
    reasons = [
        *((route, failure.message, failure.retry_after_s) for route, failure in failures),
        *passed_over,
    ]
    if len({(route.provider.id, route.place) for route, _, _ in reasons}) < 2:
        return None
    told = [failure for _, failure in failures]
    if told and all(isinstance(failure, CredentialRefused) for failure in told):
        return None
    waits = [wait_s for _, _, wait_s in reasons if wait_s]
    listed = dict.fromkeys(
        f"{route.provider.name}, {route.place}: {_shortened(reason)}"
        for route, reason, _ in reasons
    )
    wait_s = min(waits, default=None)
    when = f"Try again in {wait_s:.0f} s" if wait_s else "Try again later"
    return _kind(told)(
        f"No model of {pool!r} can serve this now. {when}, name another model, or send a token of "
        f"a provider; GET /v1/providers tells which are well. "
        f"Tried: {'; '.join([*listed][:MAX_LISTED])}.",
        retry_after_s=wait_s,
    )


def _kind(failures: Sequence[Failure]) -> type[Failure]:
    if failures and all(isinstance(failure, QuotaExhausted) for failure in failures):
        return QuotaExhausted
    if failures and all(isinstance(failure, RateLimited) for failure in failures):
        return RateLimited
    begun = any(failure.dispatched for failure in failures)
    return UpstreamSilent if begun else UpstreamUnavailable


def _shortened(reason: str) -> str:
    whole = reason.strip().rstrip(".")
    return whole if len(whole) <= MAX_REASON_CHARS else f"{whole[:MAX_REASON_CHARS].rstrip()}…"
