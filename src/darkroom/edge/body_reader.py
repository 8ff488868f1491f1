"""A reader of request and response bodies into JavaScript's memory, within the memory budget."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeGuard

from js import ArrayBuffer, Uint8Array
from pyodide.ffi import JsException

from darkroom.blob import Blob, BytesBlob
from darkroom.edge.blob import CHUNK_BYTES, LARGE_BYTES, MEMORY, JsBlob
from darkroom.edge.json_objects import to_object
from darkroom.edge.packed_body import UnpackingReader
from darkroom.edge.promises import let_fail
from darkroom.errors import Busy, Failure
from darkroom.memory_budget import ANSWER, MIB, SMALL_BYTES, UPLOAD, UPLOAD_IN_PARTS, WaitPolicy
from darkroom.transfer_rate import TransferRate, supervised
from darkroom.unpacking import BadlyPacked

FIRST_CHUNK_BYTES = 4 * 1024  # most bodies are small
IN_PLACE_BYTES = 1024 * 1024  # at a time
DRAINED_CHUNK_BYTES, DRAIN_LIMIT_S = 256 * 1024, 10.0
WINDOW_CHECKS = 5  # of a second each
SLOWEST_WINDOW_BYTES = 160 * 1024  # 32 KiB/s


@cache
def _byob() -> Any:
    return to_object({"mode": "byob"})


class TooLong(Exception):
    """A stream has more bytes than were allowed."""


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """The policy of reading one kind of body.

    Memory is asked for `ahead_bytes` beyond what has come, or for as much as has come where that is
    less; with `trusts_length` for the whole length that was declared. `slow` is the failure of a
    body that comes too slowly while others wait for memory, `idle` that of one of which nothing
    comes for `idle_limit_s`. With `drains` the rest of one that is refused is read and dropped.
    """

    terms: WaitPolicy
    terms_in_parts: WaitPolicy  # for a body that is large, or of which nobody knows
    ahead_bytes: int
    trusts_length: bool
    slow: Callable[[], Failure]
    idle: Callable[[], Failure] | None = None
    idle_limit_s: int = 0
    drains: bool = False


def upload(
    slow: Callable[[], Failure], idle: Callable[[], Failure], idle_limit_s: int
) -> ReadPolicy:
    """The manner for what callers send: nothing is held for what is merely announced."""
    return ReadPolicy(
        UPLOAD, UPLOAD_IN_PARTS, 4 * MIB, False, slow, idle, idle_limit_s, drains=True
    )


def answer(slow: Callable[[], Failure]) -> ReadPolicy:
    """The manner for what upstreams answer: what has begun should not stop halfway."""
    return ReadPolicy(ANSWER, ANSWER, 8 * MIB, True, slow)


def is_small(declared: str | None, limit: int) -> TypeGuard[str]:
    """True for a body that is read in one piece: its declared length is at most a chunk."""
    if not declared or not declared.isdecimal():
        return False
    return 0 < int(declared) <= min(limit, FIRST_CHUNK_BYTES)


async def read_small(body: Any, declared: str) -> Blob:
    """All of a small stream of bytes; raises a `ConnectionError` where it is not as declared."""
    if not body:
        return BytesBlob(b"")
    reader = body.getReader(_byob())
    size = int(declared) + 1  # so that the same read finds the end
    try:
        piece = (await reader.readAtLeast(size, Uint8Array.new(size))).value
    except BaseException as error:
        let_fail(reader.cancel())  # it may have broken off already
        if isinstance(error, JsException):
            raise ConnectionError("the body broke off") from error
        raise
    content: bytes = piece.to_bytes()
    if len(content) == size:
        let_fail(reader.cancel())
        raise ConnectionError("the body is longer than was declared")
    return BytesBlob(content)


async def read_all(
    body: Any, declared: str | None, limit: int, manner: ReadPolicy, coding: str | None = None
) -> JsBlob:
    """All of a stream of bytes of the runtime's own; raises `TooLong` past `limit` bytes.

    With a `coding` it is unpacked, no further than to the limit; raises `BadlyPacked` for what
    cannot be.

    `declared` is the length that its sender declared, if any. It binds nobody: a compressed body is
    longer than that of its message. Raises `Busy` when no memory comes free, and the failures of
    `manner`, and an `OSError` for a body that broke off. One that is not read to its end is
    cancelled.
    """
    if not body:
        return JsBlob(Uint8Array.new(0))
    expected = int(declared) if declared and declared.isdecimal() else 0
    reader = body.getReader(_byob())
    source = reader
    if coding is not None:
        source, expected = UnpackingReader(reader, coding, limit, TooLong), 0
    reading = _Reading(source, expected, limit, manner)
    try:
        with supervised(reading.check):
            return await reading.run()
    except (TooLong, Busy, BadlyPacked):
        reading.free()
        if manner.drains:
            await _drain(reader)
        let_fail(reader.cancel())
        raise
    except BaseException as error:
        let_fail(reader.cancel())  # it may have broken off already
        if isinstance(error, JsException):
            raise ConnectionError("the body broke off") from error
        raise
    finally:
        reading.free()


async def _drain(reader: Any) -> None:
    """Read the rest of a body that is refused, whatever its length.

    Who still sends would find the connection closed, no answer: `wrangler dev` loses the answer to
    a request whose body was read in part.
    """
    room = Uint8Array.new(DRAINED_CHUNK_BYTES)
    with suppress(TimeoutError, OSError, JsException):
        async with asyncio.timeout(DRAIN_LIMIT_S):
            while True:
                piece = (await reader.readAtLeast(DRAINED_CHUNK_BYTES, room)).value
                if piece.byteLength < DRAINED_CHUNK_BYTES:
                    return
                room = Uint8Array.new(piece.buffer)


class _Reading:
    """One body on its way.

    The runtime hands over some 4 KiB at a time, at 60 µs each, unless it is asked for more.
    """

    def __init__(self, reader: Any, expected: int, limit: int, manner: ReadPolicy) -> None:
        self._reader = reader
        self._expected = expected
        self._limit = limit
        self._manner = manner
        self._owner = MEMORY.current_owner()
        is_small = 0 < expected <= SMALL_BYTES
        self._terms = manner.terms if is_small else manner.terms_in_parts
        self._transfer_rate = TransferRate(WINDOW_CHECKS)
        self._held = 0  # bytes that have come
        self._reserved = 0  # bytes that are counted
        self._waits = False
        self._whole: Any = None  # the array that pieces are copied to, if there are several

    async def run(self) -> JsBlob:
        """All of the body."""
        if self._expected > self._limit:
            raise TooLong
        first: Any = None
        if self._manner.trusts_length and self._expected > LARGE_BYTES and not MEMORY.is_short:
            await self._read_in_place()
            size = FIRST_CHUNK_BYTES
        else:
            size = await self._first_size()
        room = Uint8Array.new(size)
        while True:
            piece = (await self._reader.readAtLeast(size, room)).value
            count = int(piece.byteLength)
            if self._held + count > self._limit:
                raise TooLong
            if count and first is None and self._whole is None:
                first = piece
            elif count:
                self._append(first, piece, count)
            self._held += count
            if count < size:
                break
            size = FIRST_CHUNK_BYTES
            if self._held != self._expected:  # more is to come
                size = self._next_size()
                await self._reserve(self._held + 2 * size)  # until it is copied it is there twice
            room = Uint8Array.new(size)
        return self._finished(piece if first is None else first)

    async def _read_in_place(self) -> None:
        """Read as many bytes as were declared, into the array that they stay in.

        A read takes the array from its owner, and gives it back.
        """
        await self._reserve(self._expected)
        whole = ArrayBuffer.new(self._expected)
        while (size := min(IN_PLACE_BYTES, self._expected - self._held)) > 0:
            room = Uint8Array.new(whole, self._held, size)
            piece = (await self._reader.readAtLeast(size, room)).value
            whole = piece.buffer
            self._held += int(piece.byteLength)
            if piece.byteLength < size:
                break
        self._whole = whole

    def check(self) -> Failure | None:
        """The failure to end the reading with, if it is too slow."""
        if self._waits:
            return None
        self._transfer_rate.note(self._held)
        manner = self._manner
        if manner.idle and self._transfer_rate.idle_checks >= manner.idle_limit_s:
            return manner.idle()
        if self._reserved > LARGE_BYTES and MEMORY.is_short:
            return manner.slow() if self._transfer_rate.is_below(SLOWEST_WINDOW_BYTES) else None
        return None

    def free(self) -> None:
        """Give back all that is still held."""
        if self._whole is not None:
            self._whole.transfer(0)
            self._whole = None
        MEMORY.release(self._owner, self._reserved)
        self._reserved = 0

    async def _first_size(self) -> int:
        """The bytes to reserve first: all of a small body, if there is plenty of memory."""
        if not 0 < self._expected <= SMALL_BYTES:
            return FIRST_CHUNK_BYTES
        if self._expected > LARGE_BYTES and MEMORY.is_short:
            return FIRST_CHUNK_BYTES
        await self._reserve(self._expected)
        return self._expected + 1  # so that the same read finds the end

    def _next_size(self) -> int:
        most = LARGE_BYTES if MEMORY.is_short else CHUNK_BYTES
        if self._held < self._expected:
            most = min(most, self._expected - self._held)
        return min(most, max(FIRST_CHUNK_BYTES, self._held))

    async def _reserve(self, needed: int) -> None:
        """Count at least so many bytes, when they fit."""
        if needed <= self._reserved:
            return
        wanted = needed if self._held < CHUNK_BYTES else self._target(needed)
        self._waits = True
        await MEMORY.room(wanted - self._reserved, self._terms, self._owner)
        self._waits = False
        MEMORY.hold(wanted - self._reserved, self._owner)
        self._reserved = wanted

    def _target(self, needed: int) -> int:
        """The bytes to reserve ahead of what comes."""
        manner, within = self._manner, self._held < self._expected
        if manner.trusts_length:
            target = self._expected if within else self._held + manner.ahead_bytes
        else:
            ahead = SMALL_BYTES if MEMORY.is_short else manner.ahead_bytes
            target = self._held + min(self._held, ahead)
        return max(needed, min(target, self._expected if within else self._limit) + CHUNK_BYTES)

    def _append(self, first: Any, piece: Any, count: int) -> None:
        held = self._held
        needed = held + count
        if self._whole is None:
            self._whole = ArrayBuffer.new(self._capacity(needed))
            Uint8Array.new(self._whole).set(first, 0)
            first.buffer.transfer(0)
        elif needed > int(self._whole.byteLength):
            self._whole = self._whole.transfer(self._capacity(needed))
        Uint8Array.new(self._whole, held, count).set(piece)
        piece.buffer.transfer(0)

    def _capacity(self, needed: int) -> int:
        """The size of the array for so many bytes."""
        doubled = max(self._expected if self._manner.trusts_length else 0, 2 * needed)
        return max(needed, min(doubled, self._reserved - CHUNK_BYTES))

    def _finished(self, single: Any) -> JsBlob:
        if self._whole is None:
            return JsBlob(single, size=self._held)
        whole, self._whole = self._whole, None
        if int(whole.byteLength) - self._held > LARGE_BYTES:
            whole = whole.transfer(self._held)
        return JsBlob(Uint8Array.new(whole, 0, self._held))
