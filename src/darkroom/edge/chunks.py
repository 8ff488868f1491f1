"""A reader of a streamed body: its chunks are read ahead of whoever waits for them.

To call Python for each chunk costs more than the chunk itself. So a chain of promises, whose steps
are the runtime's own functions, reads and keeps them. Python is called for the first that it waits
for, and takes all that have come at once.

Each chunk that wakes the isolate costs ten times what it costs to read it with others. So chunks
that come faster than they are taken stay with the runtime for a while, and are read together.
"""

import asyncio
import math
from functools import cache
from time import monotonic
from typing import Any

import js
from js import Array, Event, EventTarget, Function, Object, Promise, setTimeout
from pyodide.ffi import create_proxy

from darkroom.edge.blob import LARGE_BYTES, MEMORY
from darkroom.edge.json_objects import to_object
from darkroom.edge.promises import let_fail
from darkroom.http import Pause
from darkroom.memory_budget import ANSWER, SMALL_BYTES

CHUNKS_AHEAD = 16  # of 4 KiB at the most
GATHERED_BYTES = 64 * 1024  # in a pause
UNREAD_S = 0.05  # that chunks stay with the runtime at the most; in a longer pause they are read
FULL_BYTES = 4096  # a read that gives as much may have left more, such as the rest of a picture
READING_S = 0.005  # in which those that have come are read then
ARRIVAL = "chunk"


class ChunkReader:
    """Reads the chunks of a JavaScript stream of bytes.

    What comes within `pause_s()` after a chunk is taken with the next, at the latest when the body
    ends, or is more than should be held. Where chunks come in each pause of `UNREAD_S` at the most,
    nothing is read in it, and the end of the body is seen after it.
    """

    def __init__(self, body: Any, pause_s: Pause | None = None) -> None:
        self._reader = body.getReader()
        self._results = Array.new()  # the values of what each read gave: `{value, done}`
        self._arrivals = EventTarget.new()
        self._holds = Array.new()  # a promise in it is waited for before the next read
        steps = Array.of(
            self._holds.shift.bind(self._holds),
            self._reader.read.bind(self._reader),
            Object.values,
            Function.prototype.apply.bind(Array.prototype.push, self._results),
            self._arrivals.dispatchEvent.bind(self._arrivals, Event.new(ARRIVAL)),
        )
        self._read_ahead = _chain(steps, CHUNKS_AHEAD)
        self._reads = self._over = False
        self._error: BaseException | None = None
        self._on_arrival = create_proxy(self._wake)
        self._waiting: asyncio.Future[None] | None = None
        self._pause_s = pause_s
        self._taken_at = -math.inf
        self._is_hurried = False  # a few chunks came in the last pause
        self._end_hold: Any = None

    async def take(self) -> bytes:
        """All that has come since the last call, at least a byte; nothing at the end.

        Raises `ConnectionError` when the connection broke off.
        """
        pause_s = self._pause_s() if self._pause_s is not None else 0.0
        until = self._taken_at + pause_s
        is_early = (early_s := until - monotonic()) > 0
        if self._is_hurried and pause_s <= UNREAD_S and self._hold(early_s):
            await self._wait(early_s)
        while not (content := self._content()) and not self._over:
            if self._error is not None:
                raise ConnectionError("the upstream broke off") from self._error
            self._arrivals.addEventListener(ARRIVAL, self._on_arrival, _once())
            await self._wait()
            is_early = monotonic() < until
        while self._reads and (early_s := until - monotonic()) > 0:
            await self._wait(early_s)
            content += self._content()
            if len(content) > GATHERED_BYTES:
                break
        self._taken_at = monotonic()
        self._is_hurried = is_early and pause_s <= UNREAD_S and len(content) < FULL_BYTES
        return content

    def close(self) -> None:
        """Drop the rest."""
        if not self._over:
            let_fail(self._reader.cancel())
            self._arrivals.removeEventListener(ARRIVAL, self._on_arrival)
        if self._end_hold is not None:
            self._end_hold()
        self._on_arrival.destroy()

    def _hold(self, seconds: float) -> bool:
        """Begin no read for so long, less what reading takes; False where that is no time."""
        if seconds <= READING_S or not self._reads:
            return False
        hold = Promise.withResolvers()
        self._holds.push(hold.promise)
        self._end_hold = hold.resolve
        setTimeout(self._end_hold, (seconds - READING_S) * 1000)
        return True

    def _content(self) -> bytes:
        """The bytes that have come since the last call; reads on, ahead of the next."""
        pieces: list[memoryview] = []
        for result in self._results.splice(0).to_py() if self._results.length else ():
            if isinstance(result, memoryview):
                pieces.append(result)
            elif result:  # done
                self._over = True
                break
        if not (self._reads or self._over or self._error):
            self._reads = True
            self._read_ahead().add_done_callback(self._end_reading)
        return b"".join(pieces)

    def _end_reading(self, reading: "asyncio.Future[None]") -> None:
        """Note that as many chunks as are read ahead have come, or the end, or a failure."""
        self._reads = False
        if not reading.cancelled():
            self._error = reading.exception()
        self._wake()

    async def _wait(self, seconds: float = math.inf) -> None:
        """Wait for a chunk that is listened for, the end of reading ahead, or so long."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(seconds, self._wake) if seconds < math.inf else None
        try:
            await self._waiting
        finally:
            self._waiting = None
            if timer is not None:
                timer.cancel()

    def _wake(self, _event: object = None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class UnfinishedLine:
    """Counts what a streamed answer leaves in Python's heap until its line ends.

    A picture as base64 comes in one line (reference/gradio.md section 5).
    """

    def __init__(self) -> None:
        self._owner = MEMORY.current_owner()
        self._held = 0
        self._counted = 0

    def add(self, chunk: bytes) -> bool:
        """Take the next bytes; True where their line is a long one, which needs more memory."""
        end = chunk.rfind(b"\n")
        if end >= 0:
            self._held = len(chunk) - end - 1
            self.end()
        else:
            self._held += len(chunk)
        return self._held > LARGE_BYTES and self._held > self._counted

    async def wait_for_memory(self) -> None:
        """Wait until there is memory for more of the line, and count it."""
        await MEMORY.room(SMALL_BYTES, ANSWER, self._owner)
        MEMORY.hold(SMALL_BYTES, self._owner)
        self._counted += SMALL_BYTES

    def end(self) -> None:
        """Count nothing any more."""
        if self._counted:
            MEMORY.release(self._owner, self._counted)
            self._counted = 0


def _chain(steps: Any, times: int) -> Any:
    """A function that takes steps so many times, each when the last has come true.

    It returns the promise of the last. Promises are made in JavaScript alone: to Python they are
    futures, and cost as much.
    """
    begun = Array.from_(Array.new(1), Promise.resolve.bind(Promise))
    chain = begun.concat(*[steps] * times)
    return chain.reduce.bind(chain, _then())


@cache
def _once() -> Any:
    return to_object({"once": True})


@cache
def _then() -> Any:
    """`Promise.prototype.then` as a function of a promise and a step."""
    return Function.prototype.call.bind(js.Reflect.get(Promise.prototype, "then"))
