"""`POST /hf-inference/models/{id}`: a prompt or a picture in, the file of a picture out."""

from dataclasses import replace

from darkroom.access import identify
from darkroom.deadline import Deadline
from darkroom.dialects.commission import Commission, Outcome, carry_out
from darkroom.dialects.context import Gateway
from darkroom.dialects.hf.wishes import read_inference
from darkroom.dialects.ignored import ignored_header
from darkroom.dialects.openai.request import accept, read_order
from darkroom.http import Reply, Request
from darkroom.json_body import TextBlob

MODELS = "/hf-inference/models/"


async def infer(request: Request, gateway: Gateway) -> Reply:
    """Paint one picture, in the format that `Accept` asks for if that can be had."""
    deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
    caller = identify(
        request.headers.get("authorization"), gateway.settings, gateway.catalog.providers
    )
    async with deadline.enforced():
        raw = await request.body.read(gateway.settings.max_body_bytes)
    model = request.path_after(MODELS).rstrip("/")
    reading = read_inference(raw, request.headers, model)
    order = await read_order(reading.document, request.origin, gateway, deadline, reading.spellings)
    delivery = replace(order.delivery, field="bytes")
    order = replace(order.with_unheard(reading.unheard), delivery=delivery)
    commission = await accept(order, caller, request, gateway, deadline)
    return _answer(commission, await carry_out(commission))


def _answer(commission: Commission, outcome: Outcome) -> Reply:
    (completed,) = outcome.done
    file = completed.picture.value
    assert not isinstance(file, str | TextBlob)  # noqa: S101 - it was ordered as a file
    headers = {
        "content-type": f"image/{completed.picture.output_format}",
        "cache-control": "no-store",
        **outcome.timing.headers(),
        "x-darkroom-model": completed.served.model.id,
    }
    if completed.seed is not None:
        headers["x-darkroom-seed"] = str(completed.seed)
    ignored = commission.order.ignored_by(completed.served, completed.missed)
    return Reply(200, {**headers, **ignored_header(ignored)}, [file])
