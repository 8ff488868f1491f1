"""The server-sent events of an image generation."""

from collections.abc import AsyncGenerator, Sequence

from darkroom.catalog.parameters import ResolvedParameters
from darkroom.dialects.openai.errors import enhancement_error, error_frame
from darkroom.events import (
    Failed,
    Progress,
    Queued,
    Started,
)
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent
from darkroom.generation.stream import EventStream, event_stream, open_stream
from darkroom.http import Part, Reply
from darkroom.json_writer import compact_json, json_parts
from darkroom.progress import progress_fields
from darkroom.sse import event_frame

GENERATION, EDIT = "image_generation", "image_edit"  # what events are called by


async def stream_generation(generation: Generation, kind: str) -> Reply:
    """Answer with a stream (reference/wire-formats.md B3.5), its events named after `kind`."""
    live = await open_stream(generation)
    renderer = _StreamRenderer(generation, live.result, kind)
    return event_stream(live.result.timing.headers(), renderer.frames(live))


class _StreamRenderer:
    """Renders the events of one request as frames."""

    def __init__(self, generation: Generation, result: GenerationResult, kind: str) -> None:
        self._generation = generation
        self._result = result
        self._kind = kind

    async def frames(self, live: EventStream) -> AsyncGenerator[Part]:
        """The stream's parts; raises the last failure, if any, for the boundary to tell.

        Failures come last: an SDK stops reading at the first.
        """
        async with live.items() as items:
            async for item in items:
                for part in self._render(item):
                    yield part
        failures = list(self._result.failures.values())
        for failure in failures[:-1]:
            yield error_frame(failure)
        if failures:
            raise failures[-1]

    def _render(self, item: IndexedEvent) -> Sequence[Part]:
        index, event = item
        match event:
            case Failed(failure):
                failure.image_index = (
                    index if len(self._generation.image_request.seeds) > 1 else None
                )
            case Queued() | Started() | Progress():
                name = f"{self._kind}.progress"
                data = {"type": name, **progress_fields(index, event)}
                return [event_frame(name, compact_json(data))]
            case RenderedPreview():
                return self._preview(index, event)
            case Completed():
                return self._completed(index, event)
        return []

    def _preview(self, index: int, event: RenderedPreview) -> list[Part]:
        return self._frame(
            "partial_image",
            {
                "image_index": index,
                "partial_image_index": event.index,
                **self._common(event.served, event.picture.output_format),
                event.picture.field: event.picture.value,
            },
        )

    def _completed(self, index: int, event: Completed) -> list[Part]:
        fields: dict[str, object] = {
            "image_index": index,
            **self._common(event.served, event.picture.output_format),
            "size": event.picture.size or str(event.served.job.size),
            "seed": event.seed,
            "model": event.served.model.id,
            "provider": event.provider,
            **enhancement_error(self._generation.enhancement_failure),
        }
        if event.revised_prompt:
            fields["revised_prompt"] = event.revised_prompt
        if event.usage:
            fields["usage"] = event.usage
        fields |= self._result.remarks(self._generation, event)
        fields[event.picture.field] = event.picture.value
        return self._frame("completed", fields)

    def _common(self, served: ResolvedParameters, output_format: str | None) -> dict[str, object]:
        options = served.job.options
        return {
            "created_at": int(self._result.timing.clock.time()),
            "size": str(served.job.size),
            "quality": options.get("quality", "auto"),
            "background": options.get("background", "auto"),
            "output_format": output_format or options.get("output_format") or "png",
        }

    def _frame(self, name: str, fields: dict[str, object]) -> list[Part]:
        """An event whose picture stays outside Python's heap."""
        kind = f"{self._kind}.{name}"
        return [f"event: {kind}\ndata: ".encode(), *json_parts({"type": kind, **fields}), b"\n\n"]
