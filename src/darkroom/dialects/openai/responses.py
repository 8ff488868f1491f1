"""`POST /v1/responses`: images by the image_generation tool of OpenAI's Responses API.

Source: reference/wire-formats.md B3.7. Nothing is kept between requests, and no text model is
asked: what the input wants painted is painted.
"""

from dataclasses import replace

from darkroom.async_options import pop_async_options
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.openai.responses_output import Answer
from darkroom.dialects.openai.responses_request import read_request
from darkroom.dialects.openai.responses_stream import stream_answer
from darkroom.generation.prepare import paint, prepare_request
from darkroom.generation.run import Generation, run_to_end
from darkroom.http import Reply
from darkroom.json_reader import CONVERSATION
from darkroom.json_writer import json_parts
from darkroom.request_body import read_object


async def read_response(context: RequestContext) -> Painting:
    """Read a request for a response."""
    body = read_object(await context.read_body(), CONVERSATION)
    options = pop_async_options(body, context.request.headers)
    background = body.get("background") is True
    if background:
        options = replace(options, asynchronous=True, spelling="background")

    async def build() -> Job:
        requested = read_request(body, context.gateway)
        image_request = await prepare_request(requested.read, context)
        image_request = replace(image_request, no_effect=requested.no_effect)

        async def answer(generation: Generation) -> Reply:
            response = Answer.to(
                generation, requested.repeated, context.task_id, background=background
            )
            if image_request.stream:
                return await stream_answer(response)
            return await _answer_in_full(response)

        return paint(image_request, context, answer)

    return Painting(options, build)


async def _answer_in_full(answer: Answer) -> Reply:
    result = await run_to_end(answer.generation)
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        **result.timing.headers(),
    }
    return Reply(200, headers, json_parts(answer.completed(result)))
