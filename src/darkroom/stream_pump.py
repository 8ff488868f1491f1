"""The pump of a streamed response: one task that runs a generator and writes its parts.

It runs a little ahead of the reader: to be asked for each part would cost a task and a promise of
the runtime's for each.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from darkroom.errors import Failure
from darkroom.http import HEARTBEAT_S, Part, RelayableReply, Remainder

MAX_AHEAD_BYTES = 64 * 1024  # that a slow reader has not taken
PART_BYTES = 256  # that a part takes beside its own


class StreamPump:
    """Writes what a generator yields, and heartbeats while it waits.

    `write` takes a part, and raises `ConnectionError` when the reader is gone; `pipe` hands on the
    rest of an upstream's body; `close` ends the response; `listen` is called where it waits for
    `note_read`. Stopped, the generator is closed wherever
    it waits, so that its clean-up runs.
    """

    def __init__(
        self,
        source: AsyncIterator[Part | Remainder],
        heartbeat: bytes,
        write: Callable[[Part], None],
        close: Callable[[], None],
        pipe: Callable[[RelayableReply], Awaitable[None]],
        *,
        listen: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._heartbeat = heartbeat
        self._write = write
        self._close = close
        self._pipe = pipe
        self._listen = listen
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._ahead_bytes = 0  # at the most: what was written since all had been read
        self._timer: asyncio.Handle | None = None
        self._until_read: asyncio.Future[None] | None = None  # what the task waits for, if it does

    def start(self) -> "asyncio.Task[None]":
        """Begin; the task ends with the response."""
        self._task = asyncio.ensure_future(self._run())
        if self._heartbeat:
            self._set_timer()
        return self._task

    async def stop(self) -> None:
        """End at once; several calls wait for the same end.

        The clean-up, which may take a moment, is not broken off by another call.
        """
        if self._task is None:
            return
        if not self._stopped:
            self._stopped = True
            self._task.cancel()
        await asyncio.wait({self._task})
        await self._end()  # of a task that was cancelled before it began

    def note_read(self) -> None:
        """Note that all that was written has been read."""
        self._ahead_bytes = 0
        if self._until_read is not None and not self._until_read.done():
            self._until_read.set_result(None)

    async def _run(self) -> None:
        try:
            async for part in self._source:
                if isinstance(part, Remainder):
                    await self._relay(part)
                else:
                    await self._put(part)
            self._close()
        except ConnectionError:
            pass
        finally:
            await self._end()

    async def _put(self, part: Part) -> None:
        self._write(part)
        if isinstance(part, bytes):
            self._ahead_bytes += PART_BYTES + len(part)
            is_free = self._ahead_bytes < MAX_AHEAD_BYTES
        else:
            is_free = False  # it has to be kept until it has been read
        if not is_free:
            await self._wait_until_read()

    async def _relay(self, rest: Remainder) -> None:
        """Let the runtime write; the generator learns of a failure, and says how it is told."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._pipe(rest.reply)
        except ConnectionError:
            failure: Failure = rest.lost
        except Failure as late:
            failure = late
        else:
            return
        assert isinstance(self._source, AsyncGenerator)  # noqa: S101 - others yield no remainder
        try:
            await self._put(await self._source.athrow(failure))
        except StopAsyncIteration:
            return

    async def _wait_until_read(self) -> None:
        self._until_read = asyncio.get_running_loop().create_future()
        self._listen()
        try:
            await self._until_read
        finally:
            self._until_read = None

    async def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)

    def _beat(self) -> None:
        """Write a heartbeat, but never between the parts of one event."""
        self._set_timer()
        if self._until_read is None:
            try:
                self._write(self._heartbeat)
            except ConnectionError:
                return  # the task notices by itself
