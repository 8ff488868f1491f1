"""One call of a provider's API, as a stand-in's handlers see it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from .body import Form
from .directives import Directives, parse_directives
from .exchange import Exchange
from .faults import Answer, ClientLeft, Failure, Kind
from .shared_state import Studio

MAX_STALL_S = 600.0
HTML_PAGE = "<!DOCTYPE html><title>Welcome</title><h1>We will be right back</h1>"
# The directives that are a trouble from the start.
TROUBLES = {
    "dead": Kind.UNAVAILABLE,
    "quota": Kind.QUOTA,
    "limited": Kind.LIMITED,
    "error": Kind.ERROR,
    "refuse": Kind.REFUSED,
    "fail": Kind.FAILED,
}


class Call:
    """A request with its body read, its caller's token, and the means to keep them waiting."""

    def __init__(self, request: Request, exchange: Exchange, studio: Studio, token: str) -> None:
        self._request, self._exchange = request, exchange
        self.studio = studio
        self.token = token
        """`""` without one."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self._exchange.entry.method

    @property
    def path(self) -> str:
        """The path, decoded."""
        return self._exchange.entry.path

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case name."""
        return self._exchange.entry.headers

    @property
    def path_params(self) -> dict[str, str]:
        """What the route's placeholders stand for."""
        return self._request.path_params

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last of each name."""
        return dict(self._request.query_params)

    @property
    def raw_body(self) -> bytes:
        """The body as it came."""
        return self._exchange.body.raw

    @property
    def form(self) -> Form | None:
        """The multipart form; None when the body is something else."""
        return self._exchange.body.form

    @property
    def origin(self) -> str:
        """Where the stand-in is for this caller, `http://127.0.0.1:8791`."""
        return f"{self._request.url.scheme}://{self.headers['host']}"

    def json_object(self) -> dict[str, Any]:
        """The body, a JSON object. Fails with `Kind.MALFORMED` when it is none."""
        try:
            value = json.loads(self.raw_body)
        except ValueError as error:
            raise Failure(Kind.MALFORMED, "We could not parse the JSON body.") from error
        if not isinstance(value, dict):
            raise Failure(Kind.MALFORMED, "The JSON body must be an object.")
        return value

    def keep(self, picture: bytes, format: str = "png") -> str:
        """Keep a picture; the URL where anybody can fetch it."""
        return f"{self.origin}/files/{self.studio.pictures.keep(picture, format)}"

    async def pause(self, seconds: float) -> None:
        """Let time pass. Raises `ClientLeft` as soon as the client leaves."""
        await self._exchange.pause(seconds)

    async def stall(self) -> None:
        """Say nothing until the client leaves or its patience is surely over."""
        await self.pause(MAX_STALL_S)

    async def heed(self, prompt: str, later: Collection[str] = ()) -> Directives:
        """Act on the directives that precede the work, except those to be acted on `later`.

        An API that is polled leaves `fail`, `stall` and, if its tasks can be refused, `refuse`
        to its tasks; a stream leaves itself `fail` and `stall`.
        """
        directives = parse_directives(prompt)
        for name, argument in directives.items():
            if name not in later:
                await self._obey(name, argument, directives.number(name, 1.0))
        return directives

    async def _obey(self, name: str, text: str, number: float) -> None:
        if name in TROUBLES:
            raise Failure(TROUBLES[name], text)
        match name:
            case "html":
                raise Answer(html_page())
            case "sleep":
                await self.pause(number)
            case "stall":
                await self.stall()
                raise Failure(Kind.FAILED)


Handler = Callable[[Call], Awaitable[Response]]


def html_page() -> Response:
    """A page where an answer of the API should be."""
    return HTMLResponse(HTML_PAGE)


def event_stream(events: AsyncIterator[str]) -> StreamingResponse:
    """Server-sent events; the stream ends without a word when the client leaves."""

    async def until_client_leaves() -> AsyncIterator[str]:
        try:
            async for event in events:
                yield event
        except ClientLeft:
            return

    return StreamingResponse(until_client_leaves(), media_type="text/event-stream")


def sse(data: Any, event: str | None = None) -> str:
    """`event: x\\ndata: {...}\\n\\n`; text is sent as it is, everything else as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {event}\n" if event else "") + f"data: {text}\n\n"
