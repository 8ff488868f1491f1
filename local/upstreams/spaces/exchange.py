"""One request and its answer, with an eye on whether the client is still there."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Send

from .journal import Entry

LAST_EVENT = b'"msg":"close_stream"'


class Exchange:
    """Stands between the server and a Space without holding back any part of the answer.

    The body is read ahead, for the log, and handed to the Space by `receive`; from then on
    only `watch` listens to the server.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._body_is_due = True
        self._ended = False
        self._left = asyncio.Event()
        self.body = b""
        self.headers: dict[str, str] = {}
        """Headers to add to the answer, whoever gives it."""
        self.entry: Entry | None = None

    async def read_body(self) -> None:
        """Read all that the client sends, or as much as it does before it leaves."""
        parts: list[bytes] = []
        while not self._left.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._left.set()
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        self.body = b"".join(parts)

    async def watch(self) -> None:
        """Wait for the client to leave. The server says so too when the answer is complete."""
        while not self._left.is_set():
            if (await self._receive())["type"] == "http.disconnect":
                self._left.set()
        if self.entry and not self._ended:
            self.entry.disconnected = True

    @property
    def client_has_left(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._left.is_set()

    @property
    def has_begun(self) -> bool:
        """Whether the answer has."""
        return self.entry is not None and self.entry.status is not None

    async def receive(self) -> Message:
        """ASGI's `receive`, for whoever answers."""
        if self._body_is_due:
            self._body_is_due = False
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """ASGI's `send`, for whoever answers."""
        if message["type"] == "http.response.start":
            self._note_start(message)
        elif message["type"] == "http.response.body":
            # A client may hang up at the last event of a stream: nothing is lost on it.
            self._ended |= not message.get("more_body") or LAST_EVENT in message.get("body", b"")
        await self._send(message)

    async def client_leaves_before(self, something: Coroutine[Any, Any, Any]) -> bool:
        """Wait for `something` or for the client to leave; whether it was the latter."""
        waiting = asyncio.ensure_future(something)
        leaving = asyncio.ensure_future(self._left.wait())
        try:
            await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            leaving.cancel()
        return self.client_has_left

    def close(self) -> None:
        """Note that the answer is over, however it ended."""
        if self.entry and self.entry.disconnected is None:
            self.entry.disconnected = False

    def _note_start(self, message: Message) -> None:
        MutableHeaders(scope=message).update(self.headers)
        if self.entry:
            self.entry.status = message["status"]
