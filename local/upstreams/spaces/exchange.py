"""One request to a Space and its answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Send

from ..common.exchange import WatchedExchange

LAST_EVENT = b'"msg":"close_stream"'


class Exchange(WatchedExchange):
    """A request whose body is handed on to the Space; `headers` are added to its answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        super().__init__(receive, send)
        self._body_is_due = True
        self.body = b""
        self.headers: dict[str, str] = {}

    async def read_body(self) -> None:
        """Read all that the client sends, or as much as it does before it leaves."""
        self.body = await self.read_parts()

    @property
    def has_begun(self) -> bool:
        """Whether the answer has."""
        return self.entry is not None and self.entry.status is not None

    async def receive(self) -> Message:
        """ASGI's `receive`, for whoever answers: first the body, once."""
        if self._body_is_due:
            self._body_is_due = False
            return {"type": "http.request", "body": self.body, "more_body": False}
        return await super().receive()

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

    def start(self, message: Message) -> None:
        """Add the headers, and log the status."""
        MutableHeaders(scope=message).update(self.headers)
        super().start(message)

    def is_last(self, message: Message) -> bool:
        """Whether it is the end: a client may hang up at a stream's last event without a loss."""
        return super().is_last(message) or LAST_EVENT in message.get("body", b"")
