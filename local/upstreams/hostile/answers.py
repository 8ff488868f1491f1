"""Answers as the directives of a request want them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response, StreamingResponse

from ..apis.call import Call
from ..apis.faults import ClientLeft
from .bodies import gzip_bomb, picture, write_json
from .directives import Directives

TRICKLE_S = 1.0
PIECE_BYTES = 64 * 1024
SHORT_PAUSE_S = 0.001
FLOOD_EVENTS = 100
HEADER_BYTES = 200


# The misbehaviours of a body that strike each event of a stream.
EVERYWHERE = frozenset("nan huge exponent surrogates wordy echo".split())


class CutOff(Exception):
    """Ends an answer in its middle: the server closes the connection."""


async def answer_json(call: Call, directives: Directives, honest: Mapping[str, Any]) -> Response:
    """An answer of JSON; `honest` is what it holds where nothing else is asked for."""
    status = status_of(directives)
    body = {"error": {"message": "refused", "code": "x"}} if status >= 300 else honest
    return await answer_bytes(call, directives, write_json(body, directives, call.headers))


async def answer_bytes(
    call: Call, directives: Directives, body: bytes, media_type: str = "application/json"
) -> Response:
    """An answer of bytes."""
    if "stall" in directives:
        await call.stall()
    if "bomb" in directives:
        response = Response(gzip_bomb(directives.number("bomb")))
        response.headers["content-encoding"] = "gzip"
    elif {"flood", "endless", "trickle", "cut"} & {each.name for each in directives}:
        response = StreamingResponse(_until_left(_bytes(call, directives, body)))
    else:
        response = Response(body)
    return dress(response, directives, media_type)


def answer_events(
    call: Call,
    directives: Directives,
    early: Sequence[Mapping[str, Any]],
    last: Mapping[str, Any],
    end: str = "",
) -> Response:
    """A stream of events; `last` is the one that the misbehaviours of a body strike.

    `end` is what stands behind it.
    """
    stream = StreamingResponse(_until_left(_events(call, directives, early, last, end)))
    return dress(stream, directives, "text/event-stream")


async def answer_file(call: Call, directives: Directives) -> Response:
    """The file of the picture, whatever its path."""
    return await answer_bytes(call, directives, picture(directives.number("big")), "image/png")


def dress(response: Response, directives: Directives, media_type: str) -> Response:
    """An answer with the status and the headers that are asked for."""
    response.status_code = status_of(directives)
    media_type = "text/html; charset=utf-8" if "html" in directives else media_type
    response.headers["content-type"] = directives.text("type", media_type)
    if "retry" in directives:
        response.headers["retry-after"] = directives.text("retry")
    if "redirect" in directives:
        response.headers["location"] = directives.text("redirect")
    if "replica" in directives:
        response.headers["x-proxied-replica"] = directives.text("replica")
    if "cookie" in directives:
        response.headers["set-cookie"] = "session=hostile; Path=/"
        response.headers["access-control-allow-origin"] = "*"
    filler = b"x" * HEADER_BYTES
    response.raw_headers += [(b"x-%d" % i, filler) for i in range(directives.number("headers"))]
    return response


def status_of(directives: Directives) -> int:
    """The status of an answer."""
    for name, status in {"refuse": 401, "retry": 429, "redirect": 302}.items():
        if name in directives:
            return status
    return directives.number("status") or 200


async def _bytes(call: Call, directives: Directives, body: bytes) -> AsyncIterator[bytes]:
    if "stall" in directives:
        await call.stall()
    if "trickle" in directives:
        for at in range(len(body)):
            yield body[at : at + 1]
            await call.pause(TRICKLE_S)
        return
    if "cut" in directives:
        yield body[: len(body) // 2]
        await asyncio.sleep(0)
        raise CutOff
    if "endless" not in directives:
        yield body
    while "flood" in directives or "endless" in directives:
        yield b" " * PIECE_BYTES
        await call.pause(SHORT_PAUSE_S)


async def _events(
    call: Call,
    directives: Directives,
    early: Sequence[Mapping[str, Any]],
    last: Mapping[str, Any],
    end: str,
) -> AsyncIterator[bytes]:
    for event in early:
        yield _event(write_json(event, directives.among(EVERYWHERE), call.headers))
    if "stall" in directives:
        await call.stall()
    while "flood" in directives:
        yield _event(json.dumps(early[-1]).encode()) * FLOOD_EVENTS
        await call.pause(SHORT_PAUSE_S)
    if "endless" in directives:
        yield b"data: "
    async for piece in _bytes(call, directives, _event(write_json(last, directives, call.headers))):
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
