"""Bytes that stay in JavaScript's memory."""

from typing import Any

import js
from pyodide.ffi import to_js

from darkroom.http import Part


class JsBlob:
    """A `Blob` around a JavaScript `Uint8Array`."""

    def __init__(self, array: Any) -> None:
        self.array = array

    @property
    def size(self) -> int:
        """The number of bytes."""
        return int(self.array.byteLength)

    def head(self, count: int) -> bytes:
        """The first `count` bytes, copied to Python."""
        data: bytes = self.array.subarray(0, count).to_bytes()
        return data

    async def to_base64(self) -> "JsBlob":
        """The same bytes as base64 text, made and kept in JavaScript.

        A string that a JavaScript function returns is copied into Python's heap; one that passes
        from promise to promise is not.
        """
        to_base64 = js.Function.prototype.call.bind(js.Uint8Array.prototype.toBase64)
        encoder = js.TextEncoder.new()
        encode = encoder.encode.bind(encoder)
        return JsBlob(await js.Promise.resolve(self.array).then(to_base64).then(encode))


def to_array(part: Part) -> Any:
    """A part of a body as a `Uint8Array`, copied only if it is in Python's memory."""
    if isinstance(part, JsBlob):
        return part.array
    return to_js(part if isinstance(part, bytes) else part.head(part.size))
