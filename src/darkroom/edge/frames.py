"""What goes between the Worker and its objects: a line of JSON, and perhaps a content."""

import json
from typing import Any

import js
from pyodide.ffi import JsException, to_js
from workers import Response

from darkroom.blob import Blob
from darkroom.edge.blob import JsBlob, to_array
from darkroom.stores.unavailable import StoreUnavailable

_NEWLINE = 10


def frame(value: object, content: Blob | None = None) -> Any:
    """Both as one JavaScript `Blob`."""
    parts = [to_js(json.dumps(value).encode() + b"\n")]
    if content is not None:
        parts.append(to_array(content))
    return js.Blob.new(to_js(parts))


async def unframe(message: Any) -> tuple[Any, Blob]:
    """What was framed into the body of a JavaScript `Request` or `Response`."""
    whole = JsBlob(js.Uint8Array.new(await message.arrayBuffer()))
    end = whole.find(_NEWLINE)
    return json.loads(whole.head(end)), whole.slice(end + 1, whole.size)


def answer(value: object, content: Blob | None = None) -> Response:
    """An object's answer."""
    return Response(js.Response.new(frame(value, content)))


async def ask(
    namespace: Any, name: str, question: object, content: Blob | None = None
) -> tuple[Any, Blob]:
    """Ask the object of that name; raises `StoreUnavailable` when it does not answer."""
    try:
        stub = namespace.get(namespace.idFromName(name))
        response = await stub.fetch(
            "https://object.invalid/", method="POST", body=frame(question, content)
        )
        return await unframe(response)
    except (OSError, JsException, ValueError) as error:
        raise StoreUnavailable("the Durable Object did not answer") from error
