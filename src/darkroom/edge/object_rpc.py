"""The wire format of Durable Object calls: one line of JSON, then optional bytes."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import js
from js import AbortController, Object
from pyodide.ffi import JsException, to_js

from darkroom.blob import Blob, BytesBlob
from darkroom.deadline import Deadline
from darkroom.edge.blob import LARGE_BYTES, JsBlob, join, read_body, to_array
from darkroom.edge.http import EdgeReply
from darkroom.edge.streams import PushStream
from darkroom.http import Part, RelayableReply
from darkroom.stores.unavailable import StoreUnavailable

_STREAMED = "x-streamed"  # by which a stream is known
_QUESTION, _CONTENT = "https://object.invalid/question", "https://object.invalid/content"


def frame(value: object, content: Blob | None = None) -> Any:
    """Both as one body of a JavaScript `Request` or `Response`."""
    line = json.dumps(value) + "\n"
    return line if content is None else js.Blob.new(to_js([line, to_array(content)]))


async def unframe(message: Any) -> tuple[Any, Blob]:
    """Parse a framed body; large contents are left in JavaScript's memory."""
    whole = await read_body(message, int(message.headers.get("content-length") or 0))
    if whole.size < LARGE_BYTES:
        line, _, content = whole.head(whole.size).partition(b"\n")
        return json.loads(line), BytesBlob(content)
    end = whole.find(b"\n")
    return json.loads(whole.head(end)), whole.slice(end + 1, whole.size)


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
    return js.Response.new(frame(value, content))


def stream(source: AsyncIterator[Part], heartbeat: bytes, wait_until: Callable[[Any], None]) -> Any:
    """An object's answer in parts as they come; `wait_until` lets the clean-up finish."""
    headers = Object.fromEntries(to_js([[_STREAMED, "true"]]))
    return js.Response.new(PushStream(source, heartbeat).open(None, wait_until), headers=headers)


async def ask_for_stream(
    namespace: Any, name: str, question: object, deadline: Deadline
) -> RelayableReply | None:
    """Ask the object of that name for a stream; None where it has none. Raises as `ask`."""
    controller = AbortController.new()
    try:
        stub = namespace.get(namespace.idFromName(name))
        reply = await stub.fetch(
            _QUESTION, method="POST", body=frame(question), signal=controller.signal
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
        return await unframe(
            await stub.fetch(_QUESTION, method="POST", body=frame(question, content))
        )
    except (OSError, JsException, ValueError) as error:
        raise StoreUnavailable("the Durable Object did not answer") from error
