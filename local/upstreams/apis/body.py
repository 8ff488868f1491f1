"""The body of a request, read once for the log and for whoever answers."""

import base64
import hashlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

MAX_PART_BYTES = 64 * 1024 * 1024
MAX_LOGGED_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart form."""

    name: str
    filename: str
    content_type: str
    data: bytes

    def describe(self) -> dict[str, Any]:
        """What the log says of it; a small file is there whole."""
        is_small = len(self.data) <= MAX_LOGGED_BYTES
        return {
            "name": self.name,
            "filename": self.filename,
            "content_type": self.content_type,
            "size": len(self.data),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "magic": sniff(self.data),
            "base64": base64.b64encode(self.data).decode() if is_small else None,
        }


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form: the texts by name, each name's in order, and the files in order."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)

    def uploads(self, *names: str) -> list[Upload]:
        """The files of these names, in order."""
        return [upload for upload in self.files if upload.name in names]

    def describe(self) -> dict[str, Any]:
        """What the log says of it."""
        return {"fields": self.fields, "files": [upload.describe() for upload in self.files]}


@dataclass(frozen=True, slots=True)
class Body:
    """`form` is None unless the body is a well-formed multipart form."""

    raw: bytes = b""
    form: Form | None = None

    def readable(self) -> Any:
        """The form, else the parsed JSON, else the text; None for no body and for binary ones."""
        if self.form:
            return self.form.describe()
        try:
            return json.loads(self.raw)
        except ValueError:
            pass
        try:
            return self.raw.decode() or None
        except UnicodeDecodeError:
            return None


async def parse_body(headers: dict[str, str], raw: bytes) -> Body:
    """The body, and the form in it if there is one."""
    if not headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return Body(raw)
    parser = MultiPartParser(
        Headers(headers), _one_piece(raw), max_files=100, max_part_size=MAX_PART_BYTES
    )
    try:
        parts = await parser.parse()
    except (MultiPartException, KeyError):
        return Body(raw)
    form = Form()
    for name, value in parts.multi_items():
        if isinstance(value, UploadFile):
            data = await value.read()
            await value.close()
            form.files.append(Upload(name, value.filename or "", value.content_type or "", data))
        else:
            form.fields.setdefault(name, []).append(value)
    return Body(raw, form)


def sniff(data: bytes) -> str | None:
    """The format that a picture's first bytes tell: png, jpeg, webp or gif."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return "gif" if data[:4] == b"GIF8" else None


async def _one_piece(raw: bytes) -> AsyncGenerator[bytes, None]:
    yield raw
