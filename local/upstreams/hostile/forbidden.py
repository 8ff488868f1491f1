"""The host that must never be asked: it logs whoever does, and answers as a Space and as a file."""

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from ..apis.call import Call
from .answers import answer_events
from .bodies import picture
from .directives import Directives, parse
from .listener import open_to_all
from .space import messages


def build_forbidden() -> ASGIApp:
    """The server: the queue of a Space whose jobs fail, and a picture at any other address."""
    return open_to_all(serve)


async def serve(call: Call) -> Response:
    """Answer a call; a path that holds `404` has nothing."""
    if call.path.endswith("/queue/data"):
        # A job that fails has its caller forget how the Space is called, and so the way here.
        early, last = messages(parse("[[fail]]", ""), call.query.get("session_hash", ""))
        return answer_events(call, Directives(), early, last)
    if call.method == "POST":
        event_id = call.json_object().get("session_hash") if call.raw_body else None
        return JSONResponse({"event_id": event_id or "stolen", "status": "Ready"})
    if "404" in call.path:
        return PlainTextResponse("Not Found", 404)
    return Response(picture(), media_type="image/png")
