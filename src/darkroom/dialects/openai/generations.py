"""`POST /v1/images/generations`, answered at once or as a stream."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing

from darkroom.access import Caller, identify
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.improving import improve_prompt
from darkroom.dialects.openai.body import read_object
from darkroom.dialects.openai.commission import Commission, Completed
from darkroom.dialects.openai.errors import error_body
from darkroom.dialects.openai.request import Generation, read_generation
from darkroom.dialects.openai.stream import stream_commission
from darkroom.dialects.timing import Timing
from darkroom.engine.plan import Step, plan_steps
from darkroom.errors import Failure
from darkroom.events import Failed
from darkroom.http import Reply, Request
from darkroom.json_body import json_parts
from darkroom.prompts.instructions import Task


async def generate(request: Request, gateway: Gateway) -> Reply:
    """Make pictures of a prompt (reference/wire-formats.md B3.1, B3.4, B3.5)."""
    deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
    caller = identify(
        request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
    )
    async with deadline.enforced():
        raw = await request.body.read(gateway.settings.max_body_bytes)
    generation = read_generation(
        read_object(raw), gateway.catalog, gateway.settings.default_model, gateway.draw_seed
    )
    commission = await commission_of(generation, caller, deadline, request.origin, gateway)
    return await (stream_commission if generation.stream else _answer)(commission)


async def commission_of(
    generation: Generation, caller: Caller, deadline: Deadline, origin: str, gateway: Gateway
) -> Commission:
    """Plan a generation for a caller, its prompt improved first where that was asked for.

    A prompt that cannot be improved is painted as it is, and the answer says so. Raises a
    `Failure` when the caller may use none of the models.
    """
    caller.check_prefixes(generation.providers, generation.asked)
    plan = _plan(generation, caller)
    revised: str | None = None
    remarks: Mapping[str, object] | None = None
    if generation.enhance:
        try:
            prompt = generation.choices[0].job.prompt
            improved = await improve_prompt(Task.ENHANCE, prompt, caller, gateway, deadline)
        except Failure as failure:
            remarks = {"enhance_error": error_body(failure)["error"]}
        else:
            revised = improved.prompt
            generation = generation.with_prompt(revised)
            plan = _plan(generation, caller)
    return Commission(generation, plan, deadline, origin, gateway, revised, remarks)


def _plan(generation: Generation, caller: Caller) -> Sequence[Step]:
    return plan_steps(((choice.model, choice.job) for choice in generation.choices), caller)


async def _answer(commission: Commission) -> Reply:
    clock = commission.gateway.clock
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
    served = done[0].served
    headers = {"content-type": "application/json", "cache-control": "no-store", **timing.headers()}
    body = {
        "created": int(clock.time()),
        "data": [_entry(item) for item in done],
        "model": served.model.id,
        "size": done[0].picture.size or str(served.job.size),
        "provider": done[0].provider,
        **_remarks(commission, done, failures, timing),
    }
    return Reply(200, headers, json_parts(body))


def _entry(item: Completed) -> dict[str, object]:
    entry: dict[str, object] = {item.picture.field: item.picture.value, "seed": item.seed}
    if item.revised_prompt:
        entry["revised_prompt"] = item.revised_prompt
    return entry


def _remarks(
    commission: Commission,
    done: Sequence[Completed],
    failures: Mapping[int, Failure],
    timing: Timing,
) -> dict[str, object]:
    """What is said only where there is something to say."""
    remarks: dict[str, object] = dict(commission.remarks or {})
    formats = {item.picture.output_format for item in done}
    if len(formats) == 1 and None not in formats:
        remarks["output_format"] = formats.pop()
    if usage := next((item.usage for item in done if item.usage), None):
        remarks["usage"] = usage
    if ignored := commission.generation.ignored_by(done[0].served):
        remarks["ignored"] = list(ignored)
    if len(timing.trials) > 1:
        remarks["tried"] = [str(trial) for trial in timing.trials]
    if failures:
        remarks["errors"] = [
            {"image_index": index, **error_body(failure)}
            for index, failure in sorted(failures.items())
        ]
    return remarks
