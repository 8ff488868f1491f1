"""The hf.space edge: what stands between a caller and a Space.

Plain ASGI, so that nothing but the edge itself can hold back a part of a stream.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..common.journal import Entry, Journal
from . import replicas
from .bodies import readable
from .call import Call, parse_call, redirect
from .callers import ALLOWANCE_HEADER
from .control import control_app
from .exchange import Exchange
from .files import without_lost_files
from .modes import OUTAGES, Mode, Modes, missing_page, queue_full
from .tokens import Doorman, allowance

log = logging.getLogger(__name__)

# The real edge keeps the first from the Space and writes the second itself.
HIDDEN_HEADERS = (b"x-hf-authorization", ALLOWANCE_HEADER.encode())


class Edge:
    """An ASGI application: `spaces_app` with the edge in front of it, and the control routes."""

    def __init__(self, spaces_app: ASGIApp, spaces: Iterable[str]) -> None:
        self._spaces = spaces_app
        self._modes = Modes(spaces)
        self._journal = Journal()
        self._doorman = Doorman()
        self._replicas = replicas.Replicas()
        self._control = control_app(self._modes, self._journal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            await self._spaces(scope, receive, send)
            return
        call = parse_call(scope)
        if call is None:
            await self._control(scope, receive, send)
            return
        await self._attend(scope, call, Exchange(receive, send))

    async def _attend(self, scope: Scope, call: Call, exchange: Exchange) -> None:
        """Note the request, answer it, and note how that ended."""
        await exchange.read_body()
        call = replace(call, body=exchange.body)
        exchange.entry = self._journal.open(
            Entry(
                call.method, call.path, call.query, call.headers, await readable(call), call.space
            )
        )
        if exchange.client_has_left:
            exchange.entry.disconnected = True
            return
        watch = asyncio.create_task(exchange.watch())
        try:
            await self._answer(scope, call, exchange)
        finally:
            watch.cancel()
            exchange.close()

    async def _answer(self, scope: Scope, call: Call, exchange: Exchange) -> None:
        if call.space not in self._modes:
            await missing_page()(scope, exchange.receive, exchange.send)
            return
        if self._modes[call.space] is Mode.HANG:
            change = self._modes.left(call.space, Mode.HANG)
            if await exchange.client_leaves_before(change):
                return
        mode, astray = self._modes[call.space], False
        if mode is Mode.REPLICAS:
            replica = self._replicas.place(call)
            astray = self._replicas.lacks(replica, call)
            exchange.headers.update(replicas.headers(replica))
        reply = self._own_reply(call, mode)
        if reply is None and astray:
            reply = replicas.refuse(call)
        if reply is not None:
            await reply(scope, exchange.receive, exchange.send)
            return
        delay_s = self._doorman.delay_join_s(call.token) if call.is_join else 0.0
        if delay_s and await exchange.client_leaves_before(asyncio.sleep(delay_s)):
            return
        if call.is_join:
            exchange.body = without_lost_files(call, lose_all=astray)
        inner = redirect(scope, call, lose_session=mode is Mode.VANISH or astray)
        inner["headers"] = inner_headers(scope, call)
        await self._pass_on(inner, call, exchange, mode)

    def _own_reply(self, call: Call, mode: Mode) -> Response | None:
        """The answer when the call does not get as far as the Space."""
        if mode in OUTAGES:
            return OUTAGES[mode]()
        refusal = self._doorman.refuse(call.token)
        if refusal is not None:
            return refusal
        if call.is_join:
            return queue_full() if mode is Mode.FULL else self._doorman.refuse_join(call.token)
        return None

    async def _pass_on(self, inner: Scope, call: Call, exchange: Exchange, mode: Mode) -> None:
        if mode is Mode.CUT and call.is_stream:
            await self._pass_first_event(inner, exchange)
            return
        try:
            await self._spaces(inner, exchange.receive, exchange.send)
        except Exception as error:
            # Gradio breaks off the stream of a session it does not know by an exception. Without
            # an end to the answer the server cuts the connection, as it does for the exception.
            if not exchange.has_begun:
                raise
            log.warning("%s broke off %s: %s", call.space, call.path, error)

    async def _pass_first_event(self, scope: Scope, exchange: Exchange) -> None:
        """Pass on the answer up to its first event, and leave it without an end."""
        passed = asyncio.Event()

        async def send(message: Message) -> None:
            if passed.is_set():
                return
            await exchange.send(message)
            if message.get("body"):
                passed.set()

        space = asyncio.ensure_future(self._spaces(scope, exchange.receive, send))
        cut = asyncio.ensure_future(passed.wait())
        try:
            await asyncio.wait((space, cut), return_when=asyncio.FIRST_COMPLETED)
        finally:
            cut.cancel()
            space.cancel()
            await asyncio.gather(space, return_exceptions=True)


def inner_headers(scope: Scope, call: Call) -> list[tuple[bytes, bytes]]:
    """The headers that the Space gets to see."""
    kept = [(name, value) for name, value in scope["headers"] if name not in HIDDEN_HEADERS]
    return [*kept, (ALLOWANCE_HEADER.encode(), allowance(call.token).encode())]
