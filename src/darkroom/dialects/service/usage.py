"""`GET /v1/usage`: what was painted, by day, key, model and provider."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from darkroom.access import is_admin
from darkroom.context import RequestContext
from darkroom.errors import CredentialMissing, InvalidRequest, NotConfigured, UpstreamUnavailable
from darkroom.http import Reply, json_reply
from darkroom.stores.unavailable import StoreUnavailable

DEFAULT_DAYS = 30
MAX_ROWS = 10_000
MAX_KEY_CHARS = 100
STORE_LIMIT_S = 10.0
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


async def report_usage(context: RequestContext) -> Reply:
    """The usage of a gateway key for who holds it, that of all for administrators.

    Days are of UTC: `from` and `to` include both ends, by default the last thirty. With `key` an
    administrator asks for one.
    """
    caller, query = context.caller, context.request.query
    if caller.key is None:
        raise CredentialMissing(
            "Usage is told to those with a gateway key: send Authorization: Bearer dk_… .",
            param="authorization",
        )
    gateway = context.gateway
    today = datetime.fromtimestamp(gateway.clock.time(), UTC).date()
    last = _day(query, "to", today)
    first = _day(query, "from", last - timedelta(days=DEFAULT_DAYS - 1))
    if first > last:
        raise InvalidRequest("from: comes after to.", param="from")
    only = query.get("key") or None if is_admin(caller) else caller.key.id
    if gateway.usage is None:
        raise NotConfigured(
            "There is no database here to keep usage in: the operator has to bind DB.",
            code="database_missing",
        )
    unavailable = UpstreamUnavailable("Usage cannot be read now. Try again.")
    try:
        with context.deadline.limit(STORE_LIMIT_S, lambda: unavailable):
            rows = await gateway.usage.read(
                first.isoformat(), last.isoformat(), only and only[:MAX_KEY_CHARS], MAX_ROWS + 1
            )
    except StoreUnavailable:
        raise unavailable from None
    names = {key.id: key.name for key in gateway.settings.named_keys}
    data = [
        {
            "day": row.day,
            "key": row.key,
            "name": row.name or names.get(row.key),
            "model": row.model,
            "provider": row.provider,
            "images": row.images,
        }
        for row in rows[:MAX_ROWS]
    ]
    return json_reply(
        {
            "object": "list",
            "from": first.isoformat(),
            "to": last.isoformat(),
            "images": sum(row.images for row in rows[:MAX_ROWS]),
            "has_more": len(rows) > MAX_ROWS,
            "data": data,
        }
    )


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    text = query.get(name)
    if not text:
        return default
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidRequest(f"{name}: must be a day of UTC such as 2026-11-29.", param=name)
