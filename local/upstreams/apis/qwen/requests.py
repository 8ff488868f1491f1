"""What callers send, in its two forms: messages, and a bare prompt."""

from dataclasses import dataclass
from typing import Any

from ..call import Call
from ..faults import Answer, Failure, Kind
from ..fields import Fields, wrong_type, wrong_value
from ..image_request import ImageRequest
from ..references import read_reference
from ..shared_state import MAX_SEED, Studio
from .errors import refuse
from .families import Family, find_family

MAX_NEGATIVE_CHARS = 500
# A longer prompt is cut off there.
MAX_PROMPT_CHARS = 800


@dataclass(frozen=True, slots=True)
class Message:
    """The one message of a request."""

    text: str
    sources: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """`prompt` as it was sent, and the order that comes of it.

    A task that was asked for `in_messages` answers in one.
    """

    model: str
    prompt: str
    image_request: ImageRequest
    family: Family
    in_messages: bool


def read_messages_body(call: Call, studio: Studio) -> ParsedRequest:
    """`{"model", "input": {"messages": [...]}, "parameters"}`"""
    body = Fields(call.json_object())
    model, family = read_model(body)
    message = read_message(read_object(body, "input").raw("messages"))
    family.check_images(len(message.sources))
    image_request = read_order(body, family, message, studio)
    return ParsedRequest(model, message.text, image_request, family, in_messages=True)


def read_prompt_body(call: Call, studio: Studio) -> ParsedRequest:
    """`{"model", "input": {"prompt", "negative_prompt"}, "parameters"}`"""
    body = Fields(call.json_object())
    model, family = read_model(body)
    if not family.has_tasks:
        text = f"Model {model} does not support asynchronous calls on this url."
        raise Answer(refuse(400, "InvalidParameter", text))
    given = read_object(body, "input")
    message = Message(given.required_text("prompt"), ())
    given.text("negative_prompt", max_chars=MAX_NEGATIVE_CHARS)
    image_request = read_order(body, family, message, studio)
    return ParsedRequest(model, message.text, image_request, family, in_messages=False)


def read_model(body: Fields) -> tuple[str, Family]:
    """The model's name and its family."""
    model = body.required_text("model")
    return model, find_family(model)


def read_order(body: Fields, family: Family, message: Message, studio: Studio) -> ImageRequest:
    """What is to be painted, by the `parameters`."""
    parameters = read_object(body, "parameters")
    parameters.text("negative_prompt", max_chars=MAX_NEGATIVE_CHARS)
    parameters.flag("prompt_extend")
    parameters.flag("watermark")
    size = parameters.text("size") if "size" in parameters else None
    width, height = family.read_size(size, message.sources)
    return ImageRequest(
        message.text[:MAX_PROMPT_CHARS],
        width,
        height,
        parameters.integer("seed", studio.new_seed(), 0, MAX_SEED),
        count=parameters.integer("n", 1, 1, family.max_n),
        sources=message.sources,
    )


def read_object(body: Fields, name: str) -> Fields:
    """A nested object; an empty one when it is missing."""
    value = body.raw(name)
    if value is None:
        if name == "input":
            raise Failure(Kind.MISSING_FIELD, 'Required body invalid, missing "input".', name)
        return Fields({})
    if not isinstance(value, dict):
        raise wrong_type(name, "an object", value)
    return Fields(value)


def read_message(messages: Any) -> Message:
    """The only message there may be: one text, and pictures before or after it."""
    if not isinstance(messages, list) or len(messages) != 1:
        raise wrong_value("input.messages", "exactly one message is required.")
    message = messages[0]
    if not isinstance(message, dict) or message.get("role") != "user":
        raise wrong_value("input.messages[0].role", "must be user.")
    parts = message.get("content")
    if not isinstance(parts, list):
        raise wrong_type("input.messages[0].content", "an array", parts)
    texts, sources = [], []
    for part in parts:
        match part:
            case {"text": str(text)} if len(part) == 1:
                texts.append(text)
            case {"image": str(image)} if len(part) == 1:
                sources.append(read_image(image))
            case _:
                raise wrong_value("input.messages[0].content", "must be text or image items.")
    if len(texts) != 1 or not texts[0].strip():
        raise wrong_value("input.messages[0].content", "exactly one text is required.")
    return Message(texts[0], tuple(sources))


def read_image(text: str) -> bytes:
    """A picture by URL or as a data URI; bare base64 is not one."""
    try:
        if not text.startswith(("http://", "https://", "data:image/")):
            raise ValueError("neither a URL nor a data URI")  # noqa: TRY301
        return read_reference(text)
    except ValueError as error:
        raise Failure(Kind.WRONG_VALUE, f"The image is invalid: {error}.") from error
