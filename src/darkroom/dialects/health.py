"""`GET /health`: is this Worker alive, and what does it have."""

import asyncio
import json

from darkroom import VERSION
from darkroom.dialects.context import Gateway
from darkroom.http import Reply, Request

PULSE_LIMIT_S = 5.0


async def report_health(request: Request, gateway: Gateway) -> Reply:
    """Alive if the event loop still runs a task; an isolate can get stuck there.

    See workerd#6624, reference/python-workers.md 2.8. `tasks` is what this isolate has at work,
    `breakers` the upstreams that it leaves alone.
    """
    async with asyncio.timeout(PULSE_LIMIT_S):
        await asyncio.create_task(asyncio.sleep(0))
    body = {
        "status": "ok",
        "version": VERSION,
        "bindings": dict(gateway.bindings),
        "breakers": gateway.engine.breakers.report(),
        "tasks": len(asyncio.all_tasks()),
    }
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Reply(200, headers, [json.dumps(body).encode()])
