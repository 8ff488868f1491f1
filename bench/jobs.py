"""The cost of a job: the processor time that workerd spends on it, for a single caller.

workerd's time is that of all its threads, user and system, so that waiting costs nothing. Rounds of
all jobs alternate, so that whatever else the machine does hits all alike; the first is a warm-up.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import httpx

from bench.callers import (
    Caller,
    call_all,
    connected,
    demand,
    generation_request,
)
from bench.figures import percentile
from bench.stage import API, TOKEN, Effort, Stage
from bench.throughput import Throughput
from bench.usage import processor_s
from local.http_server import noise_png
from local.instant_api import CHATS, PICTURES

ROUNDS = 5
BUSY_CALLERS, BUSY_REQUESTS = 8, 400
POLLS, POLL_PAUSE_S = 3, 0.05
HEADERS = {"authorization": f"Bearer {TOKEN}"}
PACED, BURST = 0.005, 0.0  # seconds between two events


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of job, and how many of it are a round."""

    about: str
    count: int
    make_call: Callable[[Stage], Caller]


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one kind of job: the median of the rounds, the lowest and the highest."""

    job: str
    about: str
    jobs: int
    cpu_ms: float
    lowest_ms: float
    highest_ms: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Jobs:
    """The costs of all jobs that were measured; `busy` is plain requests of several callers."""

    rounds: int
    costs: list[Cost]
    busy: Throughput | None


async def measure_jobs(stage: Stage, names: Sequence[str], rounds: int) -> Jobs:
    """Measure the jobs of these names, and plain requests of several callers where they are one."""
    tallies = {name: _Tally(stage, JOBS[name]) for name in names}
    async with connected(1) as clients:
        for number in range(rounds + 1):
            name = f"round {number} of {rounds}" if number else "warming up"
            print(f"bench: {name}", file=sys.stderr, flush=True)
            for tally in tallies.values():
                await tally.run_round(clients, keep=number > 0)
    costs = [tally.sum_up(name) for name, tally in tallies.items()]
    busy = await _measure_busy(stage, rounds) if "plain" in tallies else None
    return Jobs(rounds, costs, busy)


class _Tally:
    """Adds up the rounds of one job."""

    def __init__(self, stage: Stage, job: Job) -> None:
        self._stage, self._job = stage, job
        self._call = job.make_call(stage)
        self._durations_s: list[float] = []
        self._cpu_ms: list[float] = []

    async def run_round(self, clients: list[httpx.AsyncClient], *, keep: bool) -> None:
        before_s = processor_s(self._stage.workerd_pid)
        durations_s = await call_all(clients, self._job.count, self._call)
        used_s = processor_s(self._stage.workerd_pid) - before_s
        if keep:
            self._durations_s += durations_s
            self._cpu_ms.append(used_s / self._job.count * 1000)

    def sum_up(self, name: str) -> Cost:
        return Cost(
            job=name,
            about=self._job.about,
            jobs=self._job.count,
            cpu_ms=median(self._cpu_ms),
            lowest_ms=min(self._cpu_ms),
            highest_ms=max(self._cpu_ms),
            p50_ms=percentile(self._durations_s, 50) * 1000,
            p99_ms=percentile(self._durations_s, 99) * 1000,
        )


async def _measure_busy(stage: Stage, rounds: int) -> Throughput:
    call = _picture("small")(stage)
    effort, durations_s, rates = Effort(stage), list[float](), list[float]()
    async with connected(BUSY_CALLERS) as clients:
        await call_all(clients, BUSY_REQUESTS, call)
        for _ in range(rounds):
            before_s = effort.elapsed_s
            with effort.counted():
                durations_s += await call_all(clients, BUSY_REQUESTS, call)
            rates.append(BUSY_REQUESTS / (effort.elapsed_s - before_s))
    return Throughput(
        operation="plain",
        side="darkroom",
        callers=BUSY_CALLERS,
        requests=len(durations_s),
        per_second=median(rates),
        slowest=min(rates),
        fastest=max(rates),
        p50_ms=percentile(durations_s, 50) * 1000,
        p99_ms=percentile(durations_s, 99) * 1000,
        processor=effort.shares(),
    )


def _sending(make: Callable[[Stage], httpx.Request], mark: bytes) -> Callable[[Stage], Caller]:
    """A job that is one request, whose answer holds the mark."""

    def make_call(stage: Stage) -> Caller:
        request = make(stage)

        async def call(client: httpx.AsyncClient) -> None:
            demand((await client.send(request)).content, mark)

        return call

    return make_call


def _picture(model: str) -> Callable[[Stage], Caller]:
    """A picture of the API's, as base64."""

    def make(stage: Stage) -> httpx.Request:
        return _post(
            stage,
            "/v1/images/generations",
            {"model": f"{API}/{model}", "prompt": "a cat", "response_format": "b64_json"},
        )

    return _sending(make, b'"b64_json":"iVBOR')


def _space(events: int, interval_s: float, *, stream: bool) -> Callable[[Stage], Caller]:
    """A picture of a Space's, which reports so many events."""
    prompt = f"a cat [[progress:{events}:{interval_s}]]"
    fields: dict[str, object] = {"response_format": "url", **({"stream": True} if stream else {})}
    mark = b"image_generation.completed" if stream else b"/file="
    return _sending(lambda stage: generation_request(stage, prompt, **fields), mark)


def _chat(events: int, interval_s: float) -> Callable[[Stage], Caller]:
    words = [{"role": "user", "content": f"hello [[progress:{events}:{interval_s}]]"}]
    body = {"model": f"{API}/{CHATS}", "messages": words, "stream": True}
    return _sending(lambda stage: _post(stage, "/v1/chat/completions", body), b"[DONE]")


def _edit(stage: Stage) -> httpx.Request:
    fields = {"model": f"{API}/small", "prompt": "a cat", "response_format": "b64_json"}
    return httpx.Request(
        "POST",
        f"{stage.darkroom}/v1/images/edits",
        headers=HEADERS,
        data=fields,
        files={"image": ("image.png", noise_png(PICTURES["large"]), "image/png")},
    )


def _a1111(stage: Stage) -> httpx.Request:
    body = {"prompt": "a cat", "override_settings": {"sd_model_checkpoint": f"{API}/small"}}
    return _post(stage, "/sdapi/v1/txt2img", body)


def _task(stage: Stage) -> Caller:
    """A task of the relay's: accepted, and polled until it is over."""
    body = {"model": f"{API}/small", "prompt": "a cat", "async": True}
    request = _post(stage, "/v2/image/generate", body)

    async def call(client: httpx.AsyncClient) -> None:
        accepted = await client.send(request)
        place = stage.darkroom + accepted.headers["location"]
        for _ in range(POLLS):
            await asyncio.sleep(POLL_PAUSE_S)
            poll = await client.get(place, headers=HEADERS)
        demand(poll.content, b'"completed"')

    return call


def _tool(stage: Stage) -> httpx.Request:
    """A picture by MCP, whole."""
    arguments = {"model": f"{API}/small", "prompt": "a cat", "return": "full"}
    params = {"name": "generate_image", "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return _post(stage, "/mcp", body)


def _tools(stage: Stage) -> httpx.Request:
    return _post(stage, "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})


def _models(stage: Stage) -> httpx.Request:
    return httpx.Request("GET", f"{stage.darkroom}/v1/models")


def _post(stage: Stage, path: str, body: Mapping[str, object]) -> httpx.Request:
    return httpx.Request("POST", f"{stage.darkroom}{path}", json=body, headers=HEADERS)


JOBS: Mapping[str, Job] = {
    "plain": Job("OpenAI-compatible API, base64 of 1 KB", 100, _picture("small")),
    "b64-192k": Job("the same, of 192 KiB", 60, _picture("medium")),
    "b64-4m": Job("the same, of 4 MB", 20, _picture("large")),
    "blocking-0": Job("Space, no progress", 60, _space(0, BURST, stream=False)),
    "blocking-30": Job("Space, 30 events 5 ms apart", 20, _space(30, PACED, stream=False)),
    "stream-30": Job("streamed, 30 events 5 ms apart", 20, _space(30, PACED, stream=True)),
    "stream-30-burst": Job("streamed, 30 events at once", 40, _space(30, BURST, stream=True)),
    "stream-300": Job("streamed, 300 events 5 ms apart", 4, _space(300, PACED, stream=True)),
    "stream-300-burst": Job("streamed, 300 events at once", 10, _space(300, BURST, stream=True)),
    "edit-4m": Job("multipart edit of 4 MB", 20, _sending(_edit, b'"b64_json":"iVBOR')),
    "chat-200": Job("chat stream, 200 events 5 ms apart", 4, _chat(200, PACED)),
    "chat-200-burst": Job("chat stream, 200 events at once", 20, _chat(200, BURST)),
    "a1111": Job("AUTOMATIC1111's txt2img", 60, _sending(_a1111, b'"images":["iVBOR')),
    "task": Job("/v2, async, three polls 50 ms apart", 20, _task),
    "mcp": Job("MCP's generate_image, base64 of 1 KB", 100, _sending(_tool, b'"data":"iVBOR')),
    "mcp-tools": Job("MCP's tools/list", 100, _sending(_tools, b"inputSchema")),
    "models": Job("GET /v1/models", 100, _sending(_models, b'"data"')),
}
