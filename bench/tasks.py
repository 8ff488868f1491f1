"""Two hundred tasks at once in the background, and how fast their polls are answered meanwhile."""

import asyncio
import random
import time
from dataclasses import dataclass

import httpx

from bench.callers import WrongAnswer, connected, demand, generation_request
from bench.figures import percentile
from bench.stage import Effort, Stage
from bench.usage import resident_bytes

TASKS, WAVES = 200, 3
WARM_UP_WAVES = 4
EVENTS, INTERVAL_S = 20, 1.0  # of each job: a step each second
SUBMITTERS, POLLERS = 20, 16
LONGEST_PAUSE_S = 0.4  # of each poller between two polls: there are some eighty in a second
LIMIT_S = 120.0
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wave:
    """Many tasks at once.

    `accepted_s` and `over_s` are until the last was accepted, and over, since the first was sent.
    Polls are those from when all were accepted until the first was over, `health_p99_ms` is of
    requests for `/health` beside them, and `ending_p99_ms` of the polls after, while all tasks come
    to their ends at about the same time. `processor` is the share of one core that each party was
    busy for.
    """

    tasks: int
    completed: int
    accepted_s: float
    over_s: float
    polls: int
    p50_ms: float
    p99_ms: float
    ending_p99_ms: float
    health_p99_ms: float
    peak_mib: float
    after_mib: float
    processor: dict[str, float]


@dataclass(frozen=True, slots=True)
class Tasks:
    """Waves of tasks, one after the other in the same workerd, and its memory before them."""

    job_s: float
    before_mib: float
    waves: list[Wave]


async def measure_tasks(stage: Stage) -> Tasks:
    """Measure wave after wave.

    An object stays in memory for ten seconds after it was asked last: short waves warm up.
    """
    for _ in range(WARM_UP_WAVES):
        await _run_wave(stage, TASKS, "a cat [[progress:4:0.5]]")
    before_mib = resident_bytes(stage.workerd_pid) / MIB
    prompt = f"a cat [[progress:{EVENTS}:{INTERVAL_S}]]"
    waves = [await _run_wave(stage, TASKS, prompt) for _ in range(WAVES)]
    return Tasks(EVENTS * INTERVAL_S, before_mib, waves)


async def _run_wave(stage: Stage, count: int, prompt: str) -> Wave:
    effort = Effort(stage)
    began = time.monotonic()
    async with connected(SUBMITTERS) as clients:
        with effort.counted():
            places = await _submit(stage, clients, count, prompt)
            accepted_s = time.monotonic() - began
            watch = _Watch(stage, places)
            async with asyncio.TaskGroup() as group:
                for client in clients[:POLLERS]:
                    group.create_task(watch.keep_polling(client))
                for client in clients[POLLERS:]:
                    group.create_task(watch.compare(client))
            over_s = time.monotonic() - began
    return Wave(
        tasks=count,
        completed=sum(status == "completed" for status in watch.statuses.values()),
        accepted_s=accepted_s,
        over_s=over_s,
        polls=len(watch.running_s),
        p50_ms=percentile(watch.running_s, 50) * 1000,
        p99_ms=percentile(watch.running_s, 99) * 1000,
        ending_p99_ms=percentile(watch.ending_s, 99) * 1000,
        health_p99_ms=percentile(watch.health_s, 99) * 1000,
        peak_mib=watch.peak_bytes / MIB,
        after_mib=resident_bytes(stage.workerd_pid) / MIB,
        processor=effort.shares(),
    )


async def _submit(
    stage: Stage, clients: list[httpx.AsyncClient], count: int, prompt: str
) -> list[str]:
    request = generation_request(stage, prompt, **{"async": True, "response_format": "url"})
    places: list[str] = []
    tickets = iter(range(count))

    async def keep_submitting(client: httpx.AsyncClient) -> None:
        for _ in tickets:
            reply = await client.send(request)
            demand(reply.content, b'"status":"queued"')
            places.append(stage.darkroom + reply.headers["location"])

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(keep_submitting(client))
    return places


class _Watch:
    """Polls tasks in no particular order until all are over."""

    def __init__(self, stage: Stage, places: list[str]) -> None:
        self.statuses: dict[str, str] = {}
        self.running_s: list[float] = []
        self.ending_s: list[float] = []
        self.health_s: list[float] = []
        self.peak_bytes = 0
        self._stage = stage
        self._places = places
        self._until = time.monotonic() + LIMIT_S
        self._random = random.Random(1)

    async def keep_polling(self, client: httpx.AsyncClient) -> None:
        while open_places := [place for place in self._places if place not in self.statuses]:
            if time.monotonic() > self._until:
                raise WrongAnswer(f"{len(open_places)} tasks are not over after {LIMIT_S:.0f} s")
            place = self._random.choice(open_places)
            began = time.monotonic()
            status = (await client.get(place)).json()["status"]
            took_s = time.monotonic() - began
            if status not in ("queued", "running"):
                self.statuses[place] = status
            (self.ending_s if self.statuses else self.running_s).append(took_s)
            if place not in self.statuses:
                await self._pause()
            self.peak_bytes = max(self.peak_bytes, resident_bytes(self._stage.workerd_pid))

    async def compare(self, client: httpx.AsyncClient) -> None:
        """Ask for `/health` meanwhile, which has nothing to do but to be answered."""
        while not self.statuses:
            began = time.monotonic()
            demand((await client.get(f"{self._stage.darkroom}/health")).content, b"ok")
            self.health_s.append(time.monotonic() - began)
            await self._pause()

    async def _pause(self) -> None:
        """Wait at random, so that callers do not come in step."""
        await asyncio.sleep(self._random.uniform(0, LONGEST_PAUSE_S))
