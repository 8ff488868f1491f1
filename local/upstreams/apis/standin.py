"""A stand-in for a provider's server: its routes, its log and its doorman.

A provider's module reads like this:

    def build(studio: Studio) -> ASGIApp:
        painter = Painter(studio)
        return StandIn(
            studio,
            word,
            work=[post("/v1/images/generations", painter.generate)],
            calls=[get("/v1/task/{task_id}", painter.poll)],
        )

    def word(trouble: Trouble) -> Response:  # every trouble in the provider's own words
        match trouble.kind:
            case Kind.QUOTA:
                return JSONResponse({"error": "out of credits"}, 402)
            ...

    class Painter:
        async def generate(self, call: Call) -> Response:
            fields = call.json_object()
            if "prompt" not in fields:
                raise Failure(Kind.MISSING_FIELD, "prompt is required", "prompt")
            asked = await call.heed(fields["prompt"])  # may raise, or take its time
            picture = await self._studio.paint(fields["prompt"], 1, 512, 512)
            return JSONResponse({"data": [{"url": call.keep(picture, "png")}]})
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from ..common.journal import Journal
from .call import Call, Handler
from .exchange import Exchange
from .faults import Answer, ClientLeft, Failure, Fault, Kind, Wording
from .painting import MEDIA_TYPES
from .shared_state import Studio
from .tokens import RETRY_AFTER_S, Doorman, bearer_token

CLIENT_LEFT_STATUS = 499
CONTROL_PATHS = ("/_log", "/_health")


@dataclass(frozen=True, slots=True)
class Way:
    """A route: `path` may have Starlette's placeholders, `/image/{prompt:path}`."""

    method: str
    path: str
    handler: Handler
    word: Wording | None = None
    """Where the words differ from those of the other routes."""


def get(path: str, handler: Handler, word: Wording | None = None) -> Way:
    """A route for GET, and for HEAD."""
    return Way("GET", path, handler, word)


def post(path: str, handler: Handler, word: Wording | None = None) -> Way:
    """A route for POST."""
    return Way("POST", path, handler, word)


class StandIn:
    """An ASGI application.

    `work` are the routes that start work: there all words of a token count. On `calls` only a
    missing and a bad token do, on `public` none. `word` puts every trouble in the provider's
    own words; `stamp` are the headers that every answer bears.
    """

    def __init__(
        self,
        studio: Studio,
        word: Wording,
        *,
        work: Sequence[Way] = (),
        calls: Sequence[Way] = (),
        public: Sequence[Way] = (),
        token_of: Callable[[Request], str] = bearer_token,
        needs_token: bool = True,
        stamp: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._studio, self._word, self._token_of, self._stamp = studio, word, token_of, stamp
        self._journal = Journal()
        doorman = Doorman(slow_s=studio.slow_s, needs_token=needs_token)
        files = get("/files/{name}", fetch_file)
        # `GET /image/models` is not a picture of models: what is public precedes the patterns.
        routes = [
            *(self._route(way, doorman.admit_anybody) for way in (*public, files)),
            *(self._route(way, doorman.admit) for way in calls),
            *(self._route(way, doorman.admit_work) for way in work),
        ]
        self._router = Router(routes, redirect_slashes=False, default=self._answer_astray)
        self._control = Router(control_routes(self._journal))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note it unless it is for one of the control routes."""
        if scope["type"] != "http":
            return
        if scope["path"] in CONTROL_PATHS:
            await self._control(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        self._journal.open(exchange.entry)
        try:
            await exchange.read_body()
        except ClientLeft:
            return
        watch = asyncio.create_task(exchange.watch())
        try:
            await self._router({**scope, "exchange": exchange}, exchange.receive, exchange.send)
        finally:
            watch.cancel()
            exchange.close()

    def _route(self, way: Way, admit: Callable[[Call], Awaitable[None]]) -> Route:
        async def endpoint(request: Request) -> Response:
            exchange: Exchange = request.scope["exchange"]
            call = Call(request, exchange, self._studio, self._token_of(request))
            response = await answer(way.handler, call, admit, way.word or self._word)
            response.headers.update(self._stamp())
            return response

        return Route(way.path, endpoint, methods=[way.method])

    async def _answer_astray(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = f"{scope['method']} {scope['path']}"
        await self._word(Fault(Kind.NO_ROUTE, where))(scope, receive, send)


async def answer(
    handler: Handler, call: Call, admit: Callable[[Call], Awaitable[None]], word: Wording
) -> Response:
    """What a handler answers to an admitted call, or how it failed."""
    try:
        await admit(call)
        return await handler(call)
    except Failure as failure:
        response = word(failure.fault)
        if failure.fault.kind is Kind.LIMITED:
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response
    except Answer as ready:
        return ready.response
    except ClientLeft:
        return Response(status_code=CLIENT_LEFT_STATUS)


async def fetch_file(call: Call) -> Response:
    """A picture that was handed out by URL."""
    name = call.path_params["name"]
    picture = call.studio.pictures.find(name)
    if picture is None:
        return Response("Not Found", 404)
    return Response(picture, media_type=MEDIA_TYPES[name.rpartition(".")[2]])


def control_routes(journal: Journal) -> list[Route]:
    """The routes for whoever directs the stand-ins."""

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"ready": True})

    async def list_log(request: Request) -> JSONResponse:
        return JSONResponse(journal.list())

    async def clear_log(request: Request) -> JSONResponse:
        journal.clear()
        return JSONResponse([])

    return [
        Route("/_health", health),
        Route("/_log", list_log),
        Route("/_log", clear_log, methods=["DELETE"]),
    ]
