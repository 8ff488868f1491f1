"""Two hundred tasks at once in the background, and how fast their polls are answered meanwhile."""

import asyncio
import math
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
    `starting_p99_ms` is of the polls from then until each task was seen running. Of those from then
    until the first may be over are `polls`, `p50_ms` and `p99_ms`; `health_p99_ms` is of requests
    for `/health` beside them. `ending_p99_ms` is of the polls after, while all tasks come to their
    ends at about the same time. `processor` is the share of one core that each party was busy for.
    """

    tasks: int
    completed: int
    accepted_s: float
    over_s: float
    starting_p99_ms: float
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
        await _run_wave(stage, TASKS, events=4, interval_s=0.5)
    before_mib = resident_bytes(stage.workerd_pid) / MIB
    waves = [await _run_wave(stage, TASKS, EVENTS, INTERVAL_S) for _ in range(WAVES)]
    return Tasks(EVENTS * INTERVAL_S, before_mib, waves)


async def _run_wave(stage: Stage, count: int, events: int, interval_s: float) -> Wave:
    prompt = f"a cat [[progress:{events}:{interval_s}]]"
    job_s = events * interval_s
    effort = Effort(stage)
    began = time.monotonic()
    async with connected(SUBMITTERS) as clients:
        with effort.counted():
            places = await _submit(stage, clients, count, prompt)
            accepted_s = time.monotonic() - began
            watch = _Watch(stage, places, began + job_s)
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
        starting_p99_ms=_ms(watch.starting_s, 99),
        polls=len(watch.running_s),
        p50_ms=_ms(watch.running_s, 50),
        p99_ms=_ms(watch.running_s, 99),
        ending_p99_ms=_ms(watch.ending_s, 99),
        health_p99_ms=_ms(watch.health_s, 99),
        peak_mib=watch.peak_bytes / MIB,
        after_mib=resident_bytes(stage.workerd_pid) / MIB,
        processor=effort.shares(),
    )


def _ms(taken_s: list[float], percent: float) -> float:
    """Of a short wave there may be none."""
    return percentile(taken_s, percent) * 1000 if taken_s else math.nan


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
    """Polls tasks in no particular order: all of them start, all of them run, all of them end."""

    def __init__(self, stage: Stage, places: list[str], first_end_s: float) -> None:
        self.statuses: dict[str, str] = {}
        self.starting_s: list[float] = []
        self.running_s: list[float] = []
        self.ending_s: list[float] = []
        self.health_s: list[float] = []
        self.peak_bytes = 0
        self._stage = stage
        self._places = places
        self._waiting = set(places)
        self._first_end_s = first_end_s
        self._until = time.monotonic() + LIMIT_S
        self._random = random.Random(1)

    async def keep_polling(self, client: httpx.AsyncClient) -> None:
        while open_places := [place for place in self._places if place not in self.statuses]:
            if time.monotonic() > self._until:
                raise WrongAnswer(f"{len(open_places)} tasks are not over after {LIMIT_S:.0f} s")
            await self._pause()
            place = self._random.choice(list(self._waiting) or open_places)
            taken = self._taken()
            began = time.monotonic()
            status = (await client.get(place)).json()["status"]
            taken.append(time.monotonic() - began)
            if status != "queued":
                self._waiting.discard(place)
            if status not in ("queued", "running"):
                self.statuses[place] = status
            self.peak_bytes = max(self.peak_bytes, resident_bytes(self._stage.workerd_pid))

    async def compare(self, client: httpx.AsyncClient) -> None:
        """Ask for `/health` meanwhile, which has nothing to do but to be answered."""
        while not self.statuses:
            await self._pause()
            all_run = self._taken() is self.running_s
            began = time.monotonic()
            demand((await client.get(f"{self._stage.darkroom}/health")).content, b"ok")
            if all_run:
                self.health_s.append(time.monotonic() - began)

    def _taken(self) -> list[float]:
        """Where to count a poll that is sent now."""
        if time.monotonic() >= self._first_end_s:
            return self.ending_s
        return self.starting_s if self._waiting else self.running_s

    async def _pause(self) -> None:
        """Wait at random, so that callers do not come in step; less while the tasks end."""
        limit_s = LONGEST_PAUSE_S / 10 if self.statuses else LONGEST_PAUSE_S
        await asyncio.sleep(self._random.uniform(0, limit_s))
