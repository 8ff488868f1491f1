"""The routes of the API."""

import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..call import Call, event_stream, sse
from ..directives import Directives
from ..faults import Failure, Fault, Kind
from ..shared_state import Studio
from ..standin import StandIn, get, post
from .errors import word
from .imagen import Imagen
from .models import MODELS
from .replies import Reply, answer, compose_parts, refuse
from .requests import ParsedRequest, parse_request

# The vendor's own client asks for v1 unless told otherwise, everybody else for v1beta.
ROOTS = ("/v1beta/models", "/v1/models")


def build(studio: Studio) -> ASGIApp:
    """The server."""
    painter, imagen = Painter(studio), Imagen(studio)
    return StandIn(
        studio,
        word,
        work=[
            post(f"{root}/{{model}}:{method}", handler)
            for root in ROOTS
            for method, handler in (
                ("generateContent", painter.generate),
                ("streamGenerateContent", painter.stream),
                ("predict", imagen.predict),
            )
        ],
        calls=[
            way
            for root in ROOTS
            for way in (get(root, list_models), get(f"{root}/{{model}}", show_model))
        ],
        token_of=key_of,
    )


def key_of(request: Request) -> str:
    """The key of the header, else that of the query."""
    return request.headers.get("x-goog-api-key") or request.query_params.get("key", "")


async def list_models(call: Call) -> Response:
    """All models on one page."""
    return JSONResponse({"models": [model.describe() for model in MODELS.values()]})


async def show_model(call: Call) -> Response:
    """One model."""
    model = MODELS.get(call.path_params["model"])
    if model is None:
        raise Failure(Kind.NOT_FOUND, f"Model is not found: models/{call.path_params['model']}")
    return JSONResponse(model.describe())


class Painter:
    """Answers generateContent, in one piece or in several."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def generate(self, call: Call) -> Response:
        """The answer in one piece."""
        parsed = parse_request(call, self._studio)
        directives = await call.heed(parsed.image_request.prompt, later=("refuse",))
        refusal = refuse(parsed, directives)
        if refusal is not None:
            return JSONResponse(refusal)
        return JSONResponse(answer(parsed, await compose_parts(parsed, directives, self._studio)))

    async def stream(self, call: Call) -> Response:
        """The answer part by part: as events with `?alt=sse`, else as one JSON array."""
        parsed = parse_request(call, self._studio)
        is_sse = call.query.get("alt") == "sse"
        later = ("refuse", "fail", "stall") if is_sse else ("refuse",)
        directives = await call.heed(parsed.image_request.prompt, later)
        refusal = refuse(parsed, directives)
        chunks = [refusal] if refusal is not None else await self._chunk(parsed, directives)
        if is_sse:
            return event_stream(self._send(call, chunks, directives))
        return JSONResponse(chunks)

    async def _chunk(self, parsed: ParsedRequest, directives: Directives) -> list[Reply]:
        parts = await compose_parts(parsed, directives, self._studio)
        return [
            answer(parsed, [part], is_last=index == len(parts))
            for index, part in enumerate(parts, start=1)
        ]

    async def _send(
        self, call: Call, chunks: list[Reply], directives: Directives
    ) -> AsyncIterator[str]:
        for index, chunk in enumerate(chunks):
            await call.pause(self._studio.step_s)
            if "fail" in directives and index == min(1, len(chunks) - 1):
                yield event(json.loads(bytes(word(Fault(Kind.FAILED)).body)))
                return
            yield event(chunk)
            if "stall" in directives:
                await call.stall()
                return


def event(data: Reply) -> str:
    """One event; unlike most servers this one ends its lines in CR LF."""
    return sse(data).replace("\n", "\r\n")
