"""A request's body as one object of fields, whether it came as JSON or as a form."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.media_types import MULTIPART, URLENCODED, looks_like_json, media_type
from darkroom.dialects.openai.body import read_object
from darkroom.errors import BodyTooLarge, InvalidRequest
from darkroom.http import Request
from darkroom.image import ImageFile
from darkroom.multipart import BrokenForm, read_form

MAX_URLENCODED_BYTES = 256 * 1024  # it holds texts alone, and is unpacked in Python's memory
MAX_URLENCODED_FIELDS = 200


async def read_document(
    request: Request, gateway: Gateway, deadline: Deadline, max_bytes: int | None = None
) -> dict[str, Any]:
    """The fields of a body (reference/wire-formats.md B3.2): a form's are text and `ImageFile`s.

    A field that repeats is a list. `max_bytes` is for bodies that hold no picture. Raises
    `InvalidRequest` for what cannot be read, `BodyTooLarge` as soon as it is.
    """
    async with deadline.enforced():
        raw = await request.body.read(max_bytes or gateway.settings.max_body_bytes)
    kind = media_type(request.headers)
    if kind == MULTIPART:
        return _gathered(await _read_multipart(raw, request.headers["content-type"]))
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
        (field.name, field.text if field.filename is None else ImageFile(data=field.content))
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


def _gathered(fields: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Fields by their names; those that repeat become a list."""
    document: dict[str, Any] = {}
    for name, value in fields:
        if name not in document:
            document[name] = value
        elif isinstance(document[name], list):
            document[name].append(value)
        else:
            document[name] = [document[name], value]
    return document
