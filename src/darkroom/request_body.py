"""A parser of request bodies, JSON or form, into one object of fields."""

from collections.abc import Iterable, Mapping, Sized
from typing import Any
from urllib.parse import parse_qsl

from darkroom.blob import Blob
from darkroom.errors import BodyTooLarge, InvalidRequest, UnsupportedEncoding
from darkroom.image import ImageFile
from darkroom.json_reader import (
    FIELDS,
    JsonLimits,
    NestedTooDeeply,
    NoSuchNumber,
    TooManyValues,
    TooMuchText,
    parse_json,
)
from darkroom.multipart import BrokenForm, read_form
from darkroom.response_headers import header_text
from darkroom.unpacking import DEFLATE, GZIP

MAX_URLENCODED_BYTES = 256 * 1024  # it holds texts alone, and is unpacked in Python's memory
MAX_URLENCODED_FIELDS = 200


async def parse_document(raw: Blob, headers: Mapping[str, str]) -> dict[str, Any]:
    """Parse a body into its fields (reference/wire-formats.md B3.2): a form's are text and files.

    Files become `ImageFile`s, a field that repeats a list. Raises `InvalidRequest` for what cannot
    be read.
    """
    kind = media_type(headers)
    if kind == MULTIPART:
        return _gathered(await _read_multipart(raw, headers["content-type"]))
    if kind == URLENCODED and not looks_like_json(raw):
        return _gathered(_read_urlencoded(raw))
    return read_object(raw)


async def _read_multipart(raw: Blob, kind: str) -> Iterable[tuple[str, object]]:
    try:
        fields = await read_form(raw, kind)
    except BrokenForm as broken:
        raise InvalidRequest(
            f"The request's body is not a form as its type says: {broken}.", code="invalid_form"
        ) from None
    return [
        (field.name, ImageFile(data=field.content) if field.is_file else field.text)
        for field in fields
    ]


def _read_urlencoded(raw: Blob) -> Iterable[tuple[str, object]]:
    if raw.size > MAX_URLENCODED_BYTES:
        raise BodyTooLarge(
            f"A form as {URLENCODED} may have {MAX_URLENCODED_BYTES} bytes; send {MULTIPART}."
        )
    text = raw.head(raw.size).decode("utf-8", "replace")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_URLENCODED_FIELDS)
    except ValueError:
        raise InvalidRequest(
            f"A form may have {MAX_URLENCODED_FIELDS} fields.", code="invalid_form"
        ) from None


_NULLS = ("null", "undefined")  # as JavaScript writes them into forms


def _gathered(fields: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Fields by their names; those that repeat become a list."""
    document: dict[str, Any] = {}
    for name, value in fields:
        if value in _NULLS:
            document.setdefault(name, None)
        elif document.get(name) is None:
            document[name] = value
        elif isinstance(document[name], list):
            document[name].append(value)
        else:
            document[name] = [document[name], value]
    return document


MAX_NAME_CHARS = 200  # of a field, where an error tells it


MAX_MESSAGES = 2_000  # of a conversation


def read_object(raw: Blob, limits: JsonLimits = FIELDS) -> dict[str, Any]:
    """A body that must be a JSON object; raises `InvalidRequest` if it is not."""
    try:
        body = parse_json(raw, limits)
    except TooMuchText as error:
        raise BodyTooLarge(f"The request's body cannot be read: {error}.") from None
    except NoSuchNumber as error:
        param = error.where[:MAX_NAME_CHARS] or None
        raise InvalidRequest(f"{param or 'body'}: {error}.", param=param) from None
    except (NestedTooDeeply, TooManyValues) as error:
        words = f"The request's body cannot be read: {error}."
        raise InvalidRequest(words, code="invalid_json") from None
    except ValueError:
        raise InvalidRequest("The request's body is not JSON.", code="invalid_json") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request's body must be a JSON object.", code="invalid_json")
    return body


def check_count(entries: Sized, most: int, param: str) -> None:
    """Raise `InvalidRequest` for a list with too many entries."""
    if len(entries) > most:
        raise InvalidRequest(f"{param}: at most {most} entries, not {len(entries)}.", param=param)


MULTIPART = "multipart/form-data"


URLENCODED = "application/x-www-form-urlencoded"


_LOOK_BYTES = 64


def media_type(headers: Mapping[str, str]) -> str:
    """The media type of a body without its parameters, in lower case; empty where none is given."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


CODINGS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": DEFLATE}
_MAX_CODING_CHARS = 80


def content_coding(headers: Mapping[str, str]) -> str | None:
    """How a body is packed, as an `Unpacker` calls it; None if it is not.

    Raises `UnsupportedEncoding` for any other coding, and for several on top of each other.
    """
    named = headers.get("content-encoding", "").lower()
    codings = [coding.strip() for coding in named.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in CODINGS:
        reported = header_text(", ".join(codings), _MAX_CODING_CHARS)
        raise UnsupportedEncoding(
            f"content-encoding: {reported} is not read here; send gzip, deflate, or the body as it "
            "is, without the header."
        )
    return CODINGS[codings[0]]


def looks_like_json(body: Blob) -> bool:
    """Whether a body begins as an object of JSON does, as no form's does."""
    return body.head(_LOOK_BYTES).lstrip().startswith(b"{")
