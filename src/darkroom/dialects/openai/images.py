"""`POST /v1/images/generations`, `/edits` and `/variations`, blocking or streamed.

Sources: reference/wire-formats.md B3.1 to B3.5.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from darkroom.async_options import pop_async_options
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.openai.errors import enhancement_error, error_body
from darkroom.dialects.openai.stream import EDIT, GENERATION, stream_generation
from darkroom.errors import InvalidRequest
from darkroom.generation.output import Completed
from darkroom.generation.prepare import paint, parse_image_request
from darkroom.generation.request import ImageRequest
from darkroom.generation.run import Generation, GenerationResult, run_to_end
from darkroom.http import Reply
from darkroom.json_writer import json_parts
from darkroom.prompts.instructions import variation_prompt

# Pictures of one answer that may stand in it as base64 beside their address: all of it is held in
# memory at once.
BOTH_WITHIN_BYTES = 16 * 1024 * 1024


async def read_generation(context: RequestContext) -> Painting:
    """Read a request for pictures of a prompt, and of sources where some are sent along."""
    return await _read(context, GENERATION)


async def read_edit(context: RequestContext) -> Painting:
    """Read a request to change pictures as a prompt says, as a form or as JSON."""
    return await _read(context, EDIT, needs="image")


async def read_variation(context: RequestContext) -> Painting:
    """Read a request for pictures like another one, made by a model that edits."""
    return await _read(context, EDIT, needs="image", prompt=variation_prompt())


async def _read(
    context: RequestContext, kind: str, needs: str | None = None, prompt: str = ""
) -> Painting:
    document = await context.read_document()
    options = pop_async_options(document, context.request.headers)
    if prompt and not document.get("prompt"):
        document["prompt"] = prompt

    async def build() -> Job:
        image_request = await parse_image_request(document, context)
        if needs and not image_request.choices[0].job.images:
            raise InvalidRequest(
                f"{needs}: send the picture to work on.",
                param=needs,
                code="missing_required_parameter",
            )
        if options.webhook_url is None:  # which has no room for a picture
            image_request = _with_both_fields(image_request)
        return paint(image_request, context, lambda generation: _answer(generation, kind))

    return Painting(options, build, followable=True)


def _with_both_fields(image_request: ImageRequest) -> ImageRequest:
    """The same for a caller who named no `response_format`: some read `url`, some `b64_json` alone.

    Of GPT Image models all read `b64_json`, as of streams.
    """
    named = image_request.field_aliases.keys() - image_request.unsupported_fields
    if image_request.delivery.field != "url" or "response_format" in named:
        return image_request
    return replace(
        image_request,
        delivery=replace(
            image_request.delivery, both_within_bytes=BOTH_WITHIN_BYTES // len(image_request.seeds)
        ),
    )


async def _answer(generation: Generation, kind: str) -> Reply:
    if generation.image_request.stream and generation.observer is None:
        return await stream_generation(generation, kind)
    return _images_reply(generation, await run_to_end(generation))


def _images_reply(generation: Generation, result: GenerationResult) -> Reply:
    done = result.done
    first = done[0]
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        **result.timing.headers(),
    }
    body = {
        "created": int(result.timing.clock.time()),
        "data": [_entry(item, result) for item in done],
        "model": first.served.model.id,
        "size": first.picture.size or str(first.served.job.size),
        "provider": first.provider,
        **_remarks(generation, result),
    }
    return Reply(200, headers, json_parts(body))


def _entry(item: Completed, result: GenerationResult) -> dict[str, object]:
    entry: dict[str, object] = {**item.picture.fields, "seed": item.seed}
    if item.revised_prompt:
        entry["revised_prompt"] = item.revised_prompt
    if item.picture.lasts_s is not None:
        entry["expires_at"] = int(result.timing.clock.time() + item.picture.lasts_s)
    return entry


def _remarks(generation: Generation, result: GenerationResult) -> Mapping[str, Any]:
    """Optional fields of the response."""
    done = result.done
    remarks = enhancement_error(generation.enhancement_failure)
    formats = {item.picture.output_format for item in done}
    if len(formats) == 1 and None not in formats:
        remarks["output_format"] = formats.pop()
    for name in ("quality", "background"):
        if name in done[0].served.model.options:
            remarks[name] = done[0].served.job.options.get(name, "auto")
    if usage := next((item.usage for item in done if item.usage), None):
        remarks["usage"] = usage
    remarks |= result.remarks(generation)
    if result.failures:
        remarks["errors"] = [
            {"image_index": index, **error_body(failure)}
            for index, failure in sorted(result.failures.items())
        ]
    return remarks
