"""`POST /hf-inference/models/{id}`: a prompt or a picture in, an image file out."""

from dataclasses import replace

from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.hf.parse import read_inference
from darkroom.generation.ignored_fields import adjusted_header, ignored_header
from darkroom.generation.prepare import paint, parse_image_request
from darkroom.generation.run import Generation, GenerationResult, run_to_end
from darkroom.http import Reply
from darkroom.json_writer import TextBlob

MODELS = "/hf-inference/models/"


async def read_inference_request(context: RequestContext) -> Painting:
    """Read a request for one picture, in the format that `Accept` asks for if that can be had."""
    request = context.request
    parsed = read_inference(
        await context.read_body(), request.headers, request.path_after(MODELS).rstrip("/")
    )

    async def build() -> Job:
        image_request = await parse_image_request(parsed.document, context, parsed.spellings)
        delivery = replace(image_request.delivery, field="bytes")
        image_request = image_request.with_unsupported(parsed.unsupported_fields)
        return paint(replace(image_request, delivery=delivery), context, _answer)

    return Painting(parsed.options, build)


async def _answer(generation: Generation) -> Reply:
    return _file_reply(generation, await run_to_end(generation))


def _file_reply(generation: Generation, result: GenerationResult) -> Reply:
    (completed,) = result.done
    file = completed.picture.value
    assert not isinstance(file, str | TextBlob)  # noqa: S101 - it was ordered as a file
    headers = {
        "content-type": f"image/{completed.picture.output_format}",
        "cache-control": "no-store",
        **result.timing.headers(),
    }
    if completed.seed is not None:
        headers["x-darkroom-seed"] = str(completed.seed)
    ignored = generation.image_request.ignored_by(completed.served, completed.missed)
    adjusted = adjusted_header(generation.image_request.adjusted_by(completed.served))
    return Reply(200, {**headers, **ignored_header(ignored), **adjusted}, [file])
