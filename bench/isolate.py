"""How much memory the isolate holds at its peak, of the 128 MB that production gives it."""

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.callers import WrongAnswer, call_all, connected
from bench.inspector import inspecting, watching
from bench.stage import V8_FLAGS
from bench.usage import highest_resident_bytes
from local.http_server import noise_png
from local.processes import Process, answers, free_port
from local.workerd import HOST, Bundle, running_workerd

BUDGET_MB = 128
REQUESTS = 20
AT_ONCE = (1, 4, 20, 50)
CHUNK_BYTES = 64 * 1024
MB = 1_000_000
START_LIMIT_S = 30.0
SOURCE_SIDE_PX = 1672  # of noise: 8 MiB
PAUSE_S = 0.2
MAX_BODY_BYTES = 32 * 1024 * 1024
HEADERS = {"authorization": "Bearer heavy:bench"}
GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"


@dataclass(frozen=True, slots=True)
class Plan:
    """A kind of request: what is sent beside the prompt, as httpx takes it.

    `chunked` leaves out the length of the body.
    """

    kind: str
    path: str
    model: str
    fields: dict[str, Any] = field(default_factory=dict)
    files: Sequence[tuple[str, tuple[str, bytes, str]]] = ()
    chunked: bool = False

    def request(self, origin: str) -> httpx.Request:
        """The request to a Worker, read so that it can be sent again and again."""
        body = {"prompt": "a cat", "response_format": "b64_json", "model": self.model}
        content: dict[str, Any] = {"json": {**body, **self.fields}}
        if self.files:
            content = {"data": body, "files": self.files}
        request = httpx.Request("POST", origin + self.path, headers=HEADERS, **content)
        data = request.read()
        if self.chunked:
            del request.headers["content-length"]
            request.headers["transfer-encoding"] = "chunked"
            request.stream = _Chunks(data)
        return request


@dataclass(frozen=True, slots=True)
class _Chunks(httpx.AsyncByteStream):
    """A body that is sent in pieces, as often as it is asked for."""

    data: bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.data), CHUNK_BYTES):
            yield self.data[start : start + CHUNK_BYTES]


@dataclass(frozen=True, slots=True)
class Isolate:
    """The most that is held while requests of one kind are made, in MB (10^6 bytes).

    There are 20 requests, or as many as are made at once where those are more.

    `peak` is Wasm's memory and the most of all that V8 tells at one moment; `heap` and `arrays` are
    the most of each at any. `resident` is workerd as a whole, with its code and its own buffers.
    At rest some 14 MB of arrays are the archives that the offline bootstrap unpacks, and what is in
    them.
    `turned_away` is how often a caller had to come again, because too much was at work (see
    `darkroom/memory_budget.py`). All are zero where the route is not there: then `skipped` is true.
    """

    kind: str
    run_now: int
    skipped: bool = False
    peak_mb: float = 0.0
    wasm_mb: float = 0.0
    heap_mb: float = 0.0
    arrays_mb: float = 0.0
    resident_mb: float = 0.0
    took_s: float = 0.0
    turned_away: int = 0


@dataclass(frozen=True, slots=True)
class _Stage:
    darkroom: str
    inspector_port: int
    workerd_pid: int


async def measure_isolate(bundle: Bundle) -> list[Isolate]:
    """Measure an isolate at rest, then each kind of request at several numbers of them at once.

    Each has a workerd of its own: Wasm's memory never shrinks.
    """
    figures = [await _measure(bundle, None, 0)]
    for plan in _plans():
        for run_now in AT_ONCE:
            figures.append(await _measure(bundle, plan, run_now))
            if figures[-1].skipped:
                break
    return figures


def _plans() -> Sequence[Plan]:
    source = noise_png(SOURCE_SIDE_PX)
    data_url = f"data:image/png;base64,{base64.b64encode(source).decode()}"
    form = [("image[]", (f"{number}.png", source, "image/png")) for number in range(3)]
    return (
        Plan("8 MB of base64 in the answer", GENERATIONS, "heavy/told"),
        Plan("the same, its length not told", GENERATIONS, "heavy/untold"),
        Plan("6 MB fetched, turned into base64", GENERATIONS, "heavy/linked"),
        Plan("8 MiB sent as a data URL", GENERATIONS, "heavy/editor", fields={"image": data_url}),
        Plan("24 MiB sent as a form", EDITS, "heavy/editor", files=form),
        Plan("the same, its length not told", EDITS, "heavy/editor", files=form, chunked=True),
    )


async def _measure(bundle: Bundle, plan: Plan | None, run_now: int) -> Isolate:
    kind = plan.kind if plan else "at rest"
    with _staged(bundle) as stage:
        if plan and not _is_there(stage.darkroom + plan.path):
            return Isolate(kind, run_now, skipped=True)
        async with inspecting(stage.inspector_port) as inspector:
            async with watching(inspector) as peak:
                began = time.monotonic()
                turned_away = 0
                if plan:
                    caller = _Patient(plan.request(stage.darkroom))
                    async with connected(run_now) as clients:
                        await call_all(clients, max(REQUESTS, run_now), caller.call)
                    turned_away = caller.turned_away
                took_s = time.monotonic() - began
            wasm = await inspector.wasm_bytes()
        return Isolate(
            kind=kind,
            run_now=run_now,
            peak_mb=(peak.held + wasm) / MB,
            wasm_mb=wasm / MB,
            heap_mb=peak.total / MB,
            arrays_mb=peak.backing / MB,
            resident_mb=highest_resident_bytes(stage.workerd_pid) / MB,
            took_s=took_s,
            turned_away=turned_away,
        )


def _is_there(url: str) -> bool:
    """Whether a route exists: one that takes a POST alone refuses a GET with a 405."""
    return httpx.get(url, trust_env=False).status_code != 404


class _Patient:
    """Sends a request until it is answered, and counts how often it was turned away before.

    Who is turned away in the middle of an upload may find the connection closed and no answer.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self.turned_away = 0

    async def call(self, client: httpx.AsyncClient) -> None:
        while True:
            try:
                reply = await client.send(self._request)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                reply = httpx.Response(503)
            if reply.status_code != 503:
                break
            self.turned_away += 1
            await asyncio.sleep(PAUSE_S)
        if b'"b64_json":"iVBOR' not in reply.content.replace(b" ", b""):
            raise WrongAnswer(f"{reply.status_code}: {reply.content[:500]!r}")


def _channel(url: str) -> str:
    """A channel like any, as the setting has it."""
    editor = {"id": "editor", "operations": ["generate", "edit"], "max_images": 16}
    channel = {"id": "heavy", "api_url": url, "edits_endpoint": "/images/edits"}
    return json.dumps([{**channel, "models": ["told", "untold", "linked", editor]}])


@contextmanager
def _staged(bundle: Bundle) -> Iterator[_Stage]:
    """Darkroom before an upstream whose pictures weigh much."""
    upstream = f"http://{HOST}:{(upstream_port := free_port())}"
    command = [sys.executable, "-m", "local.heavy", "--port", str(upstream_port)]
    api = Process("the heavy upstream", command, Path("build/logs/heavy.log"))
    settings = {"CHANNELS": _channel(f"{upstream}/v1"), "MAX_BODY_BYTES": str(MAX_BODY_BYTES)}
    try:
        api.wait_until(lambda: answers(f"{upstream}/_health"), START_LIMIT_S)
        port, inspector_port = free_port(), free_port()
        with running_workerd(bundle, port, settings, V8_FLAGS, inspector_port) as workerd:
            yield _Stage(f"http://{HOST}:{port}", inspector_port, workerd.pid)
    finally:
        api.stop()
