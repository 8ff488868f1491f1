"""`GET /ready`: whether the configuration is valid and the bindings answer."""

import json

from darkroom.context import RequestContext
from darkroom.http import Reply, json_reply
from darkroom.readiness import OK

UNAVAILABLE = 503


async def report_ready(context: RequestContext) -> Reply:
    """Ask each binding for a sign of life, all side by side and within three seconds.

    A Worker whose configuration is not valid has no gateway that could answer: `refuse_ready` does.
    """
    gateway = context.gateway
    bindings = await gateway.readiness.report(gateway.probes, gateway.clock)
    ready = all(outcome == OK for outcome in bindings.values())
    body = {
        "status": "ready" if ready else "unavailable",
        "configuration": "ok",
        "bindings": dict(bindings),
    }
    reply = json_reply(body)
    return reply if ready else Reply(UNAVAILABLE, reply.headers, reply.body)


def refuse_ready(message: str) -> Reply:
    """The report of a Worker whose configuration is not valid, and what is wrong with it."""
    body = {"status": "unavailable", "configuration": message, "bindings": {}}
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Reply(UNAVAILABLE, headers, [json.dumps(body).encode()])
