"""Memory under attack: large and idle bodies, answers that nobody takes, upstreams that stall."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bench.inspector import inspecting, watching
from local.http_server import noise_png
from local.processes import Process, answers, free_port
from local.workerd import HOST, Bundle, running_workerd
from tests.support.spaces import eventually

MB = 1_000_000
ISOLATE_MB = 128
MODELS = ["told", "untold", "stalling", {"id": "editor", "operations": ["generate", "edit"]}]
HEADERS = {"authorization": "Bearer heavy:key"}
GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
PICTURE_CHARS = 8 * MB  # of base64, about
START_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Heavy:
    """Darkroom in workerd, before an upstream whose pictures weigh 8 MB as base64."""

    url: str
    port: int
    inspector_port: int

    def edit(self, size: int) -> httpx.Response:
        """Have a picture edited by a form of that size."""
        return httpx.post(self.url + EDITS, headers=HEADERS, timeout=90, **form(size))

    def open(self, head: str, body: bytes) -> socket.socket:
        """A connection with a request begun by hand."""
        connection = socket.create_connection((HOST, self.port), timeout=60)
        lines = f"{head}\r\nhost: darkroom\r\nauthorization: Bearer heavy:key\r\n\r\n"
        connection.sendall(lines.encode() + body)
        return connection


@pytest.fixture(scope="module")
def heavy(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heavy]:
    where = tmp_path_factory.mktemp("heavy")
    upstream = f"http://{HOST}:{(upstream_port := free_port())}"
    command = [sys.executable, "-m", "local.heavy", "--port", str(upstream_port)]
    channel = {
        "id": "heavy",
        "api_url": f"{upstream}/v1",
        "edits_endpoint": "/images/edits",
        "models": MODELS,
    }
    api = Process("the heavy upstream", command, where / "heavy.log")
    try:
        api.wait_until(lambda: answers(f"{upstream}/_health"), START_LIMIT_S)
        port, inspector_port = free_port(), free_port()
        settings = {"CHANNELS": json.dumps([channel])}
        with running_workerd(bundle, port, settings, (), inspector_port):
            yield Heavy(f"http://{HOST}:{port}", port, inspector_port)
    finally:
        api.stop()


def form(size: int) -> dict[str, Any]:
    """A form with a picture, as httpx takes it: a picture with as many bytes behind it."""
    picture = noise_png(64)
    file = ("a.png", picture + bytes(size - len(picture)), "image/png")
    data = {"prompt": "a cat", "model": "heavy/editor", "response_format": "b64_json"}
    return {"data": data, "files": [("image[]", file)]}


def generation(model: str) -> dict[str, str]:
    return {"prompt": "a cat", "model": f"heavy/{model}", "response_format": "b64_json"}


def begun_generation(heavy: Heavy, model: str) -> socket.socket:
    body = json.dumps(generation(model)).encode()
    head = f"POST {GENERATIONS} HTTP/1.1\r\ncontent-type: application/json"
    return heavy.open(f"{head}\r\ncontent-length: {len(body)}", body)


def is_whole(reply: httpx.Response) -> bool:
    return len(reply.json()["data"][0]["b64_json"]) > PICTURE_CHARS


def is_turned_away(reply: httpx.Response) -> bool:
    code = reply.json()["error"]["code"]
    return (
        reply.status_code == 503 and code == "overloaded" and int(reply.headers["retry-after"]) > 0
    )


@asynccontextmanager
async def callers(heavy: Heavy) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=heavy.url, headers=HEADERS, timeout=120, limits=limits, trust_env=False
    ) as client:
        yield client


async def chunked(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


async def test_many_large_answers_at_once_are_whole_or_turned_away(heavy: Heavy) -> None:
    async with callers(heavy) as client, inspecting(heavy.inspector_port) as inspector:
        async with watching(inspector) as peak:
            models = ["told", "untold"] * 12
            requested = [
                asyncio.ensure_future(client.post(GENERATIONS, json=generation(model)))
                for model in models
            ]
            health = await client.get("/health")
            replies = await asyncio.gather(*requested)
        held_mb = (peak.held + await inspector.wasm_bytes()) / MB
    assert health.status_code == 200
    assert all(
        is_whole(reply) if reply.status_code == 200 else is_turned_away(reply) for reply in replies
    )
    assert sum(reply.status_code == 200 for reply in replies) > 6
    assert held_mb < ISOLATE_MB


async def test_uploads_that_hide_their_length_are_turned_away_as_others_are(heavy: Heavy) -> None:
    whole = httpx.Request("POST", heavy.url, **form(20 * MB))
    body = whole.read()
    kind = {"content-type": whole.headers["content-type"]}
    async with callers(heavy) as client, inspecting(heavy.inspector_port) as inspector:
        async with watching(inspector) as peak:
            sent = [client.post(EDITS, content=chunked(body), headers=kind) for _ in range(10)]
            replies = await asyncio.gather(*sent)
        held_mb = (peak.held + await inspector.wasm_bytes()) / MB
    served = [reply for reply in replies if reply.status_code == 200]
    assert served
    assert all(is_turned_away(reply) for reply in replies if reply not in served)
    assert len(served) < 10
    assert held_mb < ISOLATE_MB


def test_a_length_that_is_merely_announced_shuts_nobody_out(heavy: Heavy) -> None:
    with ExitStack() as stack:
        head = f"POST {EDITS} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=x\r\n"
        _, *waiting = (
            stack.enter_context(
                heavy.open(f"{head}content-length: {announced}", b"--x\r\n" + bytes(17))
            )
            for announced in (29_000_000, 900, 4_500_000)
        )
        assert {heavy.edit(1_500_000).status_code for _ in range(10)} == {200}
        for idle in waiting:
            answered = idle.recv(10_000).decode()
            assert answered.startswith("HTTP/1.1 408"), "in the end it is told"
            assert '"code":"request_timeout"' in answered.replace(" ", "")


def test_memory_of_idle_uploads_is_released_when_others_need_it(heavy: Heavy) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            head = f"POST {EDITS} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=x\r\n"
            idle = heavy.open(f"{head}content-length: 20000000", b"--x\r\n")
            stack.enter_context(idle)
            idle.settimeout(1)
            with suppress(TimeoutError):  # who finds no memory is not read any further
                idle.sendall(bytes(12 * MB))
        assert eventually(lambda: served(heavy, 20 * MB), 30)


def test_answers_that_nobody_takes_are_cut_off_when_others_need_the_memory(heavy: Heavy) -> None:
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(begun_generation(heavy, "told"))
        reply = httpx.post(
            heavy.url + GENERATIONS, json=generation("told"), headers=HEADERS, timeout=120
        )
        assert reply.status_code == 200
        assert is_whole(reply)


def test_upstreams_that_stall_are_left_when_others_need_the_memory(heavy: Heavy) -> None:
    with ExitStack() as stack:
        stalled = [stack.enter_context(begun_generation(heavy, "stalling")) for _ in range(4)]
        reply = httpx.post(
            heavy.url + GENERATIONS, json=generation("told"), headers=HEADERS, timeout=120
        )
        assert is_whole(reply)
        answered = stalled[0].recv(10_000).decode()
        assert answered.startswith("HTTP/1.1 503")
        assert "came too slowly" in answered or "sent its answer too slowly" in answered


def test_callers_who_leave_in_the_middle_of_an_answer_leave_no_memory_taken(heavy: Heavy) -> None:
    for _ in range(4):
        leaving = [begun_generation(heavy, "told") for _ in range(3)]
        for connection in leaving:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
            connection.close()
    assert eventually(lambda: served(heavy, 24 * MB), 30)


def served(heavy: Heavy, size: int) -> httpx.Response | None:
    """The answer to an edit, where it is not turned away."""
    try:
        reply = heavy.edit(size)
    except httpx.TransportError:  # turned away in the middle of the upload
        return None
    return reply if reply.status_code == 200 else None
