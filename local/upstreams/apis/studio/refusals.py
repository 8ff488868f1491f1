"""How the studio says no (§0)."""

from starlette.responses import JSONResponse, Response


def refuse(status: int, detail: str) -> Response:
    """`{"detail": "..."}`"""
    return JSONResponse({"detail": detail}, status)
