"""The server-sent events of a response.

Source: reference/wire-formats.md B3.7. Between OpenAI's events stand those of
`response.image_generation_call.progress`, a type of our own that SDKs pass on as they find it.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

from darkroom.dialects.openai.errors import error_body
from darkroom.dialects.openai.responses_output import Answer, in_words
from darkroom.errors import Failure
from darkroom.events import Failed, Progress, Queued, Started
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.generation.run import GenerationResult, IndexedEvent
from darkroom.generation.stream import EventStream, event_stream, open_stream
from darkroom.http import Part, Reply
from darkroom.json_writer import json_parts
from darkroom.progress import progress_fields
from darkroom.sse import comment_frame

_CALL = "response.image_generation_call"


async def stream_answer(answer: Answer) -> Reply:
    """Answer with a stream; a job that no upstream takes is answered with its failure's status."""
    live = await open_stream(answer.generation)
    renderer = _StreamRenderer(answer, live.result)
    reply = event_stream(live.result.timing.headers(), renderer.frames(live))
    return replace(reply, render_failure=renderer.failure)


class _StreamRenderer:
    """Renders the events of one request as frames, and numbers them."""

    def __init__(self, answer: Answer, result: GenerationResult) -> None:
        self._answer = answer
        self._result = result
        self._sequence_number = 0
        self._generating: set[int] = set()

    async def frames(self, live: EventStream) -> AsyncGenerator[Part]:
        """The stream's parts; raises the first failure where nothing came of any job."""
        result = self._result
        async with live.items() as items:
            for part in self._opening():  # whoever leaves here takes the jobs back, too
                yield part
            async for item in items:
                for part in self._render(item):
                    yield part
        if not result.completed:
            raise result.failures[min(result.failures)]
        for part in self._frame("response.completed", response=self._answer.completed(result)):
            yield part

    def failure(self, failure: Failure) -> Sequence[Part]:
        """The stream's end where it fails.

        `response.failed` tells those who look for it. SDKs hand it on without a word, and raise at
        the event behind it, by the `error` in it.
        """
        error = error_body(failure)["error"]
        fields = {"code": failure.code, "message": failure.message, "param": failure.param}
        return [
            *self._frame("response.failed", response=self._answer.failed(failure, self._result)),
            *self._frame("error", **fields, error=error),
        ]

    def _opening(self) -> list[Part]:
        begun = self._answer.begun()
        parts = self._frame("response.created", response=begun)
        parts += self._frame("response.in_progress", response=begun)
        for index in range(len(self._answer.item_ids)):
            parts += self._item("added", index, self._answer.item(index))
            parts += self._call("in_progress", index)
        return parts

    def _render(self, item: IndexedEvent) -> Sequence[Part]:
        if item is None:
            return [comment_frame("still working")]
        index, event = item
        match event:
            case Queued():
                return self._progress(index, event)
            case Started() | Progress():
                return [*self._open_stream(index), *self._progress(index, event)]
            case RenderedPreview():
                return [*self._open_stream(index), *self._preview(index, event)]
            case Completed():
                item_done = self._answer.painted_item(index, event)
                parts = [*self._open_stream(index), *self._call("completed", index)]
                return [*parts, *self._item("done", index, item_done)]
            case Failed(failure):
                return self._item("done", index, self._answer.failed_item(index, failure))
        return []

    def _open_stream(self, index: int) -> list[Part]:
        """Says once that a picture is being painted."""
        if index in self._generating:
            return []
        self._generating.add(index)
        return self._call("generating", index)

    def _progress(self, index: int, event: Queued | Started | Progress) -> list[Part]:
        fields = progress_fields(index, event)
        del fields["image_index"]
        return self._call("progress", index, **fields)

    def _preview(self, index: int, event: RenderedPreview) -> list[Part]:
        job = event.served.job
        output_format = in_words("output_format", event.picture.output_format)
        return self._call(
            "partial_image",
            index,
            partial_image_index=event.index,
            size=str(job.size),
            quality=in_words("quality", job.options.get("quality")) or "auto",
            background=in_words("background", job.options.get("background")) or "auto",
            **({"output_format": output_format} if output_format else {}),
            partial_image_b64=event.picture.value,
        )

    def _item(self, what: str, index: int, item: Mapping[str, object]) -> list[Part]:
        return self._frame(f"response.output_item.{what}", output_index=index, item=item)

    def _call(self, what: str, index: int, **fields: object) -> list[Part]:
        item_id = self._answer.item_ids[index]
        return self._frame(f"{_CALL}.{what}", item_id=item_id, output_index=index, **fields)

    def _frame(self, kind: str, **fields: object) -> list[Part]:
        """The next event; pictures in it stay outside Python's heap."""
        data = {"type": kind, "sequence_number": self._sequence_number, **fields}
        self._sequence_number += 1
        return [f"event: {kind}\ndata: ".encode(), *json_parts(data), b"\n\n"]
