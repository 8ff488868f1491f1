"""Bytes that stay in JavaScript's memory."""

from collections.abc import Sequence
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from darkroom.blob import is_url_safe
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

    def find(self, byte: int, start: int = 0) -> int:
        """Where a byte next stands."""
        return int(self.array.indexOf(byte, start))

    def slice(self, start: int, end: int) -> "JsBlob":
        """A view of the bytes from `start` to before `end`."""
        return JsBlob(self.array.subarray(start, end))

    async def to_base64(self) -> "JsBlob":
        """The same bytes as base64 text, made and kept in JavaScript.

        A string that a JavaScript function returns is copied into Python's heap; one that passes
        from promise to promise is not.
        """
        to_base64 = js.Function.prototype.call.bind(js.Uint8Array.prototype.toBase64)
        encoder = js.TextEncoder.new()
        encode = encoder.encode.bind(encoder)
        return JsBlob(await js.Promise.resolve(self.array).then(to_base64).then(encode))

    async def from_base64(self) -> "JsBlob":
        """The bytes that this base64 text stands for, made and kept in JavaScript."""
        decoder = js.TextDecoder.new()
        decode = decoder.decode.bind(decoder)
        options = js.Object.new()
        options.alphabet = "base64url" if is_url_safe(self) else "base64"
        # Options can only be bound before the text: the two change places on the way.
        pair = js.Array.of.bind(js.Array, options)
        swap = js.Function.prototype.call.bind(js.Array.prototype.toReversed)
        from_base64 = js.Function.prototype.apply.bind(js.Uint8Array.fromBase64, js.Uint8Array)
        try:
            text = js.Promise.resolve(self.array).then(decode)
            return JsBlob(await text.then(pair).then(swap).then(from_base64))
        except (OSError, JsException) as error:
            raise ValueError("not base64") from error

    async def sha256(self) -> str:
        """The SHA-256 digest in hexadecimal, reckoned by the runtime."""
        digest = await js.crypto.subtle.digest("SHA-256", self.array)
        return bytes(digest.to_bytes()).hex()

    async def gzip(self) -> "JsBlob":
        """The same bytes as a gzip file, made and kept in JavaScript."""
        packed = js.Response.new(self.array).body.pipeThrough(js.CompressionStream.new("gzip"))
        return JsBlob(js.Uint8Array.new(await js.Response.new(packed).arrayBuffer()))


async def gather(pieces: Any) -> JsBlob:
    """A JavaScript array of `Uint8Array`s as one blob; a single one is not copied."""
    if pieces.length == 1:
        return JsBlob(pieces[0])
    return JsBlob(js.Uint8Array.new(await js.Blob.new(pieces).arrayBuffer()))


def join(parts: Sequence[Part]) -> Any:
    """Parts as one JavaScript value that a body can be; no parts are none."""
    arrays = [to_array(part) for part in parts]
    if len(arrays) > 1:
        return js.Blob.new(to_js(arrays))
    return arrays[0] if arrays else None


def to_array(part: Part) -> Any:
    """A part of a body as a `Uint8Array`, copied only if it is in Python's memory."""
    if isinstance(part, JsBlob):
        return part.array
    return to_js(part if isinstance(part, bytes) else part.head(part.size))
