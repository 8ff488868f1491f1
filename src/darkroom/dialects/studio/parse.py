"""Request bodies, paths and queries of the studio's API, validated as leniently as FastAPI does.

Texts of digits are numbers, `"yes"` is true, unknown fields are passed over
(reference/studio-api.md section 0). Out of range is a 422 here, where the original crashes.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, StringConstraints, ValidationError

from darkroom.blob import Blob
from darkroom.dialects.studio.errors import invalid_fields, problem
from darkroom.errors import BodyTooLarge
from darkroom.json_reader import FIELDS, NoSuchNumber, TooMuchText, parse_json
from darkroom.json_writer import TextBlob
from darkroom.validation_error import Unprocessable

MAX_TEXT_CHARS = 32_000  # as everywhere here; what the painter takes is a fraction of it
MAX_NAME_CHARS = 200
MAX_WHOLE = 2**53 - 1  # beyond it the numbers of JavaScript are not whole
_WHOLE = re.compile(r"-?[0-9]{1,16}")
_SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)]
Body = TypeVar("Body", bound=BaseModel)


def read_document(raw: Blob) -> dict[str, Any]:
    """Parse a body, which must be a JSON object; raises `Unprocessable` in FastAPI's words."""
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
    """Rename a document's fields to our names; also returns the caller's name of each renamed one.

    `spellings` maps other names to ours. They count where our own name is not there.
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
    """Validate a document's fields, but for a long picture that was left outside Python's heap.

    Raises `Unprocessable` for invalid ones, by the caller's own names in `field_aliases`.
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


def read_whole(text: str, where: str, name: str) -> int:
    """Parse a whole number; `where` is `path` or `query`. Raises `Unprocessable`."""
    if not _WHOLE.fullmatch(text) or abs(int(text)) > MAX_WHOLE:
        words = "Input should be a valid integer, unable to parse string as an integer"
        raise _unprocessable("int_parsing", where, name, words, text)
    return int(text)


def read_within(
    query: Mapping[str, str], name: str, default: int, least: int, most: int | None = None
) -> int:
    """Parse a whole number of the query within its bounds; raises `Unprocessable`."""
    if name not in query:
        return default
    value = read_whole(query[name], "query", name)
    if value < least:
        words = f"Input should be greater than or equal to {least}"
        raise _unprocessable("greater_than_equal", "query", name, words, query[name])
    if most is not None and value > most:
        words = f"Input should be less than or equal to {most}"
        raise _unprocessable("less_than_equal", "query", name, words, query[name])
    return value


def read_switch(query: Mapping[str, str], name: str, default: bool) -> bool:
    """Parse a boolean of the query; raises `Unprocessable`."""
    text = query.get(name)
    if text is None:
        return default
    if text.lower() not in _SWITCHES:
        words = "Input should be a valid boolean, unable to interpret input"
        raise _unprocessable("bool_parsing", "query", name, words, text)
    return _SWITCHES[text.lower()]


def _unprocessable(kind: str, where: str, name: str, words: str, value: str) -> Unprocessable:
    return Unprocessable.of(
        [{"type": kind, "loc": [where, name], "msg": words, "input": value[:200]}]
    )
