"""`GET /v2/health`, `/v2/pricing` and `/v2/tiers`, which the relay's official client asks for.

Nothing is charged here, so that there are no prices and no tiers (relaygpu-client 0.1.2).
"""

from darkroom import VERSION
from darkroom.context import RequestContext
from darkroom.http import Reply, json_reply


async def report_health(context: RequestContext) -> Reply:
    """`{status, version, commit}`, as the client reads it."""
    return json_reply({"status": "ok", "version": VERSION, "commit": VERSION})


PRICING: dict[str, object] = {"pricing": [], "media_storage": None}
TIERS: dict[str, object] = {"tiers": []}
