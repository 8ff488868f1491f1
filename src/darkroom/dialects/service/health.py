"""`GET /health`: liveness, version and bindings."""

import asyncio

from darkroom import VERSION
from darkroom.context import RequestContext
from darkroom.dialects.service.shares import can_share
from darkroom.generation.capabilities import capabilities_of
from darkroom.http import Reply, json_reply
from darkroom.pauses import yield_to_host

PULSE_LIMIT_S = 5.0


async def report_health(context: RequestContext) -> Reply:
    """Alive if the event loop still runs a task; an isolate can get stuck there.

    See workerd#6624, reference/python-workers.md 2.8. `tasks` is what this isolate has at work,
    `breakers` the upstreams that it leaves alone. The others are what a studio's clients look for
    (reference/studio-api.md 1.24).
    """
    gateway = context.gateway
    async with asyncio.timeout(PULSE_LIMIT_S):
        await asyncio.create_task(yield_to_host())
    has = capabilities_of(gateway)
    body = {
        "status": "ok",
        "version": VERSION,
        "bindings": dict(gateway.bindings),
        "limits": {
            "requests": "location" if gateway.caller_limiter else "isolate",
            "painting": "deployment" if gateway.bindings.get("BUDGET") else "isolate",
            "kept": "deployment" if gateway.kept else "none",
        },
        "sharing": can_share(gateway),
        "breakers": gateway.engine.breakers.report(),
        "tasks": len(asyncio.all_tasks()),
        "pipeline_loaded": has.painting,
        "encoder_loaded": has.encoding,
        "encoder_only_mode": has.encoding and not has.painting,
        "vl_available": has.vision,
        "qwen_image_available": has.layers,
    }
    return json_reply(body)
