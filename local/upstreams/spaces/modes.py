"""The states of a Space that a client can meet, one per Space at a time."""

import asyncio
from collections.abc import Callable, Iterable
from enum import StrEnum

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response


class Mode(StrEnum):
    """What a caller finds where a Space should be."""

    OK = "ok"
    """The Space answers for itself."""
    ERROR = "error"
    SLEEPING = "sleeping"
    MISSING = "missing"
    RATE = "rate"
    HANG = "hang"
    """Requests are accepted and not answered before the mode changes."""
    FULL = "full"
    """No more jobs are taken."""
    CUT = "cut"
    """Streams break off after their first event."""
    VANISH = "vanish"
    """Sessions are forgotten, as by a restart, before their stream is opened."""
    REPLICAS = "replicas"
    """There are two, and only pinned requests reach the one that has the session and the files."""


def missing_page() -> Response:
    """The answer where there is no Space, or none for this caller."""
    return HTMLResponse(
        "<!DOCTYPE html><h1>404</h1><p>Sorry, we can't find the page you are looking for.</p>", 404
    )


def rate_page(headers: dict[str, str] | None = None) -> Response:
    """The answer to too many requests."""
    return HTMLResponse("<!DOCTYPE html><h1>429</h1><p>We had to rate limit you.</p>", 429, headers)


def queue_full() -> Response:
    """Gradio's answer when its queue is at its limit."""
    return JSONResponse({"detail": "Queue is full. Max size is 2 and size is 2."}, 503)


OUTAGES: dict[Mode, Callable[[], Response]] = {
    Mode.ERROR: lambda: PlainTextResponse("Your space is in error, check its status on hf.co", 503),
    Mode.SLEEPING: lambda: HTMLResponse(
        "<!DOCTYPE html><html><head><title>Preparing Space</title></head></html>", 503
    ),
    Mode.MISSING: missing_page,
    Mode.RATE: rate_page,
}


class Modes:
    """The mode of every Space, all `ok` at first."""

    def __init__(self, spaces: Iterable[str]) -> None:
        self._modes = dict.fromkeys(spaces, Mode.OK)
        self._change = asyncio.Event()

    def __contains__(self, space: object) -> bool:
        return space in self._modes

    def __getitem__(self, space: str) -> Mode:
        return self._modes[space]

    def __setitem__(self, space: str, mode: Mode) -> None:
        self._modes[space] = mode
        self._change.set()
        self._change = asyncio.Event()

    def list(self) -> dict[str, str]:
        """The name of each Space's mode."""
        return {space: mode.value for space, mode in self._modes.items()}

    async def left(self, space: str, mode: Mode) -> None:
        """Wait until the Space is in another mode."""
        while self._modes[space] is mode:
            await self._change.wait()
