"""`POST /api/generate`: an image file, or server-sent events on the way to it.

Source: reference/studio-api.md 1.1. A studio gets every field. A Space applies a chat template of
its own, so that it gets the prompt alone, and the answer's headers name what was left out.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence

from darkroom.async_options import pop_async_options
from darkroom.blob import Blob
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.studio.generate_request import floor_sides, parse_image_request
from darkroom.dialects.studio.parse import read_document
from darkroom.events import Progress, Queued, Started
from darkroom.generation.ignored_fields import adjusted_header, ignored_fields, ignored_header
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.generation.prepare import paint
from darkroom.generation.request import ImageRequest
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent, run_to_end
from darkroom.generation.stream import EventStream, event_stream, open_stream
from darkroom.http import Part, Reply
from darkroom.image import ImageFile
from darkroom.json_writer import TextBlob, json_parts
from darkroom.progress import progress_fields
from darkroom.sse import event_frame

EVENTS = "text/event-stream"


async def read_generate(context: RequestContext) -> Painting:
    """Read a request for a picture, answered with its file or with events on the way to it."""
    document = read_document(await context.read_body())
    options = pop_async_options(document, context.request.headers)

    async def build() -> Job:
        streams = EVENTS in context.request.headers.get("accept", "").lower()
        image_request = parse_image_request(floor_sides(document), context.gateway, streams=streams)
        return paint(image_request, context, _answer)

    return Painting(options, build)


async def _answer(generation: Generation) -> Reply:
    if generation.image_request.stream:
        return await _stream(generation)
    result = await run_to_end(generation)
    (completed,) = result.done
    return file_reply(generation, result, {"x-generation-time": str(completed.took_s)})


def file_reply(
    generation: Generation,
    result: GenerationResult,
    headers: Mapping[str, str],
    content: Blob | None = None,
    missed: Sequence[str] = (),
) -> Reply:
    """Answer with a picture's file; headers say its seed, its history id and what had no effect.

    `content` is the file where it was changed after painting; `missed` names what else had no
    effect.
    """
    (completed,) = result.done
    file = content or completed.picture.value
    assert not isinstance(file, str | TextBlob)  # noqa: S101 - its delivery is bytes
    own = {"content-type": ImageFile(data=file).media_type, "cache-control": "no-store"}
    if completed.seed is not None:
        own["x-seed"] = str(completed.seed)
    if completed.history_id is not None:
        own["x-history-id"] = str(completed.history_id)
    ignored = ignored_headers([*ignored_by(generation.image_request, completed), *missed])
    adjusted = adjusted_header(generation.image_request.adjusted_by(completed.served))
    return Reply(200, {**own, **headers, **ignored, **adjusted, **result.timing.headers()}, [file])


def ignored_headers(names: Sequence[str]) -> Mapping[str, str]:
    """The names of fields without effect, in our header and in the studio's own."""
    header = ignored_header(names)
    return {**header, "x-ignored": header["x-darkroom-ignored"]} if header else {}


def ignored_by(image_request: ImageRequest, completed: Completed) -> list[str]:
    """The names of the fields without effect, or with another effect than was requested."""
    return list(dict.fromkeys(image_request.ignored_by(completed.served, completed.missed)))


async def _stream(generation: Generation) -> Reply:
    """Answer with events; a job that no upstream takes with the status of its failure."""
    live = await open_stream(generation)
    return event_stream(live.result.timing.headers(), _frames(generation, live))


async def _frames(generation: Generation, live: EventStream) -> AsyncGenerator[Part]:
    """The stream's parts; raises what went wrong, which the dispatcher renders."""
    async with live.items() as items:
        async for item in items:
            for part in _render(generation, item):
                yield part
    for failure in live.result.failures.values():
        raise failure


def _render(generation: Generation, item: IndexedEvent) -> Sequence[Part]:
    match item[1]:
        case Queued() | Started() | Progress() as event:
            fields = {"type": "generate.progress", **progress_fields(0, event)}
            del fields["image_index"]
            return [event_frame("generate.progress", json.dumps(fields).encode())]
        case RenderedPreview() as preview:
            media_type = f"image/{preview.picture.output_format}"
            return _frame(
                "generate.preview",
                {"image_b64": preview.picture.text, "media_type": media_type},
            )
        case Completed() as completed:
            fields = {
                "image_b64": completed.picture.text,
                "media_type": f"image/{completed.picture.output_format}",
                "seed": completed.seed,
                "generation_time": completed.took_s,
                "history_id": completed.history_id,
                "model": completed.served.model.id,
                "provider": completed.provider,
                "ignored": ignored_fields(ignored_by(generation.image_request, completed)),
                "adjusted": generation.image_request.adjusted_by(completed.served),
            }
            return _frame("generate.completed", fields)
    return []


def _frame(name: str, fields: Mapping[str, object]) -> list[Part]:
    """An event whose picture stays outside Python's heap."""
    return [
        f"event: {name}\ndata: ".encode(),
        *json_parts({"type": name, **fields}),
        b"\n\n",
    ]
