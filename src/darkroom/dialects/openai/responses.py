"""`POST /v1/responses`: images by the image_generation tool of OpenAI's Responses API.

Source: reference/wire-formats.md B3.7. No text model is asked: what the input wants painted is
painted, and what a call has answered already is answered with a message.
"""

from collections.abc import Mapping
from dataclasses import replace

from darkroom.async_options import pop_async_options
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.openai.kept_pictures import check_kept, kept_pictures_of, load_kept
from darkroom.dialects.openai.responses_output import Answer, Envelope
from darkroom.dialects.openai.responses_request import ParsedRequest, read_request
from darkroom.dialects.openai.responses_stream import stream_answer, stream_message
from darkroom.generation.default_models import models_meant
from darkroom.generation.parameters import ParsedBody
from darkroom.generation.prepare import paint, prepare_request
from darkroom.generation.run import Generation, run_to_end
from darkroom.http import Reply
from darkroom.json_reader import CONVERSATION
from darkroom.json_writer import json_parts
from darkroom.request_body import read_object

ANSWERED = "The call is done, and nothing new was painted. Send a user message for another picture."


async def read_response(context: RequestContext) -> Painting:
    """Read a request for a response."""
    body = read_object(await context.read_body(), CONVERSATION)
    options = pop_async_options(body, context.request.headers)
    background = body.get("background") is True
    if background:
        options = replace(options, asynchronous=True, spelling="background")

    async def build() -> Job:
        requested = read_request(body, context)
        for picture_id in requested.named:
            await check_kept(picture_id, context)
        if requested.is_answered:
            return _say_so(requested, context, background=background)
        image_request = await prepare_request(await _with_kept(requested, context), context)
        kept = kept_pictures_of(context, writes=True) if requested.store else None
        unkept = ("store",) if body.get("store") and kept is None else ()
        image_request = replace(image_request, no_effect=(*requested.no_effect, *unkept))

        async def answer(generation: Generation) -> Reply:
            model = generation.image_request.choices[0].model.id
            envelope = Envelope.begin(
                context, model, requested.repeated, background=background, store=kept is not None
            )
            response = Answer(generation, envelope, kept)
            if image_request.stream:
                return await stream_answer(response)
            return await _answer_in_full(response)

        return paint(image_request, context, answer)

    return Painting(options, build)


async def _with_kept(requested: ParsedRequest, context: RequestContext) -> ParsedBody:
    if requested.kept is None:
        return requested.read
    return replace(requested.read, images=(await load_kept(requested.kept, context),))


def _say_so(requested: ParsedRequest, context: RequestContext, *, background: bool) -> Job:
    """The job of an input that a call has answered: a message, which costs nothing."""
    fields, gateway = requested.read.body, context.gateway
    model = models_meant(fields.model, context.caller, gateway).models[0].id

    async def run() -> Reply:
        envelope = Envelope.begin(context, model, requested.repeated, background=background)
        if requested.named and context.task_id is None:
            envelope = envelope.following(requested.named[-1])
        message = envelope.message(ANSWERED)
        now = int(gateway.clock.time())
        completed = {**envelope.response("completed", [message]), "completed_at": now}
        if fields.stream:
            return stream_message(envelope, ANSWERED, completed)
        return _reply(completed, {})

    return Job(model, fields.stream, run, pictures=0)


async def _answer_in_full(answer: Answer) -> Reply:
    result = await run_to_end(answer.generation)
    kept = await answer.keep(result)
    return _reply(kept.completed(result), result.timing.headers())


def _reply(response: Mapping[str, object], headers: Mapping[str, str]) -> Reply:
    kind = {"content-type": "application/json", "cache-control": "no-store"}
    return Reply(200, {**kind, **headers}, json_parts(response))
