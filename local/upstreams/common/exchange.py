"""One request and its answer, with an eye on whether the client is still there."""

import asyncio

from starlette.types import Message, Receive, Send

from .journal import Entry


class WatchedExchange:
    """Stands between the server and a stand-in without holding back any part of the answer.

    The body is read ahead, for the log; from then on only `watch` listens to the server.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._left = asyncio.Event()
        self._ended = False
        self.entry: Entry | None = None

    @property
    def client_has_left(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._left.is_set()

    async def read_parts(self) -> bytes:
        """Read all that the client sends, or as much as it does before it leaves."""
        parts, more = [], True
        while more and not self._left.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._left.set()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        return b"".join(parts)

    async def watch(self) -> None:
        """Wait for the client to leave. The server says so too when the answer is complete."""
        while not self._left.is_set():
            if (await self._receive())["type"] == "http.disconnect":
                self._left.set()
        if self.entry and not self._ended:
            self.entry.disconnected = True

    async def receive(self) -> Message:
        """ASGI's `receive`, for whoever answers: the body has been read already."""
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """ASGI's `send`, for whoever answers."""
        if message["type"] == "http.response.start":
            self.start(message)
        elif message["type"] == "http.response.body":
            self._ended |= self.is_last(message)
        await self._send(message)

    def start(self, message: Message) -> None:
        """Log the status of an answer that begins."""
        if self.entry:
            self.entry.status = message["status"]

    def is_last(self, message: Message) -> bool:
        """Whether nothing of the answer comes after a part of its body."""
        return not message.get("more_body")

    def close(self) -> None:
        """Log that the answer is over, however it ended."""
        if self.entry and self.entry.disconnected is None:
            self.entry.disconnected = False
