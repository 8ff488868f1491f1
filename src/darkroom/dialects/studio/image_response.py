"""Responses of the painting routes: an image file, or server-sent events."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence

from darkroom.blob import Blob
from darkroom.dialects.studio.json_replies import FRESH
from darkroom.events import Progress, Queued, Started
from darkroom.generation.ignored_fields import ignored_fields, ignored_header
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.generation.request import ImageRequest
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent, run_to_end
from darkroom.generation.stream import EventStream, event_stream, open_stream
from darkroom.http import Part, Reply, Request
from darkroom.image import ImageFile
from darkroom.json_writer import TextBlob, json_parts
from darkroom.progress import progress_fields
from darkroom.sse import comment_frame, event_frame

EVENTS = "text/event-stream"


def wants_events(request: Request) -> bool:
    """Whether a caller asks to be told how far the picture is."""
    return EVENTS in request.headers.get("accept", "").lower()


async def answer_with_file(generation: Generation) -> Reply:
    """Have it painted; the file is the answer."""
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
    """A picture's file as the answer, its headers telling the rest.

    `content` is what was made of it since, `missed` is what came to nothing on the way.
    """
    (completed,) = result.done
    file = content or completed.picture.value
    assert not isinstance(file, str | TextBlob)  # noqa: S101 - it was ordered as a file
    own = {"content-type": ImageFile(data=file).media_type, "cache-control": FRESH}
    told = told_of(generation.image_request, completed, missed)
    return Reply(200, {**own, **headers, **told, **result.timing.headers()}, [file])


def told_of(
    image_request: ImageRequest, completed: Completed, missed: Sequence[str] = ()
) -> dict[str, str]:
    """The seed that was really used, the id in the history, and what had no effect."""
    ignored = ignored_header([*lost(image_request, completed), *missed])
    told = {"x-seed": str(completed.seed)} if completed.seed is not None else {}
    if completed.history_id is not None:
        told["x-history-id"] = str(completed.history_id)
    if ignored:
        told["x-ignored"] = ignored["x-darkroom-ignored"]
    return {**told, **ignored}


def lost(image_request: ImageRequest, completed: Completed) -> list[str]:
    """The fields without effect, or with another than was asked for."""
    return list(dict.fromkeys(image_request.ignored_by(completed.served, completed.missed)))


async def stream_file(generation: Generation) -> Reply:
    """Answer with events; a job that nobody takes is answered with the status of its failure."""
    live = await open_stream(generation)
    return event_stream(live.result.timing.headers(), _frames(generation, live))


async def _frames(generation: Generation, live: EventStream) -> AsyncGenerator[Part]:
    """The stream's parts; raises what went wrong, for the boundary to tell."""
    async with live.items() as items:
        async for item in items:
            for part in _render(generation, item):
                yield part
    for failure in live.result.failures.values():
        raise failure


def _render(generation: Generation, item: IndexedEvent) -> Sequence[Part]:
    if item is None:
        return [comment_frame("still working")]
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
                "ignored": ignored_fields(lost(generation.image_request, completed)),
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
