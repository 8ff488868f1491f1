"""Work that no answer waits for."""

import asyncio
import traceback
from collections.abc import Callable
from typing import Any

from darkroom.app import log_line
from darkroom.dialects.context import Work


class Afterwards:
    """Holds back what a request leaves to be done until its answer has been given.

    `wait_until` has the runtime wait for it, some 30 s at the most.
    """

    def __init__(self, wait_until: Callable[[Any], None]) -> None:
        self._wait_until = wait_until
        self._held: list[Work] | None = []

    async def later(self, work: Work) -> None:
        """Take work on; see `Gateway.later`. Once the answer is on its way it is begun at once."""
        if self._held is None:
            self._start(work)
        else:
            self._held.append(work)

    def begin(self) -> None:
        """The answer is on its way."""
        held, self._held = self._held or [], None
        for work in held:
            self._start(work)

    def _start(self, work: Work) -> None:
        self._wait_until(asyncio.ensure_future(finish(work)))


async def finish(work: Work) -> None:
    """Do work that nobody hears of but the log."""
    try:
        await work()
    except Exception:
        log_line({"error": "left_undone", "traceback": traceback.format_exc()})
