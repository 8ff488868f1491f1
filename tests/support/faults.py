"""Upstreams of every provider that fail in one way at one place, and what is left afterwards."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from darkroom.address import Address, Credential
from darkroom.app import handle
from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.engine.breaker import Breakers
from darkroom.engine.budget import RetryBudget
from darkroom.engine.credentials import Credentials
from darkroom.engine.run import Engine
from darkroom.gateway import Gateway
from darkroom.http import Part, Pause, Reply
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import build_chat, build_embedders, build_providers
from tests.support.fakes import FakeClock, FakeReply, MemoryMedia, body_of, gateway, request
from tests.support.odd import Odd
from tests.support.odd_upstreams import (
    CATALOG,
    DATA_URL,
    JSON,
    PAINTERS,
    SETTINGS,
    OddHttp,
    content_of,
)

TIMEOUT_S = 0.1
ELSEWHERE = "https://elsewhere.example/picture"
HTML, BOMB = "text/html; charset=utf-8", bytes(40 * 1024 * 1024)
WITH_WAIT, PLAIN = {"content-type": JSON, "retry-after": "7"}, {"content-type": JSON}
SORRY = b'{"error": {"message": "something is wrong", "code": "x"}}'


@dataclass
class Stalled(FakeReply):
    """An answer whose body never comes to an end."""

    async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        yield b'{"'
        await asyncio.Event().wait()

    async def read_blob(self, limit: int) -> Blob:
        await asyncio.Event().wait()
        raise AssertionError


def _broken_off(honest: FakeReply) -> FakeReply:
    whole = b"".join(piece for piece in honest.pieces if isinstance(piece, bytes))
    pieces: Sequence[bytes | Exception] = [whole[: len(whole) // 2], ConnectionError("reset")]
    return FakeReply(200, honest.headers, pieces)


def _half(honest: FakeReply) -> FakeReply:
    whole = b"".join(piece for piece in honest.pieces if isinstance(piece, bytes))
    return FakeReply(200, honest.headers, [whole[: len(whole) // 2]])


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Any:
    return lambda honest: FakeReply(status, headers, [body])


async def _never() -> FakeReply:
    await asyncio.Event().wait()
    raise AssertionError


# Each fault: the answer instead of an honest one, an exception, or None for no answer at all.
FAULTS: Mapping[str, Any] = {
    "connection refused": ConnectionError("refused"),
    "reset in the middle": _broken_off,
    "no headers in time": None,
    "a stalled body": lambda honest: Stalled(200, honest.headers),
    "half a body": _half,
    "a web page": _answer(200, {"content-type": HTML}, b"<html><h1>Welcome</h1></html>"),
    "an error with 200": _answer(200, PLAIN, SORRY),
    "200 without a picture": _answer(200, PLAIN, b"{}"),
    "401": _answer(401, PLAIN, SORRY),
    "403": _answer(403, PLAIN, SORRY),
    "429": _answer(429, PLAIN, SORRY),
    "429 with Retry-After": _answer(429, WITH_WAIT, SORRY),
    "500": _answer(500, PLAIN, SORRY),
    "502 page": _answer(502, {"content-type": HTML}, b"<html>Bad Gateway</html>"),
    "503": _answer(503, PLAIN, SORRY),
    "a redirect": _answer(302, {"location": ELSEWHERE, "content-type": HTML}, b""),
    "a bomb": _answer(200, PLAIN, BOMB),
    "an empty body": _answer(200, PLAIN, b""),
}  # fmt: skip
# After these the upstream may have begun: it must not be asked to begin again.
MAY_HAVE_BEGUN = ("reset in the middle", "no headers in time", "a stalled body")
PLACES = ("first", "second", "all")


@dataclass
class FaultyHttp(OddHttp):
    """An honest upstream but for one fault, at its first or second request, or at all of them."""

    fault: str = ""
    place: str = "all"
    replies: list[FakeReply] = field(default_factory=list)

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> FakeReply:
        path = str(address).partition("?")[0]
        self.sent.append(f"{method} {path}")
        number = len(self.sent)
        kind, value = self._honest(path, streamed=False)
        honest = FakeReply(200, {"content-type": kind}, [content_of(kind, value)])
        if path.endswith("/cancel") or not self._strikes(number):
            self.replies.append(honest)
            return honest
        fault = FAULTS[self.fault]
        if isinstance(fault, Exception):
            raise fault
        if fault is None:
            with deadline.enforced():
                return await _never()
        reply: FakeReply = fault(honest)
        self.replies.append(reply)
        return reply

    def _strikes(self, number: int) -> bool:
        return self.place == "all" or number == (1 if self.place == "first" else 2)


@dataclass(frozen=True)
class Aftermath:
    """The answer to a caller after a fault, and what it left."""

    reply: Reply
    document: Any
    log: Sequence[Mapping[str, object]]
    sent: Sequence[str]
    open_connections: int
    tasks_left: int
    active: float


async def strike(provider: str, fault: str, place: str) -> Aftermath:
    """Have a picture painted by a provider whose upstream fails."""
    token, models = PAINTERS[provider]
    body = {"model": models[0], "prompt": "a cat", "seed": 7, "response_format": "b64_json"}
    path = "/v1/images/generations"
    if "edit" in models[0]:
        path, body = "/v1/images/edits", {**body, "image": DATA_URL}
    clock = FakeClock()
    http = FaultyHttp(Odd(Random(1), []), clock, 0.0, fault=fault, place=place)
    headers = {"content-type": JSON, "cf-connecting-ip": "203.0.113.7"}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    gate = _before(http, clock)
    log: list[Mapping[str, object]] = []
    before = asyncio.all_tasks()
    reply = await handle(request("POST", path, body, headers), gate, log.append)
    document = json.loads(await body_of(reply))
    for _ in range(3):
        await asyncio.sleep(0)
    return Aftermath(
        reply,
        document,
        log,
        http.sent,
        sum(not each.closed for each in http.replies),
        len(asyncio.all_tasks() - before),
        gate.metrics.active,
    )


def _before(http: FaultyHttp, clock: FakeClock) -> Gateway:
    settings = replace(SETTINGS, request_timeout_s=TIMEOUT_S)
    gate = gateway(http=http, media=MemoryMedia(), settings=settings, catalog=CATALOG, clock=clock)
    engine = Engine(
        providers=build_providers(settings, lambda: "token", SignatureCache()),
        chat=build_chat(),
        embedders=build_embedders(settings),
        http=http,
        credentials=Credentials(clock),
        breakers=Breakers(clock),
        budget=RetryBudget(),
        sleep=clock.sleep,
    )
    return replace(gate, engine=engine)
