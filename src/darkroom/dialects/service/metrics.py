"""`GET /metrics`: what this isolate has done, for Prometheus and whatever reads its format."""

import asyncio

from darkroom import VERSION
from darkroom.access import is_admin
from darkroom.context import RequestContext
from darkroom.errors import CredentialMissing, CredentialRefused
from darkroom.http import Reply
from darkroom.response_headers import METRICS


async def report_metrics(context: RequestContext) -> Reply:
    """The counters of this isolate alone; raises `CredentialRefused` without an admin key."""
    caller, gateway = context.caller, context.gateway
    if not is_admin(caller):
        kind = CredentialRefused if caller.holds_key else CredentialMissing
        raise kind(
            "Metrics are for whoever sends an admin key: Authorization: Bearer dk_… , with its "
            "SHA-256 in the setting ADMIN_KEYS.",
            param="authorization",
        )
    memory = gateway.memory
    text = gateway.metrics.render(
        {
            "darkroom_info": (f"Darkroom {VERSION}, one isolate of possibly many.", 1),
            "darkroom_memory_held_bytes": ("Pictures and bodies held now.", memory.held_bytes),
            "darkroom_open_breakers": (
                "Upstreams that are left alone now.",
                len(gateway.engine.breakers.report()),
            ),
            "darkroom_event_loop_tasks": ("Tasks of the event loop.", len(asyncio.all_tasks())),
        }
    )
    headers = {"content-type": METRICS, "cache-control": "no-store"}
    return Reply(200, headers, [text.encode()])
