"""`POST /v1/images/generations`, `/edits` and `/variations`, answered at once or as a stream.

Sources: reference/wire-formats.md B3.1 to B3.5.
"""

from collections.abc import Mapping
from typing import Any

from darkroom.access import identify
from darkroom.deadline import Deadline
from darkroom.dialects.commission import Commission, Outcome, carry_out, check_order
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.document import read_document
from darkroom.dialects.openai.errors import error_body, improvement_remarks
from darkroom.dialects.openai.request import accept, read_order
from darkroom.dialects.openai.stream import EDIT, GENERATION, stream_commission
from darkroom.dialects.openai.tasks import SHAPE
from darkroom.dialects.order import Order
from darkroom.dialects.pictures import Completed
from darkroom.errors import InvalidRequest
from darkroom.http import Reply, Request
from darkroom.json_body import json_parts
from darkroom.prompts.instructions import variation_prompt
from darkroom.tasks.asked import take_asked
from darkroom.tasks.kept_request import hold_body
from darkroom.tasks.reception import receive
from darkroom.tasks.visit import Checked, Visit


async def generate(request: Request, gateway: Gateway) -> Reply:
    """Make pictures of a prompt, and of sources where some are sent along."""
    return await _paint(request, gateway, GENERATION)


async def edit(request: Request, gateway: Gateway) -> Reply:
    """Change pictures as a prompt says, as a form or as JSON."""
    return await _paint(request, gateway, EDIT, needs="image")


async def vary(request: Request, gateway: Gateway) -> Reply:
    """Make pictures like another one, by a model that edits."""
    return await _paint(request, gateway, EDIT, needs="image", prompt=variation_prompt())


async def _paint(
    request: Request, gateway: Gateway, kind: str, needs: str | None = None, prompt: str = ""
) -> Reply:
    deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
    caller = identify(
        request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
    )
    async with deadline.enforced():
        request, body = await hold_body(request, gateway.settings.max_body_bytes)
    document = await read_document(request, gateway, deadline)
    asked = take_asked(document, request.headers)
    if prompt and not document.get("prompt"):
        document["prompt"] = prompt

    async def order() -> Order:
        read = await read_order(document, request.origin, gateway, deadline)
        if needs and not read.choices[0].job.images:
            raise InvalidRequest(
                f"{needs}: send the picture to work on.",
                param=needs,
                code="missing_required_parameter",
            )
        return read

    async def check() -> Checked:
        checked = await order()
        check_order(checked, caller)
        return Checked(checked.choices[0].model.id, checked.stream)

    async def paint() -> Reply:
        commission = await accept(await order(), caller, request, gateway, deadline)
        if commission.order.stream:
            return await stream_commission(commission, kind)
        return _answer(commission, await carry_out(commission))

    visit = Visit(request, body, caller, asked, SHAPE, gateway, deadline)
    return await receive(visit, check, paint)


def _answer(commission: Commission, outcome: Outcome) -> Reply:
    done = outcome.done
    first = done[0]
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        **outcome.timing.headers(),
    }
    body = {
        "created": int(outcome.timing.clock.time()),
        "data": [_entry(item, outcome) for item in done],
        "model": first.served.model.id,
        "size": first.picture.size or str(first.served.job.size),
        "provider": first.provider,
        **_remarks(commission, outcome),
    }
    return Reply(200, headers, json_parts(body))


def _entry(item: Completed, outcome: Outcome) -> dict[str, object]:
    entry: dict[str, object] = {item.picture.field: item.picture.value, "seed": item.seed}
    if item.revised_prompt:
        entry["revised_prompt"] = item.revised_prompt
    if item.picture.lasts_s is not None:
        entry["expires_at"] = int(outcome.timing.clock.time() + item.picture.lasts_s)
    return entry


def _remarks(commission: Commission, outcome: Outcome) -> Mapping[str, Any]:
    """What is said only where there is something to say."""
    done = outcome.done
    remarks = improvement_remarks(commission.improvement_failure)
    formats = {item.picture.output_format for item in done}
    if len(formats) == 1 and None not in formats:
        remarks["output_format"] = formats.pop()
    for name in ("quality", "background"):
        if name in done[0].served.model.options:
            remarks[name] = done[0].served.job.options.get(name, "auto")
    if usage := next((item.usage for item in done if item.usage), None):
        remarks["usage"] = usage
    remarks |= outcome.remarks(commission)
    if outcome.failures:
        remarks["errors"] = [
            {"image_index": index, **error_body(failure)}
            for index, failure in sorted(outcome.failures.items())
        ]
    return remarks
