"""What a request brings along, as the log tells it."""

import hashlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from .call import Call


async def readable(call: Call) -> Any:
    """The parsed JSON, else the text, or what a form has; None for no body and for binary ones."""
    if call.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await describe_form(call)
    try:
        return json.loads(call.body)
    except ValueError:
        pass
    try:
        return call.body.decode() or None
    except UnicodeDecodeError:
        return None


async def describe_form(call: Call) -> dict[str, Any] | None:
    """The texts of a form by name, and of its files all but the content; None if it is broken."""
    try:
        form = await MultiPartParser(Headers(call.headers), in_one_piece(call.body)).parse()
    except (MultiPartException, KeyError):  # KeyError: it names no boundary
        return None
    fields: dict[str, list[str]] = {}
    files: list[dict[str, Any]] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files.append(await describe_file(name, value))
        else:
            fields.setdefault(name, []).append(value)
    await form.close()
    return {"fields": fields, "files": files}


async def describe_file(name: str, file: UploadFile) -> dict[str, Any]:
    """What there is to know of a file without looking into it."""
    content = await file.read()
    return {
        "name": name,
        "filename": file.filename,
        "content_type": file.content_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


async def in_one_piece(body: bytes) -> AsyncGenerator[bytes, None]:
    """A body that has come in full, for whoever expects it bit by bit."""
    yield body
