"""The host that must never be asked: it logs whoever does, and answers so that the attack works."""

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from ..apis.call import Call
from .answers import answer_events
from .bodies import picture
from .directives import Asked
from .listener import open_to_all
from .space import messages


def build_forbidden() -> ASGIApp:
    """The server: a Space's queue for who was led here with a token, a picture for all others."""
    return open_to_all(serve)


async def serve(call: Call) -> Response:
    """Answer a call; a path that holds `404` has nothing."""
    if call.path.endswith("/queue/data"):
        early, last = messages(Asked(), call.query.get("session_hash", ""))
        return answer_events(call, Asked(), early, last)
    if call.method == "POST":
        return JSONResponse({"event_id": "stolen", "status": "Ready"})
    if "404" in call.path:
        return PlainTextResponse("Not Found", 404)
    return Response(picture(), media_type="image/png")
