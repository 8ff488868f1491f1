"""One call of an API and its answer."""

import asyncio

from starlette.types import Receive, Scope, Send

from ..common.exchange import WatchedExchange
from ..common.journal import Entry
from .body import Body, parse_body
from .faults import ClientLeft


class Exchange(WatchedExchange):
    """A call whose body is parsed for the stand-in."""

    entry: Entry

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(receive, send)
        self.body = Body()
        self.entry = Entry(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=read_headers(scope),
        )

    async def read_body(self) -> None:
        """Read all that the client sends. Raises `ClientLeft` when it stops half-way."""
        content = await self.read_parts()
        if self.client_has_left:
            self.entry.disconnected = True
            raise ClientLeft
        self.body = await parse_body(self.entry.headers, content)
        self.entry.body = self.body.readable()

    async def pause(self, seconds: float) -> None:
        """Let time pass. Raises `ClientLeft` as soon as the client leaves."""
        try:
            await asyncio.wait_for(self._left.wait(), seconds)
        except TimeoutError:
            return
        raise ClientLeft


def read_headers(scope: Scope) -> dict[str, str]:
    """The headers by lower-case name, those that came repeatedly joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
