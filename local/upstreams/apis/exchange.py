"""One request and its answer, with an eye on whether the client is still there."""

import asyncio

from starlette.types import Message, Receive, Scope, Send

from .body import Body, parse_body
from .journal import Entry
from .troubles import ClientLeft


class Exchange:
    """Stands between the server and a stand-in without holding back any part of the answer.

    The body is read ahead, for the log; from then on only `watch` listens to the server.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._left = asyncio.Event()
        self._ended = False
        self.body = Body()
        self.entry = Entry(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=read_headers(scope),
        )

    async def read_body(self) -> None:
        """Read all that the client sends. Raises `ClientLeft` when it stops half-way."""
        parts, more = [], True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.entry.disconnected = True
                raise ClientLeft
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        self.body = await parse_body(self.entry.headers, b"".join(parts))
        self.entry.body = self.body.readable()

    async def watch(self) -> None:
        """Wait for the client to leave. The server says so too when the answer is complete."""
        while not self._left.is_set():
            if (await self._receive())["type"] == "http.disconnect":
                self._left.set()
        if not self._ended:
            self.entry.disconnected = True

    async def receive(self) -> Message:
        """ASGI's `receive`, for whoever answers: the body has been read already."""
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """ASGI's `send`, for whoever answers."""
        if message["type"] == "http.response.start":
            self.entry.status = message["status"]
        elif message["type"] == "http.response.body":
            self._ended |= not message.get("more_body")
        await self._send(message)

    async def pause(self, seconds: float) -> None:
        """Let time pass. Raises `ClientLeft` as soon as the client leaves."""
        try:
            await asyncio.wait_for(self._left.wait(), seconds)
        except TimeoutError:
            return
        raise ClientLeft

    def close(self) -> None:
        """Note that the answer is over, however it ended."""
        if self.entry.disconnected is None:
            self.entry.disconnected = False


def read_headers(scope: Scope) -> dict[str, str]:
    """The headers by lower-case name, those that came repeatedly joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
