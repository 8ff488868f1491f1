"""Answers as the directives of a request want them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response, StreamingResponse

from ..apis.call import Call
from ..apis.troubles import ClientLeft
from .bodies import gzip_bomb, picture, write_json
from .directives import Asked

TRICKLE_S = 1.0
PIECE_BYTES = 64 * 1024
SHORT_PAUSE_S = 0.001
FLOOD_EVENTS = 100
HEADER_BYTES = 200


# The misbehaviours of a body that strike each event of a stream.
EVERYWHERE = frozenset("nan huge exponent surrogates wordy echo".split())


class CutOff(Exception):
    """Ends an answer in its middle: the server closes the connection."""


async def answer_json(call: Call, asked: Asked, honest: Mapping[str, Any]) -> Response:
    """An answer of JSON; `honest` is what it holds where nothing else is asked for."""
    status = status_of(asked)
    body = {"error": {"message": "refused", "code": "x"}} if status >= 300 else honest
    return await answer_bytes(call, asked, write_json(body, asked, call.headers))


async def answer_bytes(
    call: Call, asked: Asked, body: bytes, media_type: str = "application/json"
) -> Response:
    """An answer of bytes."""
    if "stall" in asked:
        await call.stall()
    if "bomb" in asked:
        response = Response(gzip_bomb(asked.number("bomb")))
        response.headers["content-encoding"] = "gzip"
    elif {"flood", "endless", "trickle", "cut"} & {each.name for each in asked}:
        response = StreamingResponse(_until_left(_bytes(call, asked, body)))
    else:
        response = Response(body)
    return dress(response, asked, media_type)


def answer_events(
    call: Call,
    asked: Asked,
    early: Sequence[Mapping[str, Any]],
    last: Mapping[str, Any],
    end: str = "",
) -> Response:
    """A stream of events; `last` is the one that the misbehaviours of a body strike.

    `end` is what stands behind it.
    """
    stream = StreamingResponse(_until_left(_events(call, asked, early, last, end)))
    return dress(stream, asked, "text/event-stream")


async def answer_file(call: Call, asked: Asked) -> Response:
    """The file of the picture, whatever its path."""
    return await answer_bytes(call, asked, picture(asked.number("big")), "image/png")


def dress(response: Response, asked: Asked, media_type: str) -> Response:
    """An answer with the status and the headers that are asked for."""
    response.status_code = status_of(asked)
    media_type = "text/html; charset=utf-8" if "html" in asked else media_type
    response.headers["content-type"] = asked.text("type", media_type)
    if "retry" in asked:
        response.headers["retry-after"] = asked.text("retry")
    if "redirect" in asked:
        response.headers["location"] = asked.text("redirect")
    if "replica" in asked:
        response.headers["x-proxied-replica"] = asked.text("replica")
    if "cookie" in asked:
        response.headers["set-cookie"] = "session=hostile; Path=/"
        response.headers["access-control-allow-origin"] = "*"
    filler = b"x" * HEADER_BYTES
    response.raw_headers += [(b"x-%d" % i, filler) for i in range(asked.number("headers"))]
    return response


def status_of(asked: Asked) -> int:
    """The status of an answer."""
    for name, status in {"refuse": 401, "retry": 429, "redirect": 302}.items():
        if name in asked:
            return status
    return asked.number("status") or 200


async def _bytes(call: Call, asked: Asked, body: bytes) -> AsyncIterator[bytes]:
    if "stall" in asked:
        await call.stall()
    if "trickle" in asked:
        for at in range(len(body)):
            yield body[at : at + 1]
            await call.pause(TRICKLE_S)
        return
    if "cut" in asked:
        yield body[: len(body) // 2]
        await asyncio.sleep(0)
        raise CutOff
    if "endless" not in asked:
        yield body
    while "flood" in asked or "endless" in asked:
        yield b" " * PIECE_BYTES
        await call.pause(SHORT_PAUSE_S)


async def _events(
    call: Call, asked: Asked, early: Sequence[Mapping[str, Any]], last: Mapping[str, Any], end: str
) -> AsyncIterator[bytes]:
    for event in early:
        yield _event(write_json(event, asked.among(EVERYWHERE), call.headers))
    if "stall" in asked:
        await call.stall()
    while "flood" in asked:
        yield _event(json.dumps(early[-1]).encode()) * FLOOD_EVENTS
        await call.pause(SHORT_PAUSE_S)
    if "endless" in asked:
        yield b"data: "
    async for piece in _bytes(call, asked, _event(write_json(last, asked, call.headers))):
        yield piece
    if end:
        yield _event(end.encode())


def _event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"


async def _until_left(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The parts, until nobody is there any more to take them."""
    try:
        async for part in parts:
            yield part
    except ClientLeft:
        return
