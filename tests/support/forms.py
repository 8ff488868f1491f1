"""Forms as clients send them."""

from collections.abc import Mapping, Sequence

from darkroom.blob import BytesBlob
from darkroom.http import Request
from darkroom.multipart import FormFile, form_parts, form_type
from tests.support.fakes import PNG, request

BOUNDARY = "a-boundary"
Field = tuple[str, str | bytes]


def form_request(
    path: str,
    fields: Sequence[Field],
    headers: Mapping[str, str] | None = None,
    boundary: str = BOUNDARY,
) -> Request:
    """A form; fields that are bytes are files."""
    written = [
        (
            name,
            FormFile("a.png", BytesBlob(value), "application/octet-stream")
            if isinstance(value, bytes)
            else value,
        )
        for name, value in fields
    ]
    parts = form_parts(written, boundary)
    body = b"".join(part if isinstance(part, bytes) else part.head(part.size) for part in parts)
    return request("POST", path, body, {"content-type": form_type(boundary), **(headers or {})})


def edit_form(*fields: Field, images: Sequence[Field] = (("image", PNG),)) -> Request:
    """An edit of one picture, unless other pictures are given."""
    return form_request(
        "/v1/images/edits",
        [("model", "qwen-image-edit"), ("prompt", "make it blue"), *fields, *images],
    )
