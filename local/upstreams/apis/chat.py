"""`POST /chat/completions` as OpenAI and its imitators have it.

The answer echoes the last user message and counts what else arrived.
"""

import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from .call import Call, event_stream, sse
from .directives import Directives
from .faults import Failure, Fault, Kind, Wording
from .fields import Fields, wrong_type, wrong_value
from .shared_state import Studio

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
MAX_TOKENS = 1_000_000
CHARS_PER_TOKEN = 4
KNOWN_FIELDS = frozenset(
    "model messages stream stream_options temperature top_p n stop max_tokens "
    "max_completion_tokens presence_penalty frequency_penalty logit_bias user seed tools "
    "tool_choice response_format logprobs top_logprobs parallel_tool_calls reasoning_effort "
    "modalities metadata store service_tier prediction safety_identifier verbosity".split()
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a caller sent."""

    model: str
    roles: tuple[str, ...]
    question: str
    images: int
    is_stream: bool
    wants_usage: bool
    chars: int

    def answer(self, directives: Directives) -> str:
        """`You said: a cat [2 messages: system, user; 0 images]`"""
        if "none" in directives:
            return ""
        roles = ", ".join(self.roles)
        seen = f"{len(self.roles)} messages: {roles}; {self.images} images"
        return f"You said: {self.question} [{seen}]"

    def usage(self, answer: str) -> dict[str, int]:
        """Tokens, roughly."""
        prompt = self.chars // CHARS_PER_TOKEN + 1
        completion = len(answer) // CHARS_PER_TOKEN + 1
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


def has_any_model(model: str) -> bool:
    """Whether a provider has it whose models are not listed here: all but `no-such-model`."""
    return "no-such" not in model


class Chat:
    """The chat of one provider.

    `default_model` is for who names none; without it a model is required. `known` are the fields
    that are not refused; without it none is.
    """

    def __init__(
        self,
        studio: Studio,
        word: Wording,
        *,
        default_model: str = "",
        known: Collection[str] | None = None,
        has_model: Callable[[str], bool] = has_any_model,
    ) -> None:
        self._studio, self._word, self._has_model = studio, word, has_model
        self._default_model, self._known = default_model, known

    async def complete(self, call: Call) -> Response:
        """Answer a conversation, at once or piece by piece."""
        conversation = self._read(call)
        later = ("fail", "stall") if conversation.is_stream else ()
        directives = await call.heed(conversation.question, later)
        if conversation.is_stream:
            return event_stream(self._stream(call, conversation, directives))
        answer = conversation.answer(directives)
        message = {"role": "assistant", "content": answer}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        head = completion_head(conversation.model, "chat.completion")
        return JSONResponse({**head, "choices": [choice], "usage": conversation.usage(answer)})

    def _read(self, call: Call) -> Conversation:
        fields = Fields(call.json_object())
        if self._known is not None:
            fields.refuse_others(self._known)
        if not self._default_model:
            fields.required_text("model")
        model = fields.text("model", self._default_model)
        if not self._has_model(model):
            raise Failure(Kind.NOT_FOUND, f"The model `{model}` does not exist.", "model")
        fields.number("temperature", 1, 0, 2)
        fields.number("top_p", 1, 0, 1)
        fields.integer("max_tokens", 1, 1, MAX_TOKENS)
        fields.integer("max_completion_tokens", 1, 1, MAX_TOKENS)
        fields.integer("n", 1, 1, 1)
        options = fields.raw("stream_options") or {}
        messages = read_messages(fields)
        said = [(role, *read_content(content)) for role, content in messages]
        return Conversation(
            model=model,
            roles=tuple(role for role, _, _ in said),
            question=next((text for role, text, _ in reversed(said) if role == "user"), ""),
            images=sum(images for _, _, images in said),
            is_stream=fields.flag("stream"),
            wants_usage=bool(options.get("include_usage")),
            chars=sum(len(text) for _, text, _ in said),
        )

    async def _stream(
        self, call: Call, conversation: Conversation, directives: Directives
    ) -> AsyncIterator[str]:
        head = completion_head(conversation.model, "chat.completion.chunk")
        answer = conversation.answer(directives)
        yield sse(chunk(head, {"role": "assistant", "content": ""}))
        if "stall" in directives:
            await call.stall()
            return
        for piece in split_words(answer):
            await call.pause(self._studio.step_s)
            if "fail" in directives:
                yield sse(json.loads(bytes(self._word(Fault(Kind.FAILED)).body)))
                return
            yield sse(chunk(head, {"content": piece}))
        yield sse(chunk(head, {}, "stop"))
        if conversation.wants_usage:
            yield sse({**head, "choices": [], "usage": conversation.usage(answer)})
        yield sse("[DONE]")


def read_messages(fields: Fields) -> list[tuple[str, Any]]:
    """Roles and contents. Fails as OpenAI does, naming the place."""
    messages = fields.raw("messages")
    if messages is None:
        raise Failure(Kind.MISSING_FIELD, "Missing required parameter: 'messages'.", "messages")
    if not isinstance(messages, list):
        raise wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise wrong_value("messages", "empty array. Expected an array with minimum length 1.")
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, dict):
            raise wrong_type(where, "an object", message)
        if message.get("role") not in ROLES:
            raise wrong_value(f"{where}.role", f"'{message.get('role')}' is no role.")
    return [(message["role"], message.get("content")) for message in messages]


def read_content(content: Any) -> tuple[str, int]:
    """The text of a message, and how many pictures are in it."""
    if content is None or isinstance(content, str):
        return content or "", 0
    if not isinstance(content, list):
        raise wrong_type("messages[].content", "a string or an array of parts", content)
    texts, images = [], 0
    for part in content:
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "image_url", "image_url": {"url": str(url)}} if is_image_url(url):
                images += 1
            case _:
                raise wrong_value("messages[].content", "invalid content part.")
    return "\n".join(texts), images


def is_image_url(url: str) -> bool:
    """Whether a picture can be at such an address."""
    return url.startswith(("http://", "https://", "data:image/"))


def completion_head(model: str, kind: str) -> dict[str, Any]:
    """What an answer and each of its chunks begin with."""
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex[:24]}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
    }


def chunk(head: dict[str, Any], delta: dict[str, str], end: str | None = None) -> dict[str, Any]:
    """One chunk of a stream."""
    return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}


def split_words(text: str) -> list[str]:
    """Pieces that make up the text again."""
    words = text.split(" ")
    return [word if index == 0 else f" {word}" for index, word in enumerate(words)]
