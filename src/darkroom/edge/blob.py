"""Blobs in JavaScript's memory.

V8 frees an array some time after the last reference to it went, and sees little reason to as long
as hardly anything else is made: dead pictures would fill the isolate. Python knows at once.
"""

from collections.abc import Sequence
from typing import Any

import js
from js import (
    Array,
    CompressionStream,
    FixedLengthStream,
    Function,
    Object,
    Promise,
    ReadableStream,
    Response,
    String,
    TextDecoder,
    TextEncoder,
    Uint8Array,
)
from pyodide.ffi import JsException, to_js

from darkroom.blob import is_url_safe
from darkroom.edge.byte_search import search
from darkroom.edge.promises import let_fail
from darkroom.http import Part
from darkroom.memory_budget import MemoryBudget

LARGE_BYTES = 64 * 1024  # below that, V8 may take its time
CHUNK_BYTES = 256 * 1024
PIECE_BYTES = 384 * 1024  # a multiple of 3, so that no padding stands within a text
PIECE_CHARS = PIECE_BYTES // 3 * 4
_NO_BYTES: frozenset[int] = frozenset()
_NOWHERE = range(0)


MEMORY = MemoryBudget()  # one for each isolate


class Memory:
    """An array's buffer: counted, and freed when the last `JsBlob` of it is gone."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer
        self._size = int(buffer.byteLength)
        self._owner = MEMORY.hold(self._size)

    def __del__(self) -> None:
        self._buffer.transfer(0)
        MEMORY.release(self._owner, self._size)


class JsBlob:
    """A `Blob` around a JavaScript `Uint8Array`, which belongs to it alone.

    Whoever hands `array` to JavaScript keeps the blob until JavaScript is done with it.
    """

    def __init__(self, array: Any, memory: Memory | None = None, size: int | None = None) -> None:
        self.array = array
        self._size = int(array.byteLength) if size is None else size
        if memory is None and self._size >= LARGE_BYTES:
            memory = Memory(array.buffer)
        self._memory = memory
        self._absent = _NO_BYTES  # bytes that were looked for in vain
        self._searched = _NOWHERE  # where the last search looked in vain for others
        self._missed = _NO_BYTES

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._size

    def head(self, count: int) -> bytes:
        """The first `count` bytes, copied to Python."""
        array = self.array if count >= self._size else self.array.subarray(0, count)
        data: bytes = array.to_bytes()
        return data

    def find(self, these: bytes, start: int = 0) -> int:
        """The index of the first of these bytes at or behind `start`; -1 where there is none."""
        wanted = frozenset(these) - self._absent
        if not wanted:
            return -1
        index, missed = search(self.array, bytes(sorted(wanted)), start, self._size)
        self._searched = range(start, self._size if index < 0 else index)
        self._missed = missed
        if index < 0 and not start:
            self._absent |= missed
        return index

    def slice(self, start: int, end: int) -> "JsBlob":
        """A view of the bytes from `start` to before `end`."""
        view = JsBlob(self.array.subarray(start, end), self._memory)
        view._absent = self._absent
        if self._searched.start <= start and end <= self._searched.stop:
            view._absent |= self._missed
        return view

    # A string that a JavaScript function returns is copied into Python's heap; one that passes from
    # promise to promise is not. And V8 makes base64 of strings alone: piece by piece, so that the
    # text is not held a second time.

    async def to_base64(self) -> "JsBlob":
        """The same bytes as base64 text, made and kept in JavaScript."""
        size = -(-self.size // 3) * 4
        await MEMORY.room(size)
        text = JsBlob(Uint8Array.new(size))
        to_base64 = Function.prototype.call.bind(Uint8Array.prototype.toBase64)
        encoder = TextEncoder.new()
        write = js.Reflect.apply.bind(js.Reflect, encoder.encodeInto, encoder)
        for start in range(0, self.size, PIECE_BYTES):
            piece = Promise.resolve(self.array.subarray(start, start + PIECE_BYTES))
            place = text.array.subarray(start // 3 * 4)
            await Promise.all(to_js([piece.then(to_base64), place])).then(write)
        return text

    async def from_base64(self) -> "JsBlob":
        """The bytes that this base64 text stands for, made and kept in JavaScript."""
        decoder = TextDecoder.new()
        decode = decoder.decode.bind(decoder)
        size = -(-self.size // 4) * 3
        await MEMORY.room(size)
        if is_url_safe(self):
            return await self._from_url_safe(decode)
        try:
            content = JsBlob(Uint8Array.new(size))
            held = 0
            for start in range(0, self.size, PIECE_CHARS):
                piece = Promise.resolve(self.array.subarray(start, start + PIECE_CHARS))
                place = content.array.subarray(held)
                reported = await piece.then(decode).then(place.setFromBase64.bind(place))
                held += int(reported.written)
                if start + PIECE_CHARS < self.size and reported.written < PIECE_BYTES:
                    break  # line breaks tear the pieces apart
            else:
                return content.slice(0, held)
        except (OSError, JsException):
            pass
        whole = Promise.resolve(self.array).then(decode)
        try:
            return JsBlob(await whole.then(Uint8Array.fromBase64.bind(Uint8Array)))
        except (OSError, JsException) as error:
            raise ValueError("not base64") from error

    async def _from_url_safe(self, decode: Any) -> "JsBlob":
        """The same of base64 in the alphabet for addresses."""
        options = Object.new()
        options.alphabet = "base64url"
        # Options can only be bound before the text: the two change places on the way.
        pair = Array.of.bind(Array, options)
        swap = Function.prototype.call.bind(Array.prototype.toReversed)
        from_base64 = Function.prototype.apply.bind(Uint8Array.fromBase64, Uint8Array)
        try:
            text = Promise.resolve(self.array).then(decode)
            return JsBlob(await text.then(pair).then(swap).then(from_base64))
        except (OSError, JsException) as error:
            raise ValueError("not base64") from error

    async def unescape(self) -> "JsBlob":
        """The text of a JSON string whose quotes these bytes stand between."""
        decoder, encoder = TextDecoder.new(), TextEncoder.new()
        await MEMORY.room(self.size)
        text = Promise.resolve(self.array).then(decoder.decode.bind(decoder))
        concat = js.Reflect.apply.bind(js.Reflect, String.prototype.concat, '"')
        quoted = Promise.all(to_js([text, '"'])).then(concat)
        parsed = quoted.then(js.JSON.parse.bind(js.JSON))
        try:
            return JsBlob(await parsed.then(encoder.encode.bind(encoder)))
        except (OSError, JsException) as error:
            raise ValueError("not the text of a string") from error

    async def sha256(self) -> str:
        """The SHA-256 digest in hexadecimal, reckoned by the runtime."""
        digest = await js.crypto.subtle.digest("SHA-256", self.array)
        return bytes(digest.to_bytes()).hex()

    async def gzip(self) -> "JsBlob":
        """The same bytes as a gzip file, made and kept in JavaScript."""
        await MEMORY.room(self.size)
        packed = Response.new(self.array).body.pipeThrough(CompressionStream.new("gzip"))
        return JsBlob(Uint8Array.new(await Response.new(packed).arrayBuffer()))


def gather(pieces: list[Any], size: int) -> JsBlob:
    """Pieces one after the other; a single one is not copied, several are freed at once."""
    if len(pieces) == 1:
        return JsBlob(pieces[0])
    whole = Uint8Array.new(size)
    position = 0
    for piece in pieces:
        whole.set(piece, position)
        position += int(piece.byteLength)
        piece.buffer.transfer(0)
    return JsBlob(whole)


def join(parts: Sequence[Part]) -> Any:
    """Parts as one JavaScript value that the body of a request can be; no parts are none.

    What is large is read from where it lies, as a stream whose length is known all the same: the
    runtime would copy an array twice and a `Blob` three times. The parts must be kept meanwhile.
    """
    size = size_of(parts)
    if size < LARGE_BYTES:
        return small_body(parts)
    return stream_of([to_array(part) for part in parts]).pipeThrough(FixedLengthStream.new(size))


def stream_of(arrays: Sequence[Any]) -> Any:
    """Arrays as a stream of views of them, each of which the runtime copies when its turn comes."""
    return ReadableStream.from_(to_js(views_of(arrays, CHUNK_BYTES)))


def views_of(arrays: Sequence[Any], size: int) -> list[Any]:
    """Views of arrays, one after the other, each of at most `size` bytes."""
    return [
        array.subarray(start, start + size)
        for array in arrays
        for start in range(0, int(array.byteLength), size)
    ]


async def read_body(message: Any, size: int) -> JsBlob:
    """The body of a `Response`, a `Request` or an object of a bucket, whose size is known.

    It waits for the memory.
    """
    try:
        await MEMORY.room(size)
    except BaseException:
        let_fail(message.body.cancel())
        raise
    with MEMORY.held(size):
        return JsBlob(Uint8Array.new(await message.arrayBuffer()))


def to_array(part: Part) -> Any:
    """A part of a body as a `Uint8Array`, copied only if it is in Python's memory."""
    if isinstance(part, JsBlob):
        return part.array
    return to_js(part if isinstance(part, bytes) else part.head(part.size))


def size_of(parts: Sequence[Part]) -> int:
    """The number of bytes of all parts."""
    return sum(len(part) if isinstance(part, bytes) else part.size for part in parts)


def small_body(parts: Sequence[Part]) -> Any:
    """Small parts as one array, which the runtime copies; no parts are none."""
    if len(parts) > 1:
        whole = [part if isinstance(part, bytes) else part.head(part.size) for part in parts]
        return to_js(b"".join(whole))
    return to_array(parts[0]) if parts else None
