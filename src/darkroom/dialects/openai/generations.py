"""`POST /v1/images/generations`, answered at once or as a stream."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing

from darkroom.access import read_bearer, tokens_for
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.commission import Commission, Completed
from darkroom.dialects.openai.errors import error_body
from darkroom.dialects.openai.request import Generation, read_generation
from darkroom.dialects.openai.stream import stream_commission
from darkroom.dialects.timing import Timing
from darkroom.engine.plan import plan_routes
from darkroom.errors import Failure
from darkroom.events import Failed
from darkroom.http import Reply, Request
from darkroom.json_body import json_parts


async def generate(request: Request, gateway: Gateway) -> Reply:
    """Make pictures of a prompt (reference/wire-formats.md B3.1, B3.4, B3.5)."""
    deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
    bearer = read_bearer(request.headers.get("authorization"), gateway.catalog.providers)
    async with deadline.enforced():
        raw = await request.body.read(gateway.settings.max_body_bytes)
    generation = read_generation(
        raw, gateway.catalog, gateway.settings.default_model, gateway.draw_seed
    )
    model = generation.model
    routes = plan_routes(model, tokens_for(bearer, model.provider, model.id))
    commission = Commission(generation, routes, deadline, request.origin, gateway)
    return await (stream_commission if generation.stream else _answer)(commission)


async def _answer(commission: Commission) -> Reply:
    generation, clock = commission.generation, commission.gateway.clock
    timing = Timing(clock)
    completed: dict[int, Completed] = {}
    failures: dict[int, Failure] = {}
    async with aclosing(commission.news(live=False)) as news:
        async for item in news:
            if item is None:
                continue
            index, event = item
            timing.note(index, event)
            if isinstance(event, Completed):
                completed[index] = event
            elif isinstance(event, Failed):
                failures[index] = event.failure
    if not completed:
        raise failures[min(failures)]
    done = [completed[index] for index in sorted(completed)]
    headers = {"content-type": "application/json", "cache-control": "no-store", **timing.headers()}
    body = {
        "created": int(clock.time()),
        "data": [{item.picture.field: item.picture.value, "seed": item.seed} for item in done],
        "model": generation.model.id,
        "size": str(generation.jobs[0].size),
        "provider": timing.provider,
        **_remarks(generation, done, failures),
    }
    return Reply(200, headers, json_parts(body))


def _remarks(
    generation: Generation,
    done: Sequence[Completed],
    failures: Mapping[int, Failure],
) -> dict[str, object]:
    """What is said only where there is something to say."""
    remarks: dict[str, object] = {}
    formats = {item.picture.output_format for item in done}
    if len(formats) == 1 and None not in formats:
        remarks["output_format"] = formats.pop()
    if generation.ignored:
        remarks["ignored"] = list(generation.ignored)
    if failures:
        remarks["errors"] = [
            {"image_index": index, **error_body(failure)}
            for index, failure in sorted(failures.items())
        ]
    return remarks
