"""A reader of a streamed body that nobody watches: what came within a pause comes at once.

A read of the runtime's gives one chunk of HTTP, however many have come, and each wakes the isolate.
So one half of `tee()` is consumed by the runtime alone, in no time of JavaScript's or Python's, and
the other half gathers what came until it is read.
"""

import asyncio
import math
from typing import Any

import js
from pyodide.ffi import JsException

from darkroom.edge.promises import let_fail
from darkroom.http import Pause

GATHERED_BYTES = 64 * 1024  # of the body; what follows is read as it comes
ROOM_BYTES = 16 * 1024


class GatheringReader:
    """Reads the chunks of a JavaScript stream of bytes with `pause_s()` between two reads.

    The end of the body ends a pause.
    """

    def __init__(self, body: Any, pause_s: Pause) -> None:
        consumed, gathered = body.tee()
        bounded = consumed.pipeThrough(js.FixedLengthStream.new(GATHERED_BYTES))
        consuming = bounded.pipeTo(js.crypto.DigestStream.new("SHA-1"))
        consuming.add_done_callback(self._stop_pausing)
        self._reader = gathered.getReader(mode="byob")
        self._room = js.Uint8Array.new(ROOM_BYTES)
        self._pause_s = pause_s
        self._gathers = True
        self._read_at = -math.inf
        self._pausing: asyncio.Future[None] | None = None

    async def take(self) -> bytes:
        """All that has come, once the pause is over; nothing at the end.

        Raises `ConnectionError` when the connection broke off.
        """
        loop = asyncio.get_running_loop()
        pause_s = self._pause_s() if self._gathers else 0.0
        if pause_s and (early_s := self._read_at + pause_s - loop.time()) > 0:
            await self._pause(early_s)
        try:
            piece = (await self._reader.read(self._room)).value
        except (OSError, JsException) as error:
            raise ConnectionError("the upstream broke off") from error
        self._read_at = loop.time()
        content: bytes = piece.to_bytes() if piece else b""
        if content:
            self._room = js.Uint8Array.new(piece.buffer)
        return content

    def close(self) -> None:
        """Drop the rest."""
        let_fail(self._reader.cancel())

    async def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._pausing = loop.create_future()
        timer = loop.call_later(seconds, self._end_pause)
        try:
            await self._pausing
        finally:
            timer.cancel()
            self._pausing = None

    def _end_pause(self) -> None:
        if self._pausing is not None and not self._pausing.done():
            self._pausing.set_result(None)

    def _stop_pausing(self, consuming: "asyncio.Future[None]") -> None:
        """Read without pauses: all has come, or more than is gathered."""
        if not consuming.cancelled():
            consuming.exception()  # a body of another length is a failure to the runtime
        self._gathers = False
        self._end_pause()
