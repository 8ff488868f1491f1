"""Chat completions of image models: the last user message is painted.

The picture stands in the answer twice, as clients look for it in either place: as a markdown image
in `content`, and in `message.images[]` (reference/wire-formats.md B3.7, C1 pain 22). Many clients
read streams by the line and give up at one of 64 KiB, so that a data URL goes there in pieces, as
`content` alone: pieces of that are what clients join.
"""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any

from darkroom.async_options import pop_async_options
from darkroom.context import Job, Painting, RequestContext
from darkroom.dialects.openai.chat_input import read_messages
from darkroom.dialects.openai.responses_request import choose_pictures
from darkroom.dialects.openai.usage import chat_usage
from darkroom.events import Progress, Queued, Started
from darkroom.generation.output import Completed
from darkroom.generation.parameters import ParsedBody, read_body
from darkroom.generation.prepare import paint, prepare_request
from darkroom.generation.run import Generation, GenerationResult, IndexedEvent, run_to_end
from darkroom.generation.stream import EventStream, event_stream, open_stream
from darkroom.http import Part, Reply
from darkroom.json_writer import TextBlob, json_parts
from darkroom.progress import progress_fields

PIECE_BYTES = 48 * 1024  # of a data URL, in one line of a stream
_PIECE_CHARS = 8 * 1024  # of an address, each up to six bytes in JSON

# Fields that are read here, or ask for what is so in any case.
_READ_HERE = ("messages", "image_config", "modalities", "stream_options", "response_format")


def read_conversation(body: dict[str, Any], context: RequestContext) -> Painting:
    """Read a conversation whose last user message is painted, its pictures as sources."""
    options = pop_async_options(body, context.request.headers)

    async def build() -> Job:
        parsed, no_effect = _parse(body, context)
        image_request = await prepare_request(parsed, context)
        image_request = image_request.with_unsupported(no_effect)
        include_usage = image_request.stream and _wants_usage(body.get("stream_options"))
        return paint(
            image_request,
            context,
            lambda generation: _answer(generation, context, include_usage=include_usage),
        )

    return Painting(options, build)


def _wants_usage(stream_options: object) -> bool:
    return isinstance(stream_options, Mapping) and stream_options.get("include_usage") is True


async def _answer(generation: Generation, context: RequestContext, *, include_usage: bool) -> Reply:
    answer_id = f"chatcmpl-{context.gateway.draw_token()}"
    completion = _ImageCompletion(generation, answer_id, include_usage=include_usage)
    streams = generation.image_request.stream
    return await (completion.stream() if streams else completion.answer())


def _parse(body: Mapping[str, Any], context: RequestContext) -> tuple[ParsedBody, Sequence[str]]:
    """The image request that a conversation comes to, and what of it has no effect.

    Any field of an image request may stand in it; where the model works on pictures and the last
    message has none, the newest before it is the source.
    """
    wanted = read_messages(body["messages"])
    pictures = choose_pictures(wanted, "auto", body.get("model"), context)
    config = body.get("image_config")
    config = config if isinstance(config, Mapping) else {}
    beside = {name: value for name, value in body.items() if name not in _READ_HERE}
    document = {
        "aspect_ratio": config.get("aspect_ratio"),
        "size": config.get("image_size"),
        **beside,
        "prompt": wanted.words,
        "input_image": [picture.value for picture in pictures],
        "response_format": "url",
    }
    image = pictures[0].where if len(pictures) == 1 else "messages"
    field_aliases = {"prompt": "messages", "image": image}
    passed_over = [p.where for p in (*wanted.pictures, *wanted.earlier) if p not in pictures]
    unread = [*wanted.no_effect, *passed_over, *(["prompt"] if body.get("prompt") else [])]
    return read_body(document, renamed=field_aliases), unread


class _ImageCompletion:
    """Renders one generation as an assistant's message.

    With `include_usage` a stream ends with the usage, in a chunk without choices.
    """

    def __init__(self, generation: Generation, answer_id: str, *, include_usage: bool) -> None:
        self._generation = generation
        self._id = answer_id
        self._include_usage = include_usage
        self._created = int(generation.renderer.gateway.clock.time())
        self._model = generation.image_request.choices[0].model.id

    async def answer(self) -> Reply:
        """The whole message at once."""
        result = await run_to_end(self._generation)
        done = result.done
        self._model = done[0].served.model.id
        message = {"role": "assistant", "content": _markdown(done), "images": _images(done)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": _usage_of(done),
            **self._extra_fields(result),
        }
        headers = {
            "content-type": "application/json",
            "cache-control": "no-store",
            **result.timing.headers(),
        }
        return Reply(200, headers, json_parts(body))

    async def stream(self) -> Reply:
        """The message as chunks, progress before it."""
        live = await open_stream(self._generation)
        return event_stream(live.result.timing.headers(), self._chunks(live))

    async def _chunks(self, live: EventStream) -> AsyncGenerator[Part]:
        result = live.result
        self._model = result.timing.model or self._model
        async with live.items() as items:
            for part in self._chunk({"role": "assistant", "content": ""}):
                yield part  # whoever leaves here takes the jobs back, too
            async for item in items:
                for part in self._render(item):
                    yield part
        if not result.completed:
            raise result.failures[min(result.failures)]
        done = result.done
        self._model = done[0].served.model.id
        for index, completed in enumerate(done):
            for delta in _deltas(index, completed.picture.text):
                for part in self._chunk(delta):
                    yield part
        for part in self._chunk({}, "stop", self._extra_fields(result)):
            yield part
        if self._include_usage:
            for part in self._frame({"choices": [], "usage": _usage_of(done)}):
                yield part
        yield b"data: [DONE]\n\n"

    def _render(self, item: IndexedEvent) -> Sequence[Part]:
        index, event = item
        if isinstance(event, Queued | Started | Progress):
            fields = progress_fields(index, event)
            return self._chunk({"reasoning_content": _words(fields)}, None, {"progress": fields})
        return []

    def _chunk(
        self,
        delta: Mapping[str, object],
        finish_reason: str | None = None,
        more: Mapping[str, object] | None = None,
    ) -> list[Part]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        usage = {"usage": None} if self._include_usage else {}
        return self._frame({"choices": [choice], **usage, **(more or {})})

    def _frame(self, fields: Mapping[str, object]) -> list[Part]:
        body = {**self._head("chat.completion.chunk"), **fields}
        return [b"data: ", *json_parts(body), b"\n\n"]

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    def _extra_fields(self, result: GenerationResult) -> dict[str, object]:
        """Fields about the images beside the message."""
        return {
            "provider": result.done[0].provider,
            "seeds": [item.seed for item in result.done],
            **result.remarks(self._generation),
        }


def _usage_of(done: Sequence[Completed]) -> Mapping[str, int]:
    return chat_usage([item.usage for item in done])


def _deltas(index: int, address: str | TextBlob) -> Iterator[Mapping[str, object]]:
    """One picture as what is added to a message: with its address in `images`, if that is short."""
    gap = "\n\n" if index else ""
    if isinstance(address, str) and len(address) <= _PIECE_CHARS:
        yield {"content": f"{gap}![picture]({address})", "images": [_image(index, address)]}
        return
    yield {"content": f"{gap}![picture]("}
    for piece in _pieces(address):
        yield {"content": piece}
    yield {"content": ")"}


def _pieces(address: str | TextBlob) -> Iterator[str | TextBlob]:
    if isinstance(address, str):
        for start in range(0, len(address), _PIECE_CHARS):
            yield address[start : start + _PIECE_CHARS]
        return
    yield address.prefix
    content = address.content
    for start in range(0, content.size, PIECE_BYTES):
        yield TextBlob(content.slice(start, min(start + PIECE_BYTES, content.size)))


def _markdown(done: Sequence[Completed]) -> str | TextBlob:
    """Each picture as a markdown image; a data URL stays out of a text that holds another."""
    addresses = [item.picture.text for item in done]
    texts = [f"![picture]({address})" for address in addresses if isinstance(address, str)]
    return "\n\n".join(texts) if texts else "The picture is in `images`."


def _images(done: Sequence[Completed]) -> list[dict[str, object]]:
    return [_image(index, item.picture.text) for index, item in enumerate(done)]


def _image(index: int, address: str | TextBlob) -> dict[str, object]:
    return {"type": "image_url", "index": index, "image_url": {"url": address}}


def _words(fields: Mapping[str, object]) -> str:
    """Progress for people."""
    if fields["stage"] == "queued":
        position = fields["queue_position"]
        return "Waiting in line.\n" if position is None else f"Waiting, {position} ahead.\n"
    if fields["step"] is not None and fields["total_steps"]:
        return f"Step {fields['step']} of {fields['total_steps']}.\n"
    return f"{json.dumps(fields['message'])[1:-1]}\n" if fields.get("message") else "Painting.\n"
