"""Request bodies of the studio's API, validated as leniently as FastAPI does.

Texts of digits are numbers, `"yes"` is true, unknown fields are passed over
(reference/studio-api.md section 0). Out of range is a 422 here; the original falls over it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from darkroom.blob import Blob
from darkroom.dialects.studio.errors import invalid_fields, problem
from darkroom.errors import BodyTooLarge
from darkroom.json_reader import FIELDS, NoSuchNumber, TooMuchText, parse_json
from darkroom.json_writer import TextBlob
from darkroom.prompts.chat_format import ChatPrompt
from darkroom.prompts.template import TEMPLATES
from darkroom.validation_error import Unprocessable

MAX_TEXT_CHARS = 32_000  # as everywhere here; what the painter takes is a fraction of it
MAX_ANSWER_TOKENS = 32_768
MAX_NAME_CHARS = 200

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)]
Body = TypeVar("Body", bound=BaseModel)


class PromptBody(BaseModel):
    """A prompt, and what is put around it (reference/studio-api.md 1.2)."""

    model_config = ConfigDict(defer_build=True)

    prompt: Annotated[Text, Field(description="What the picture should show; may be empty.")]
    system_prompt: Annotated[
        Text | None,
        Field(description='The system message; null takes the template\'s, `""` is none.'),
    ] = None
    thinking_content: Annotated[
        Text | None, Field(description="What stands in the think block; null takes the template's.")
    ] = None
    assistant_content: Annotated[
        Text | None,
        Field(description="How the assistant's answer begins; null takes the template's."),
    ] = None
    force_think_block: Annotated[
        bool,
        Field(description="Whether an empty think block is there too; a template's word counts."),
    ] = False
    strip_quotes: Annotated[bool, Field(description='Leave out every `"`, in all four texts.')] = (
        False
    )
    template: Annotated[
        str | None,
        Field(
            description="A name of `GET /api/templates`; an unknown one has no effect.",
            max_length=MAX_NAME_CHARS,
        ),
    ] = None

    def chat_prompt(self) -> ChatPrompt:
        """What each side says, the template's words among it."""
        said = ChatPrompt(
            self.prompt,
            self.system_prompt,
            self.thinking_content,
            self.assistant_content,
            self.force_think_block,
        )
        return said.under(TEMPLATES.get(self.template or ""))


def _number(about: str, low: float, high: float) -> Any:
    return Field(description=about, ge=low, le=high, allow_inf_nan=False)


class RewriteBody(BaseModel):
    """A prompt to be rewritten, a picture to be described, or both (section 5)."""

    model_config = ConfigDict(defer_build=True)

    prompt: Annotated[Text | None, Field(description="The prompt as it is.")] = None
    image: Annotated[
        str | dict[str, Any] | None,
        Field(description="A picture: a data URL, base64 or an https address."),
    ] = None
    model: Annotated[
        str,
        Field(
            description="An id of `GET /api/rewriter-models`, or any text model as `provider/id`.",
        ),
    ] = "qwen3-4b"
    rewriter: Annotated[
        str | None, Field(description="A name of `GET /api/rewriters`: what the model is told.")
    ] = None
    custom_system_prompt: Annotated[
        Text | None, Field(description="What the model is told, in place of a rewriter.")
    ] = None
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
    max_tokens: Annotated[
        int | None, _number("How long the answer may become.", 1, MAX_ANSWER_TOKENS)
    ] = None
    temperature: Annotated[float | None, _number("0 to 2.", 0, 2)] = None
    top_p: Annotated[float | None, _number("0 to 1.", 0, 1)] = None
    top_k: Annotated[int | None, _number("For providers that know it.", 0, 1000)] = None
    min_p: Annotated[float | None, _number("0 to 1, for providers that know it.", 0, 1)] = None
    presence_penalty: Annotated[float | None, _number("-2 to 2.", -2, 2)] = None


def read_document(raw: Blob) -> dict[str, Any]:
    """The JSON object that a body is; raises `Unprocessable`, as FastAPI words it, for another."""
    if not raw.size:
        raise Unprocessable.of([problem("missing", [], "Field required", None)])
    try:
        document = parse_json(raw, FIELDS)
    except NoSuchNumber as error:
        where = error.where[:MAX_NAME_CHARS]
        raise Unprocessable.of([problem("finite_number", [where], f"{error}", None)]) from None
    except TooMuchText as error:
        raise BodyTooLarge(f"The request's body cannot be read: {error}.") from None
    except ValueError as error:
        place, words = getattr(error, "pos", 0), getattr(error, "msg", "It cannot be read")
        entry = problem("json_invalid", [place], "JSON decode error", {})
        raise Unprocessable.of([{**entry, "ctx": {"error": words}}]) from None
    if not isinstance(document, dict):
        words = "Input should be a valid dictionary or object to extract fields from"
        raise Unprocessable.of([problem("model_attributes_type", [], words, document)])
    return document


def respell(
    document: Mapping[str, Any], spellings: Mapping[str, str]
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """A document with fields by the names that are read here, and how the caller had called those.

    `spellings` are other names for them, which count where the name itself is not there.
    """
    taken = {
        other: name
        for other, name in spellings.items()
        if other in document and name not in document
    }
    fields = {taken.get(name, name): value for name, value in document.items()}
    return fields, {name: other for other, name in taken.items()}


def read_body(
    schema: type[Body], document: Mapping[str, Any], field_aliases: Mapping[str, str] | None = None
) -> Body:
    """The fields of a document, but for a long picture that was left outside Python's heap.

    Raises `Unprocessable` for those that are not what they should be, by the names in `spelled`
    where the caller called them otherwise.
    """
    fields = {
        name: _as_text(value) if isinstance(value, TextBlob) else value
        for name, value in document.items()
        if name in schema.model_fields and not (name == "image" and isinstance(value, TextBlob))
    }
    try:
        return schema.model_validate(fields)
    except ValidationError as error:
        raise invalid_fields(error, field_aliases or {}) from None


def _as_text(value: TextBlob) -> str:
    return value.prefix + value.content.head(value.content.size).decode("utf-8", "replace")
