"""The routes for whoever directs the stand-ins: `/_modes`, `/_log` and `/_health`."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ..common.journal import Journal
from .modes import Mode, Modes


def control_app(modes: Modes, journal: Journal) -> Starlette:
    """The application that answers these routes, and 404 to all others."""

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"ready": True})

    async def list_modes(request: Request) -> JSONResponse:
        return JSONResponse(modes.list())

    async def set_mode(request: Request) -> JSONResponse:
        try:
            space, mode = parse_mode_request(await request.json(), modes)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        modes[space] = mode
        return JSONResponse(modes.list())

    async def list_log(request: Request) -> JSONResponse:
        return JSONResponse(journal.list())

    async def clear_log(request: Request) -> JSONResponse:
        journal.clear()
        return JSONResponse([])

    return Starlette(
        routes=[
            Route("/_health", health),
            Route("/_modes", list_modes),
            Route("/_modes", set_mode, methods=["POST"]),
            Route("/_log", list_log),
            Route("/_log", clear_log, methods=["DELETE"]),
        ]
    )


def parse_mode_request(body: Any, modes: Modes) -> tuple[str, Mode]:
    """Read `{"space": name, "mode": mode}`. Raises ValueError, saying what is amiss."""
    parsed = body if isinstance(body, dict) else {}
    space, mode = parsed.get("space"), parsed.get("mode")
    if not isinstance(space, str) or space not in modes:
        raise ValueError(f"unknown space: {space!r}")
    if not isinstance(mode, str) or mode not in list(Mode):
        raise ValueError(f"unknown mode: {mode!r}; the modes are {', '.join(Mode)}")
    return space, Mode(mode)
