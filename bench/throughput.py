"""How many requests Darkroom answers in a second, and how long each takes."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from bench.callers import SIDES, Caller, Side, call_all, connected, generation, health
from bench.figures import percentile
from bench.stage import Effort, Stage

CALLERS = (1, 16)
ROUNDS = 5
WARM_UP_CALLS = 48

OPERATIONS: dict[str, tuple[int, Callable[[Stage, Side], Caller]]] = {
    "health": (2000, health),
    "generation": (500, generation),
}


@dataclass(frozen=True, slots=True)
class Throughput:
    """One operation at one number of callers at once, from one side.

    `slowest` and `fastest` are the requests per second of single rounds; `processor` is the share
    of one core that each party was busy for.
    """

    operation: str
    side: Side
    callers: int
    requests: int
    per_second: float
    slowest: float
    fastest: float
    p50_ms: float
    p99_ms: float
    processor: dict[str, float]


class _Tally:
    """Adds up the rounds of one side."""

    def __init__(self, stage: Stage) -> None:
        self._effort = Effort(stage)
        self._durations_s: list[float] = []
        self._rates: list[float] = []

    async def run_round(self, clients: list[httpx.AsyncClient], count: int, call: Caller) -> None:
        before_s = self._effort.elapsed_s
        with self._effort.counted():
            self._durations_s += await call_all(clients, count, call)
        self._rates.append(count / (self._effort.elapsed_s - before_s))

    def sum_up(self, operation: str, side: Side, callers: int) -> Throughput:
        return Throughput(
            operation=operation,
            side=side,
            callers=callers,
            requests=len(self._durations_s),
            per_second=len(self._durations_s) / self._effort.elapsed_s,
            slowest=min(self._rates),
            fastest=max(self._rates),
            p50_ms=percentile(self._durations_s, 50) * 1000,
            p99_ms=percentile(self._durations_s, 99) * 1000,
            processor=self._effort.shares(),
        )


async def measure_throughput(stage: Stage) -> list[Throughput]:
    """Measure every operation at every number of callers, from both sides."""
    figures = []
    for operation, (count, make_call) in OPERATIONS.items():
        for callers in CALLERS:
            figures += await _compare(stage, operation, callers, count, make_call)
    return figures


async def _compare(
    stage: Stage,
    operation: str,
    callers: int,
    count: int,
    make_call: Callable[[Stage, Side], Caller],
) -> list[Throughput]:
    """Both sides in turns, so that whatever else the machine does hits both alike."""
    calls = {side: make_call(stage, side) for side in SIDES}
    tallies = {side: _Tally(stage) for side in SIDES}
    async with connected(callers) as clients:
        for side in SIDES:
            await call_all(clients, WARM_UP_CALLS, calls[side])
        for _ in range(ROUNDS):
            for side in SIDES:
                await tallies[side].run_round(clients, count // ROUNDS, calls[side])
    return [tallies[side].sum_up(operation, side, callers) for side in SIDES]
