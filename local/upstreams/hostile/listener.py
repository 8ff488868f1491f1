"""The application that both hostile servers share: modes, a log of requests, jobs by id."""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from ..apis.call import Call, Handler
from ..apis.faults import Fault
from ..apis.faults import Kind as TroubleKind
from ..apis.shared_state import Studio
from ..apis.standin import StandIn, Way
from .directives import Directives, UnknownDirective, parse, prompt_of
from .table import describe

MAX_JOBS = 2_000
METHODS = ("GET", "POST", "DELETE")

Server = Callable[[Call, Directives], Awaitable[Response]]


class Jobs:
    """The misbehaviours of the latest jobs, by the id of a session, a task or a picture."""

    def __init__(self) -> None:
        self._directives: OrderedDict[str, Directives] = OrderedDict()

    def put(self, job_id: str, directives: Directives) -> str:
        """Remember a job; returns its id."""
        self._directives[job_id] = directives
        if len(self._directives) > MAX_JOBS:
            self._directives.popitem(last=False)
        return job_id

    def find(self, path: str) -> Directives:
        """Look up the misbehaviours of the job whose id is a segment of the path."""
        names = re.split(r"[/.]", path)
        return next(
            (self._directives[name] for name in names if name in self._directives), Directives()
        )


def listen_with(serve: Server, forbidden: str) -> ASGIApp:
    """The application of a hostile server.

    `serve` gets each call with what its prompt and the mode ask for, `forbidden` is the host and
    port that must never be asked.
    """
    modes: list[Directives] = []

    async def handle(call: Call) -> Response:
        try:
            if call.path == "/_mode":
                modes.clear()
                if call.method == "POST":
                    modes.append(parse(str(call.json_object().get("directives")), forbidden))
                return JSONResponse({"directives": [str(each) for mode in modes for each in mode]})
            if call.path == "/" and call.method == "GET":
                return PlainTextResponse(describe())
            directives = parse(prompt_of(call), forbidden)
            return await serve(call, directives + modes[0] if modes else directives)
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


def _word(fault: Fault) -> Response:
    return error_reply(404 if fault.kind is TroubleKind.NO_ROUTE else 400, fault.text)
