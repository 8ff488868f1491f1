"""The wire format of Durable Object calls: one line of JSON, then optional bytes.

A short line with nothing behind it travels as a header: to read a body takes a promise, on either
side.
"""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from js import AbortController, Response
from js import Blob as JsBody
from pyodide.ffi import JsException, to_js

from darkroom.blob import Blob, BytesBlob
from darkroom.deadline import Deadline
from darkroom.edge.blob import LARGE_BYTES, JsBlob, join, read_body, small_body, to_array
from darkroom.edge.http import EdgeReply
from darkroom.edge.json_objects import to_object
from darkroom.edge.streams import PushStream
from darkroom.http import Part, RelayableReply
from darkroom.json_writer import compact_json
from darkroom.stores.unavailable import StoreUnavailable

_STREAMED = "x-streamed"  # by which a stream is known
_LINE = "x-line"
LONGEST_HEADER = 2048
_QUESTION, _CONTENT = "https://object.invalid/question", "https://object.invalid/content"


def frame(value: object, content: Blob | None = None) -> dict[str, Any]:
    """The body, or the headers, of a JavaScript `Request` or `Response` with both."""
    line = compact_json(value)
    if content is None and len(line) <= LONGEST_HEADER:
        return {"headers": to_object({_LINE: line.decode()})}
    head = line + b"\n"
    if content is None or content.size < LARGE_BYTES:
        return {"body": small_body([head] if content is None else [head, content])}
    return {"body": JsBody.new(to_js([to_js(head), to_array(content)]))}


async def unframe(message: Any) -> tuple[Any, Blob]:
    """Parse what was framed; large contents are left in JavaScript's memory."""
    headers = message.headers
    if line := headers.get(_LINE):
        return json.loads(line), BytesBlob(b"")
    size = int(headers.get("content-length") or 0)
    if 0 < size < LARGE_BYTES:
        head, _, rest = (await message.bytes()).to_bytes().partition(b"\n")
        return json.loads(head.decode()), BytesBlob(rest)
    whole = await read_body(message, size)
    end = whole.find(b"\n")
    return json.loads(whole.head(end).decode()), whole.slice(end + 1, whole.size)


async def hand_over(namespace: Any, name: str, contents: Sequence[Blob]) -> None:
    """Give the object of that name contents without any words, uncopied; raises as `ask`."""
    body = to_array(contents[0]) if len(contents) == 1 else join(contents)
    try:
        stub = namespace.get(namespace.idFromName(name))
        await unframe(await stub.fetch(_CONTENT, method="POST", body=body))
    except (OSError, JsException, ValueError) as error:
        raise StoreUnavailable("the Durable Object did not answer") from error


async def content_of(request: Any) -> Blob | None:
    """The content that was handed over; None for a request that is a question."""
    if str(request.url) != _CONTENT:
        return None
    return JsBlob(await request.bytes())


def answer(value: object, content: Blob | None = None) -> Any:
    """An object's answer, a JavaScript `Response`."""
    framed = frame(value, content)
    return Response.new(framed.pop("body", None), **framed)


def stream(source: AsyncIterator[Part], heartbeat: bytes, wait_until: Callable[[Any], None]) -> Any:
    """An object's answer in parts as they come; `wait_until` lets the clean-up finish."""
    headers = to_object({_STREAMED: "true"})
    return Response.new(PushStream(source, heartbeat).open(None, wait_until), headers=headers)


async def ask_for_stream(
    namespace: Any, name: str, question: object, deadline: Deadline
) -> RelayableReply | None:
    """Ask the object of that name for a stream; None where it has none. Raises as `ask`."""
    controller = AbortController.new()
    try:
        stub = namespace.get(namespace.idFromName(name))
        reply = await stub.fetch(
            _QUESTION, method="POST", signal=controller.signal, **frame(question)
        )
        if not reply.headers.get(_STREAMED):
            await unframe(reply)
            return None
    except (OSError, JsException, ValueError) as error:
        raise StoreUnavailable("the Durable Object did not answer") from error
    return EdgeReply(reply, controller, deadline, ())


async def ask(
    namespace: Any, name: str, question: object, content: Blob | None = None
) -> tuple[Any, Blob]:
    """Ask the object of that name; raises `StoreUnavailable` when it does not answer."""
    try:
        stub = namespace.get(namespace.idFromName(name))
        return await unframe(await stub.fetch(_QUESTION, method="POST", **frame(question, content)))
    except (OSError, JsException, ValueError) as error:
        raise StoreUnavailable("the Durable Object did not answer") from error
