"""The application that both hostile servers share: modes, a log of requests, jobs by id."""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from ..apis.call import Call, Handler
from ..apis.sharing import Studio
from ..apis.standin import StandIn, Way
from ..apis.troubles import Kind as TroubleKind
from ..apis.troubles import Trouble
from .directives import Asked, UnknownDirective, parse, prompt_of
from .table import describe

MAX_JOBS = 2_000
METHODS = ("GET", "POST", "DELETE")

Server = Callable[[Call, Asked], Awaitable[Response]]


class Jobs:
    """The misbehaviours of the latest jobs, by the id of a session, a task or a picture."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, Asked] = OrderedDict()

    def put(self, job_id: str, asked: Asked) -> str:
        """Remember a job; returns its id."""
        self._asked[job_id] = asked
        if len(self._asked) > MAX_JOBS:
            self._asked.popitem(last=False)
        return job_id

    def find(self, path: str) -> Asked:
        """Look up the misbehaviours of the job whose id is a segment of the path."""
        names = re.split(r"[/.]", path)
        return next((self._asked[name] for name in names if name in self._asked), Asked())


def listen_with(serve: Server, forbidden: str) -> ASGIApp:
    """The application of a hostile server.

    `serve` gets each call with what its prompt and the mode ask for, `forbidden` is the host and
    port that must never be asked.
    """
    modes: list[Asked] = []

    async def handle(call: Call) -> Response:
        try:
            if call.path == "/_mode":
                modes.clear()
                if call.method == "POST":
                    modes.append(parse(str(call.json_object().get("directives")), forbidden))
                return JSONResponse({"directives": [str(each) for mode in modes for each in mode]})
            if call.path == "/" and call.method == "GET":
                return PlainTextResponse(describe())
            asked = parse(prompt_of(call), forbidden)
            return await serve(call, asked + modes[0] if modes else asked)
        except UnknownDirective as error:
            return error_reply(400, str(error))

    return open_to_all(handle)


def open_to_all(handle: Handler) -> ASGIApp:
    """An application with a log, whose one handler gets every request."""
    ways = [Way(method, "/{path:path}", handle) for method in METHODS]
    return StandIn(Studio(), _word, public=ways, needs_token=False)


def error_reply(status: int, message: str, **more: Any) -> JSONResponse:
    """An honest error, in the shapes of OpenAI's and of Gradio's API."""
    error: Mapping[str, Any] = {"message": message, "type": "invalid_request_error"}
    return JSONResponse({"error": error, "detail": message, **more}, status)


def _word(trouble: Trouble) -> Response:
    return error_reply(404 if trouble.kind is TroubleKind.NO_ROUTE else 400, trouble.text)
