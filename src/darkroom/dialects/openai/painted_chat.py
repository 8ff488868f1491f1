"""A conversation with an image model: its last user message is painted.

The picture stands in the answer twice, as clients look for it in either place: as a markdown image
in `content`, and in `message.images[]` (reference/wire-formats.md B3.7, C1 pain 22).
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from darkroom.access import Caller
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.commission import Commission, Completed, NewsItem
from darkroom.dialects.openai.generations import commission_of
from darkroom.dialects.openai.request import read_generation
from darkroom.dialects.openai.stream import HEARTBEAT_S, first_to_tell, progress_fields
from darkroom.dialects.timing import Timing
from darkroom.errors import Failure, InvalidRequest
from darkroom.events import Failed, Progress, Queued, Started
from darkroom.http import Part, Reply
from darkroom.json_body import TextBlob, json_parts
from darkroom.sse import comment_frame

# What of a chat request means something to an image model; the rest is about text.
_IMAGE_FIELDS = (
    "model", "n", "size", "width", "height", "aspect_ratio", "aspectRatio", "seed", "steps",
    "num_inference_steps", "guidance_scale", "cfg_scale", "negative_prompt", "prompt_enhance",
    "enhance", "stream",
)  # fmt: skip


async def paint_conversation(
    body: Mapping[str, Any], caller: Caller, deadline: Deadline, origin: str, gateway: Gateway
) -> Reply:
    """Paint the last user message, its pictures as sources; answer at once or as a stream."""
    generation = read_generation(
        _image_request(body), gateway.catalog, gateway.settings.default_model, gateway.draw_seed
    )
    commission = await commission_of(generation, caller, deadline, origin, gateway)
    talk = _Talk(commission, f"chatcmpl-{gateway.draw_token()}")
    return await (talk.stream() if generation.stream else talk.answer())


def _image_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same wish as an image request."""
    request = {name: body[name] for name in _IMAGE_FIELDS if name in body}
    config = body.get("image_config")
    if isinstance(config, Mapping):
        request.setdefault("aspect_ratio", config.get("aspect_ratio"))
        if "aspect_ratio" not in config or config["aspect_ratio"] is None:
            request.setdefault("size", config.get("image_size"))
    prompt, images = _last_user_message(body["messages"])
    request["prompt"] = prompt
    request["response_format"] = "url"
    if images:
        request["image"] = images
    return request


def _last_user_message(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[object]]:
    for message in reversed(messages):
        if message.get("role") == "user":
            return _parts(message.get("content"))
    raise InvalidRequest("messages: there is no user message to paint.", param="messages")


def _parts(content: object) -> tuple[str, list[object]]:
    if isinstance(content, str):
        return content, []
    texts: list[str] = []
    images: list[object] = []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and part.get("type") in ("text", "input_text"):
            texts.append(str(part.get("text") or ""))
        elif isinstance(part, Mapping) and "image_url" in part:
            images.append(part["image_url"])
    return "\n".join(texts), images


class _Talk:
    """Renders one commission as an assistant's message."""

    def __init__(self, commission: Commission, answer_id: str) -> None:
        self._commission = commission
        self._id = answer_id
        clock = commission.gateway.clock
        self._timing = Timing(clock)
        self._created = int(clock.time())
        self._model = commission.generation.choices[0].model.id

    async def answer(self) -> Reply:
        """The whole message at once."""
        done: list[Completed] = []
        failures: list[Failure] = []
        async with aclosing(self._commission.news(live=False)) as news:
            async for item in news:
                self._note(item, done, failures)
        if not done:
            raise failures[0]
        message = {"role": "assistant", "content": _markdown(done), "images": _images(done)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {**self._head("chat.completion"), "choices": [choice], **self._told(done)}
        headers = {
            "content-type": "application/json",
            "cache-control": "no-store",
            **self._timing.headers(),
        }
        return Reply(200, headers, json_parts(body))

    async def stream(self) -> Reply:
        """The message as chunks, progress before it."""
        news = self._commission.news(live=True, tick_s=HEARTBEAT_S)
        try:
            first = await first_to_tell(news, self._timing, len(self._commission.generation.seeds))
        except BaseException:
            await news.aclose()
            raise
        headers = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-store",
            "x-accel-buffering": "no",
            **self._timing.headers(),
        }
        return Reply(200, headers, self._chunks(first, news))

    async def _chunks(
        self, first: Sequence[NewsItem], news: AsyncGenerator[NewsItem]
    ) -> AsyncGenerator[Part]:
        done: list[Completed] = []
        failures: list[Failure] = []
        for part in self._chunk({"role": "assistant", "content": ""}):
            yield part
        async with aclosing(news):
            for item in first:
                for part in self._render(item, done, failures):
                    yield part
            async for item in news:
                for part in self._render(item, done, failures, note=True):
                    yield part
        if not done:
            raise failures[0]
        delta = {"content": _markdown(done), "images": _images(done)}
        for part in (*self._chunk(delta), *self._chunk({}, "stop", self._told(done))):
            yield part
        yield b"data: [DONE]\n\n"

    def _render(
        self,
        item: NewsItem,
        done: list[Completed],
        failures: list[Failure],
        note: bool = False,
    ) -> Sequence[Part]:
        if item is None:
            return [comment_frame("still working")]
        if note:
            self._timing.note(*item)
        self._collect(item, done, failures)
        index, event = item
        if isinstance(event, Queued | Started | Progress):
            fields = progress_fields(index, event)
            return self._chunk({"reasoning_content": _words(fields)}, None, {"progress": fields})
        return []

    def _note(self, item: NewsItem, done: list[Completed], failures: list[Failure]) -> None:
        if item is not None:
            self._timing.note(*item)
            self._collect(item, done, failures)

    def _collect(self, item: NewsItem, done: list[Completed], failures: list[Failure]) -> None:
        event = item[1] if item else None
        if isinstance(event, Completed):
            done.append(event)
            self._model = event.served.model.id
        elif isinstance(event, Failed):
            failures.append(event.failure)

    def _chunk(
        self,
        delta: Mapping[str, object],
        finish_reason: str | None = None,
        more: Mapping[str, object] | None = None,
    ) -> list[Part]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        body = {**self._head("chat.completion.chunk"), "choices": [choice], **(more or {})}
        return [b"data: ", *json_parts(body), b"\n\n"]

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    def _told(self, done: Sequence[Completed]) -> dict[str, object]:
        """What is said of the pictures beside them."""
        told: dict[str, object] = {
            "provider": done[0].provider,
            "seeds": [item.seed for item in done],
        }
        if ignored := self._commission.generation.ignored_by(done[0].served):
            told["ignored"] = list(ignored)
        if len(self._timing.trials) > 1:
            told["tried"] = [str(trial) for trial in self._timing.trials]
        return told


def _markdown(done: Sequence[Completed]) -> str | TextBlob:
    """Each picture as a markdown image; a data URL stays out of a text that holds another."""
    addresses = [item.picture.value for item in done]
    texts = [f"![picture]({address})" for address in addresses if isinstance(address, str)]
    return "\n\n".join(texts) if texts else "The picture is in `images`."


def _images(done: Sequence[Completed]) -> list[dict[str, object]]:
    return [
        {"type": "image_url", "index": index, "image_url": {"url": item.picture.value}}
        for index, item in enumerate(done)
    ]


def _words(fields: Mapping[str, object]) -> str:
    """Progress for people."""
    if fields["stage"] == "queued":
        position = fields["queue_position"]
        return "Waiting in line.\n" if position is None else f"Waiting, {position} ahead.\n"
    if fields["step"] is not None and fields["total_steps"]:
        return f"Step {fields['step']} of {fields['total_steps']}.\n"
    return f"{json.dumps(fields['message'])[1:-1]}\n" if fields.get("message") else "Painting.\n"
