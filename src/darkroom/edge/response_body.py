"""Response bodies, handed to the runtime."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import js
from js import AbortController, Array, FixedLengthStream, Object, ReadableStream, Response, Symbol
from pyodide.ffi import JsException, to_js

from darkroom.edge.blob import (
    CHUNK_BYTES,
    LARGE_BYTES,
    MEMORY,
    size_of,
    small_body,
    to_array,
    views_of,
)
from darkroom.edge.json_objects import to_object
from darkroom.edge.promises import let_fail
from darkroom.errors import Busy, Failure
from darkroom.http import Part
from darkroom.transfer_rate import TransferRate, supervised

WINDOW_CHECKS = 5  # of a second each
VIEW_BYTES = 128 * 1024


def hand_over(parts: Sequence[Part], wait_until: Callable[[Any], None]) -> Any:
    """Parts as one JavaScript value that the body of a response can be; no parts are none.

    Of a large body the runtime copies one chunk at a time, as the caller takes it; the parts are
    kept until then. `wait_until` lets that end. A caller who takes nothing for five seconds, while
    other requests wait for memory, is cut off.
    """
    size = size_of(parts)
    if size < LARGE_BYTES:
        return small_body(parts)
    arrays = [to_array(part) for part in parts]
    if size < CHUNK_BYTES:
        return _copied(arrays, size)
    return _Delivery(parts, arrays, size).start(wait_until)


def respond(content: Any, status: int, headers: Mapping[str, str]) -> Any:
    """A JavaScript `Response` with a body that was handed over, or None."""
    return Response.new(content, status=status, headers=to_object(headers))


def _copied(arrays: Sequence[Any], size: int) -> Any:
    """Arrays as a stream of a known length, which the runtime copies at once."""
    stream = FixedLengthStream.new(size)
    writer = stream.writable.getWriter()
    for array in arrays:
        let_fail(writer.write(array))  # who leaves misses nothing
    let_fail(writer.close())
    return stream.readable


class _Delivery:
    """A body that is given out chunk by chunk, without Python's help."""

    def __init__(self, parts: Sequence[Part], arrays: Sequence[Any], size: int) -> None:
        self._parts = parts  # kept, as the arrays are freed with them
        steps = [{"done": False, "value": view} for view in views_of(arrays, VIEW_BYTES)]
        self._count = len(steps)
        last: list[dict[str, Any]] = [{"done": True}]
        self._steps = to_js(steps + last, dict_converter=Object.fromEntries)
        self._size = size
        self._transfer_rate = TransferRate(WINDOW_CHECKS)
        self._controller = AbortController.new()

    def start(self, wait_until: Callable[[Any], None]) -> Any:
        """Begin; returns the stream."""
        stream = FixedLengthStream.new(self._size)
        source = ReadableStream.from_(_iterable(self._steps))
        piped = source.pipeTo(stream.writable, signal=self._controller.signal)
        wait_until(asyncio.ensure_future(self._end(piped)))
        return stream.readable

    async def _end(self, piped: Any) -> None:
        """Wait until all was taken, or the caller is gone; then let go of the parts."""
        try:
            with supervised(self._check):
                await piped
        except Busy:
            self._controller.abort()
        except (OSError, JsException):
            pass  # the caller has left
        finally:
            self._parts = ()

    def _check(self) -> Failure | None:
        taken = self._count + 1 - int(self._steps.length)
        self._transfer_rate.note(taken)
        if MEMORY.is_short and self._transfer_rate.is_below(1):
            return Busy("The answer was not taken, while other requests waited for memory.")
        return None


def _iterable(steps: Any) -> Any:
    """An iterable of JavaScript's that takes what `next` returns from the front of an array."""
    iterator = Object.fromEntries(to_js([["next", Array.prototype.shift.bind(steps)]]))
    js.Reflect.set(iterator, Symbol.iterator, Object.prototype.valueOf)
    return iterator
