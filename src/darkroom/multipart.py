"""A reader and writer of forms with files, `multipart/form-data` (RFC 7578)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from darkroom.blob import Blob
from darkroom.http import Part
from darkroom.pauses import WorkMeter

MAX_FIELDS = 100
_MAX_HEAD_BYTES = 8 * 1024
_WINDOW_BYTES = 128 * 1024  # copied to Python's memory to look for what ends a part
_STEPS_A_WINDOW = 1_000  # of work: 0.3 ms to copy a window and look through it
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_FILE_TYPES = ("image/", "application/octet-stream")
_PARAMETER = re.compile(r';\s*([\w*]+)=(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*))')


class BrokenForm(ValueError):
    """The body is not the form that its type promises; the message says where it breaks."""


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form."""

    name: str
    content: Blob
    media_type: str


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form that was read; `media_type` is empty where the part has none."""

    name: str
    content: Blob
    filename: str | None = None
    media_type: str = ""

    @property
    def is_file(self) -> bool:
        """Whether it has a file's name, or a file's type as some clients send without a name."""
        return self.filename is not None or self.media_type.startswith(_FILE_TYPES)

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.head(self.content.size).decode("utf-8", "replace")


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


async def read_form(
    body: Blob, content_type: str, *, window_bytes: int = _WINDOW_BYTES
) -> list[FormField]:
    """The fields of a form in their order, their contents views of the body.

    Only `window_bytes` at a time are copied into Python's memory, and others have a turn after some
    of them. Raises `BrokenForm`.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise BrokenForm("the content type names no boundary")
    delimiter = b"--" + (match[1] or match[2]).encode()
    meter = WorkMeter(_STEPS_A_WINDOW * (MAX_FIELDS + body.size))
    position = await find_bytes(body, delimiter, 0, window_bytes, meter)
    if position < 0:
        raise BrokenForm("its boundary is nowhere in the body")
    fields: list[FormField] = []
    while True:
        position += len(delimiter)
        after = _bytes(body, position, 2)
        if after == b"--":
            return fields
        head_at = await find_bytes(body, b"\r\n", position, window_bytes, meter) + 2
        content_at = await find_bytes(body, b"\r\n\r\n", head_at - 2, window_bytes, meter) + 4
        if head_at < 2 or content_at < 4 or content_at - head_at > _MAX_HEAD_BYTES:
            raise BrokenForm("a part has no head that could be read")
        end = await find_bytes(body, b"\r\n" + delimiter, content_at - 2, window_bytes, meter)
        if end < 0:
            raise BrokenForm("it breaks off before its last boundary")
        head = _bytes(body, head_at, content_at - 4 - head_at)
        fields.append(_field(head, body.slice(content_at, max(content_at, end))))
        if len(fields) > MAX_FIELDS:
            raise BrokenForm(f"it has more than {MAX_FIELDS} fields")
        position = end + 2


async def find_bytes(
    blob: Blob, wanted: bytes, start: int, window_bytes: int, meter: WorkMeter
) -> int:
    """The index of a sequence of bytes; -1 where there is none."""
    step = max(1, window_bytes - len(wanted) + 1)
    for at in range(start, blob.size, step):
        meter.add(_STEPS_A_WINDOW)
        await meter.pause()
        found = _bytes(blob, at, step + len(wanted) - 1).find(wanted)
        if found >= 0:
            return at + found
    return -1


def _field(head: bytes, content: Blob) -> FormField:
    name = filename = None
    media_type = ""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-type":
            media_type = value.partition(";")[0].strip().lower()
        if header.strip().lower() != "content-disposition":
            continue
        for key, quoted, bare in _PARAMETER.findall(value):
            text = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
            match key.lower():
                case "name":
                    name = _unquoted(text)
                case "filename":
                    filename = _unquoted(text)
                case "filename*":
                    filename = unquote(text.rpartition("'")[2])
    if name is None:
        raise BrokenForm("a part has no name")
    return FormField(name, content, filename, media_type)


def _bytes(blob: Blob, start: int, count: int) -> bytes:
    end = min(blob.size, start + count)
    return blob.slice(start, end).head(end - start) if end > start else b""


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _unquoted(text: str) -> str:
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
