"""Work deferred until after the response (`ctx.waitUntil`)."""

import asyncio
from collections.abc import Callable
from typing import Any

from darkroom.context import Work
from darkroom.edge.log import log_line
from darkroom.trace import frames_of


class DeferredWork:
    """Collects work of a request and starts it when the response has been handed over.

    `wait_until` keeps the isolate alive for it, up to about 30 s.
    """

    def __init__(self, wait_until: Callable[[Any], None]) -> None:
        self._wait_until = wait_until
        self._held: list[Work] | None = []

    async def defer(self, work: Work) -> None:
        """Defer work, see `context.Defer`; after `flush` it starts immediately."""
        if self._held is None:
            self._start(work)
        else:
            self._held.append(work)

    def flush(self) -> None:
        """Start the deferred work: the response is on its way."""
        held, self._held = self._held or [], None
        for work in held:
            self._start(work)

    def _start(self, work: Work) -> None:
        self._wait_until(asyncio.ensure_future(finish(work)))


async def finish(work: Work) -> None:
    """Run deferred work; a failure goes to the log alone."""
    try:
        await work()
    except Exception as error:
        log_line({"error": "left_undone", "traceback": frames_of(error)})
