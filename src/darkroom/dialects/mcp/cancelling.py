"""Cancellation of calls by clients of 2025, who say so in a request of its own.

That may reach another isolate, so a call looks at the board that `ProgressStore` keeps for it. The
board is found by the session, which cannot be guessed: nobody cancels what somebody else called.
"""

import asyncio
import hashlib
import json
from contextlib import suppress

from darkroom.context import RequestContext
from darkroom.deadline import Deadline
from darkroom.dialects.mcp.message import Message, is_id
from darkroom.dialects.mcp.peer import Peer
from darkroom.errors import Failure, JobFailed
from darkroom.stores.progress import Interrupt, JobProgress
from darkroom.stores.unavailable import StoreUnavailable

CANCELLED = "notifications/cancelled"
PAUSE_S = 2.0  # between two looks at the board: each is a sub-request at the edge
STORE_LIMIT_S = 3.0
_KIND = "mcp"


async def cancel_call(message: Message, peer: Peer, context: RequestContext) -> None:
    """Have the call stop that a notification names, if it is at work."""
    called = message.params.get("requestId")
    if peer.session is None or not is_id(called):
        return
    with suppress(StoreUnavailable, Failure):
        with context.deadline.limit(STORE_LIMIT_S, lambda: JobFailed("too slow")):
            board = _board(peer.session, called, context)
            await context.gateway.progress_store.halt(board, Interrupt.INTERRUPT)


class CancelWatch:
    """A look at whether a call is to stop, which holds up nothing."""

    def __init__(self, session: str, called: str | int, context: RequestContext) -> None:
        self.is_cancelled = False
        self._board = _board(session, called, context)
        self._context = context
        self._progress = JobProgress(_KIND, context.gateway.clock.time(), 1)
        self._looking: asyncio.Future[None] | None = None

    def look(self) -> None:
        """Look again, unless that is being done."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())

    async def end(self) -> None:
        """Take the call off its board."""
        if self._looking is None:
            return
        # The request's own time may be up, so this has a little of its own.
        deadline = Deadline.after(2 * STORE_LIMIT_S, self._context.gateway.clock)
        await asyncio.gather(self._looking, return_exceptions=True)
        with suppress(StoreUnavailable, Failure):
            with deadline.limit(STORE_LIMIT_S, lambda: JobFailed("too slow")):
                await self._context.gateway.progress_store.clear(self._board, _KIND)

    async def _look(self) -> None:
        with suppress(StoreUnavailable, Failure):
            with self._context.deadline.limit(STORE_LIMIT_S, lambda: JobFailed("too slow")):
                halt = await self._context.gateway.progress_store.show(
                    self._board, _KIND, self._progress
                )
                self.is_cancelled = self.is_cancelled or halt is not None


def watch_for(message: Message, peer: Peer, context: RequestContext) -> CancelWatch | None:
    """The watch of a call; None where closing the connection alone cancels it."""
    if peer.session is None or message.id is None or context.observer is not None:
        return None
    return CancelWatch(peer.session, message.id, context)


def _board(session: str, called: str | int, context: RequestContext) -> str:
    known_by = ("mcp", session, json.dumps(called), context.caller.digest or "")
    return hashlib.sha256("\0".join(known_by).encode()).hexdigest()
