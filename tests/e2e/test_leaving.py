"""Callers who leave, one and many."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.stack import Stack
from tests.support.slow import slow
from tests.support.spaces import Spaces, eventually


@asynccontextmanager
async def streaming(
    client: httpx.AsyncClient, stack: Stack, prompt: str
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of one generation."""
    body = {
        "prompt": prompt,
        "model": "flux-1-schnell",
        "size": "256x256",
        "stream": True,
        "response_format": "url",
    }
    async with client.stream("POST", f"{stack.url}/v1/images/generations", json=body) as reply:
        assert reply.status_code == 200, await reply.aread()

        async def events() -> AsyncIterator[dict[str, Any]]:
            async for line in reply.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

        yield events()


def cancelled(spaces: Spaces, prompts: set[str]) -> set[str]:
    """Those of the prompts whose jobs were taken back."""
    sessions = {
        entry["body"]["session_hash"]: entry["body"]["data"][0]
        for entry in spaces.log("/queue/join")
        if entry["body"]["data"][0] in prompts
    }
    taken_back = {entry["body"]["session_hash"] for entry in spaces.log("/cancel")}
    return {prompt for session, prompt in sessions.items() if session in taken_back}


def idle(stack: Stack) -> bool:
    """Whether the Worker has nothing at work but the answer to this question."""
    tasks = stack.health()["tasks"]
    assert isinstance(tasks, int)
    return tasks <= 1


@pytest.mark.parametrize("size", [900, 900_000])
def test_a_caller_who_leaves_in_the_middle_of_an_upload_is_no_mistake_of_ours(
    stack: Stack, size: int
) -> None:
    before = len(stack.worker_log.read_text())
    parts = urlsplit(stack.url)
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as caller:
        head = f"POST /v1/images/generations HTTP/1.1\r\nhost: darkroom\r\ncontent-length: {size}"
        caller.sendall(f"{head}\r\n\r\n".encode() + bytes(size // 2))

    def reported() -> str:
        return stack.worker_log.read_text()[before:]

    eventually(lambda: '"incomplete_body"' in reported())
    assert "traceback" not in reported()


async def test_a_caller_who_leaves_midway_takes_the_job_back(stack: Stack) -> None:
    stack.spaces.forget()
    prompt = "left alone [[steps:500]]"
    async with httpx.AsyncClient(timeout=60) as client:
        async with streaming(client, stack, prompt) as events:
            async for event in events:
                if event["step"]:
                    break
    await asyncio.to_thread(eventually, lambda: cancelled(stack.spaces, {prompt}))
    await asyncio.to_thread(eventually, lambda: idle(stack))


def test_a_caller_who_leaves_before_anything_came_takes_the_job_back(stack: Stack) -> None:
    stack.spaces.forget()
    prompt = "never read [[steps:900]]"
    body = json.dumps({"prompt": prompt, "model": "flux-1-schnell", "stream": True}).encode()
    address = httpx.URL(stack.url)
    with socket.create_connection((address.host, address.port or 80)) as connection:
        connection.sendall(
            b"POST /v1/images/generations HTTP/1.1\r\nhost: darkroom\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )
        eventually(lambda: stack.spaces.log("/queue/join"))
    eventually(lambda: cancelled(stack.spaces, {prompt}))
    eventually(lambda: idle(stack))


@pytest.mark.parametrize("streams", [60, *slow(200)])
async def test_a_third_of_a_burst_leaves_and_the_rest_is_served(stack: Stack, streams: int) -> None:
    stack.spaces.forget()
    leaving = range(0, streams, 3)
    prompts = [f"burst {number} of {streams} [[steps:100]]" for number in range(streams)]
    completed: set[int] = set()
    limits = httpx.Limits(max_connections=streams)

    async def call(client: httpx.AsyncClient, number: int) -> None:
        async with streaming(client, stack, prompts[number]) as events:
            async for event in events:
                if number in leaving and event["type"].endswith("progress") and event["step"]:
                    return
                if event["type"] == "image_generation.completed":
                    completed.add(number)

    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        await asyncio.gather(*(call(client, number) for number in range(streams)))

    assert completed == set(range(streams)) - set(leaving)
    leavers = {prompts[number] for number in leaving}
    await asyncio.to_thread(eventually, lambda: cancelled(stack.spaces, leavers) == leavers, 60)
    stayed = set(prompts) - leavers
    assert cancelled(stack.spaces, stayed) == set()
    await asyncio.to_thread(eventually, lambda: idle(stack), 60)
