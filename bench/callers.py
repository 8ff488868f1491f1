"""The requests that are measured, each to Darkroom and to the Space itself.

A caller has one connection of its own: httpx's pool gets slower the more requests share it. On
loopback there is no TLS, and loading certificates for each caller would cost more than it asks.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import httpx

from bench.stage import MODEL, Stage
from local.instant_space import FUNCTION

Side = Literal["darkroom", "direct"]
Caller = Callable[[httpx.AsyncClient], Awaitable[None]]

TIMEOUT_S = 60.0
SIDES: tuple[Side, ...] = ("direct", "darkroom")
_sessions = itertools.count(1)


class WrongAnswer(RuntimeError):
    """An answer is not the one that was to be measured."""


@asynccontextmanager
async def connected(callers: int) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients for that many callers."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(trust_env=False, verify=False, timeout=TIMEOUT_S)
            )
            for _ in range(callers)
        ]


async def call_all(clients: list[httpx.AsyncClient], count: int, call: Caller) -> list[float]:
    """Make `count` calls, each client one after the other; returns how long each took, in s."""
    loop = asyncio.get_running_loop()
    tickets = iter(range(count))
    durations: list[float] = []

    async def keep_calling(client: httpx.AsyncClient) -> None:
        for _ in tickets:
            began = loop.time()
            await call(client)
            durations.append(loop.time() - began)

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(keep_calling(client))
    return durations


def health(stage: Stage, side: Side) -> Caller:
    """Ask for `/health`, or the Space for an answer as small."""
    url = f"{stage.darkroom}/health" if side == "darkroom" else f"{stage.instant}/_health"
    request = httpx.Request("GET", url)

    async def call(client: httpx.AsyncClient) -> None:
        demand((await client.send(request)).content, b"ok")

    return call


def generation(
    stage: Stage, side: Side, response_format: Literal["url", "b64_json"] = "url"
) -> Caller:
    """Have a picture made, blocking."""
    if side == "direct":
        return _generation_at_the_space(stage)
    request = generation_request(stage, response_format=response_format)
    marks = {"url": b"/file=", "b64_json": b'"b64_json":"iVBOR'}

    async def call(client: httpx.AsyncClient) -> None:
        demand((await client.send(request)).content, marks[response_format])

    return call


def streamed_generation(stage: Stage) -> Caller:
    """Have a picture made at Darkroom, as a stream."""
    request = generation_request(stage, response_format="url", stream=True)

    async def call(client: httpx.AsyncClient) -> None:
        demand((await client.send(request)).content, b"image_generation.completed")

    return call


def generation_request(stage: Stage, prompt: str = "a cat", **fields: object) -> httpx.Request:
    """A request for a picture to Darkroom."""
    body = {"model": MODEL, "prompt": prompt, "seed": 7, **fields}
    return httpx.Request("POST", f"{stage.darkroom}/v1/images/generations", json=body)


async def join_queue(stage: Stage, client: httpx.AsyncClient, prompt: str) -> httpx.Request:
    """Put a job into the Space's queue; returns the request that opens its stream."""
    session = f"bench{next(_sessions)}"
    job = {"data": [prompt, 7, False, 1024, 1024, 8], "fn_index": FUNCTION}
    reply = await client.post(
        f"{stage.space}/gradio_api/queue/join", json={**job, "session_hash": session}
    )
    demand(reply.content, b"event_id")
    return httpx.Request("GET", f"{stage.space}/gradio_api/queue/data?session_hash={session}")


def demand(content: bytes, mark: bytes) -> None:
    """Raise `WrongAnswer` unless the mark is in the content."""
    if mark not in content:
        raise WrongAnswer(f"no {mark!r} in {content[:500]!r}")


def _generation_at_the_space(stage: Stage) -> Caller:
    async def call(client: httpx.AsyncClient) -> None:
        reply = await client.send(await join_queue(stage, client, "a cat"))
        for line in reply.content.splitlines():
            message = json.loads(line.removeprefix(b"data: ") or b"{}")
            if message.get("msg") == "process_completed":
                demand(message["output"]["data"][0]["url"].encode(), b"/file=")
                return
        raise WrongAnswer("the Space's stream held no picture")

    return call
