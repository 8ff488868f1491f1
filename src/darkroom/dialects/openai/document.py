"""A request's body as one object of fields, whether it came as JSON or as a form."""

from typing import Any

from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.dialects.context import Gateway
from darkroom.dialects.openai.body import read_object
from darkroom.errors import InvalidRequest, UnsupportedMediaType
from darkroom.http import Request
from darkroom.image import ImageFile
from darkroom.multipart import BrokenForm, read_form

_FORM = "multipart/form-data"
# What clients send JSON under, by haste or by habit.
_JSON_LIKE = ("application/json", "text/plain", "application/octet-stream", "")


async def read_document(request: Request, gateway: Gateway, deadline: Deadline) -> dict[str, Any]:
    """The fields of a body (reference/wire-formats.md B3.2): a form's are text and `ImageFile`s.

    A field that repeats is a list. Raises `InvalidRequest` for what cannot be read,
    `BodyTooLarge` as soon as it is.
    """
    async with deadline.enforced():
        raw = await request.body.read(gateway.settings.max_body_bytes)
    kind = request.headers.get("content-type", "")
    essence = kind.partition(";")[0].strip().lower()
    if essence == _FORM:
        return _read_form(raw, kind)
    if essence in _JSON_LIKE or essence.endswith("+json"):
        return read_object(raw)
    try:
        return read_object(raw)  # curl calls JSON a form where nobody says otherwise
    except InvalidRequest:
        raise UnsupportedMediaType(
            f"content-type: {essence[:80]} cannot be read here; send application/json or {_FORM}."
        ) from None


def _read_form(raw: Blob, kind: str) -> dict[str, Any]:
    try:
        fields = read_form(raw, kind)
    except BrokenForm as broken:
        raise InvalidRequest(
            f"The request's body is not a form as its type says: {broken}.", code="invalid_form"
        ) from None
    document: dict[str, Any] = {}
    for field in fields:
        value: Any = field.text if field.filename is None else ImageFile(data=field.content)
        if field.name in document:
            known = document[field.name]
            value = [*(known if isinstance(known, list) else [known]), value]
        document[field.name] = value
    return document
