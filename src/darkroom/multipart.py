"""Forms with files, written as `multipart/form-data` (RFC 7578)."""

from collections.abc import Sequence
from dataclasses import dataclass

from darkroom.blob import Blob
from darkroom.http import Part


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form."""

    name: str
    content: Blob
    media_type: str


def form_parts(fields: Sequence[tuple[str, str | FormFile]], boundary: str) -> list[Part]:
    """The body of a form, its files left where they lie; names may repeat.

    `boundary` must be unguessable, so that no value can hold it.
    """
    parts: list[Part] = []
    for name, value in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        if isinstance(value, FormFile):
            head += f'; filename="{_quoted(value.name)}"\r\nContent-Type: {value.media_type}'
            parts += [f"{head}\r\n\r\n".encode(), value.content, b"\r\n"]
        else:
            parts.append(f"{head}\r\n\r\n{value}\r\n".encode())
    return [*parts, f"--{boundary}--\r\n".encode()]


def form_type(boundary: str) -> str:
    """The media type that goes with such a body."""
    return f"multipart/form-data; boundary={boundary}"


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
