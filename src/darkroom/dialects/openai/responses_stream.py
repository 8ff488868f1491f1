"""The server-sent events of a response.

Source: reference/wire-formats.md B3.7. Progress is told in `.generating` events, repeated with
fields of ours: OpenAI's SDK for JavaScript refuses types that it does not know.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

from darkroom.dialects.openai.errors import error_body
from darkroom.dialects.openai.responses_output import Answer, Envelope, in_words, text_part
from darkroom.errors import Failure
from darkroom.events import Failed, Progress, Queued, Started
from darkroom.generation.output import Completed, RenderedPreview
from darkroom.generation.run import GenerationResult, IndexedEvent
from darkroom.generation.stream import EventStream, event_stream, open_stream
from darkroom.http import Part, Reply
from darkroom.json_writer import json_parts
from darkroom.progress import progress_fields

_CALL = "response.image_generation_call"


async def stream_answer(answer: Answer) -> Reply:
    """Answer with a stream; a job that no upstream takes is answered with its failure's status."""
    live = await open_stream(answer.generation)
    renderer = _StreamRenderer(answer, live.result)
    reply = event_stream(live.result.timing.headers(), renderer.frames(live))
    return replace(reply, render_failure=renderer.failure)


def stream_message(envelope: Envelope, text: str, completed: Mapping[str, object]) -> Reply:
    """Answer with the stream of a response that is a message alone."""

    async def frames() -> AsyncGenerator[Part]:
        events = _Frames()
        parts = events.opening(envelope.response("in_progress", ()))
        parts += events.message(envelope, 0, text)
        for part in parts + events.frame("response.completed", response=completed):
            yield part

    return event_stream({}, frames())


class _Frames:
    """Writes events as frames, and numbers them."""

    def __init__(self) -> None:
        self._sequence_number = 0

    def frame(self, kind: str, **fields: object) -> list[Part]:
        """The next event; pictures in it stay outside Python's heap."""
        data = {"type": kind, "sequence_number": self._sequence_number, **fields}
        self._sequence_number += 1
        return [f"event: {kind}\ndata: ".encode(), *json_parts(data), b"\n\n"]

    def opening(self, begun: Mapping[str, object]) -> list[Part]:
        """The events that begin a stream."""
        created = self.frame("response.created", response=begun)
        return created + self.frame("response.in_progress", response=begun)

    def item(self, what: str, index: int, item: Mapping[str, object]) -> list[Part]:
        """An output item that was `added`, or is `done`."""
        return self.frame(f"response.output_item.{what}", output_index=index, item=item)

    def message(self, envelope: Envelope, index: int, text: str) -> list[Part]:
        """A whole message."""
        begun, done = envelope.message(None), envelope.message(text)
        place = {"item_id": begun["id"], "output_index": index, "content_index": 0}
        return [
            *self.item("added", index, begun),
            *self.frame("response.content_part.added", **place, part=text_part("")),
            *self.frame("response.output_text.delta", **place, delta=text, logprobs=[]),
            *self.frame("response.output_text.done", **place, text=text, logprobs=[]),
            *self.frame("response.content_part.done", **place, part=text_part(text)),
            *self.item("done", index, done),
        ]


class _StreamRenderer:
    """Renders the events of one request as frames."""

    def __init__(self, answer: Answer, result: GenerationResult) -> None:
        self._answer = answer
        self._result = result
        self._events = _Frames()
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
        answer = await self._answer.keep(result)
        for part in self._closing(answer):
            yield part

    def failure(self, failure: Failure) -> Sequence[Part]:
        """The stream's end where it fails.

        `response.failed` tells those who look for it. SDKs hand it on without a word, and raise at
        the event behind it, by the `error` in it.
        """
        error = error_body(failure)["error"]
        fields = {"code": failure.code, "message": failure.message, "param": failure.param}
        return [
            *self._events.frame(
                "response.failed", response=self._answer.failed(failure, self._result)
            ),
            *self._events.frame("error", **fields, error=error),
        ]

    def _opening(self) -> list[Part]:
        parts = self._events.opening(self._answer.begun())
        for index in range(self._answer.count):
            parts += self._events.item("added", index, self._answer.item(index))
            parts += self._call("in_progress", index)
        return parts

    def _closing(self, answer: Answer) -> list[Part]:
        text = answer.closing_words(self._result)
        return [
            *self._events.message(answer.envelope, answer.count, text),
            *self._events.frame("response.completed", response=answer.completed(self._result)),
        ]

    def _render(self, item: IndexedEvent) -> Sequence[Part]:
        index, event = item
        match event:
            case Queued() | Started() | Progress():
                return self._progress(index, event)
            case RenderedPreview():
                return [*self._say_once(index), *self._preview(index, event)]
            case Completed():
                item_done = self._answer.painted_item(index, event)
                parts = [*self._say_once(index), *self._call("completed", index)]
                return [*parts, *self._events.item("done", index, item_done)]
            case Failed(failure):
                return self._events.item("done", index, self._answer.failed_item(index, failure))
        return []

    def _say_once(self, index: int) -> list[Part]:
        """The word that a picture is being painted, where there was no progress to tell."""
        return [] if index in self._generating else self._generate(index)

    def _generate(self, index: int, **fields: object) -> list[Part]:
        self._generating.add(index)
        return self._call("generating", index, **fields)

    def _progress(self, index: int, event: Queued | Started | Progress) -> list[Part]:
        fields = progress_fields(index, event)
        del fields["image_index"]
        return self._generate(index, **fields)

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

    def _call(self, what: str, index: int, **fields: object) -> list[Part]:
        item_id = self._answer.item_id(index)
        return self._events.frame(f"{_CALL}.{what}", item_id=item_id, output_index=index, **fields)
