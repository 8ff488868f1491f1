"""Whether workerd's memory stays level over many generations."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.callers import Caller, call_all, connected, generation, streamed_generation
from bench.figures import slope
from bench.stage import Stage
from bench.usage import resident_bytes

CALLERS = 8
SAMPLES = 10
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """Which generations are made, and how many: first to warm up, then while one looks on."""

    make_call: Callable[[Stage], Caller]
    warm_up: int
    count: int


PLANS = {
    "url": Plan(lambda stage: generation(stage, "darkroom", "url"), 200, 2000),
    "b64_json": Plan(lambda stage: generation(stage, "darkroom", "b64_json"), 20, 200),
    "stream": Plan(streamed_generation, 50, 500),
}


@dataclass(frozen=True, slots=True)
class Memory:
    """workerd's resident memory around many generations of one kind.

    `samples_mib` are taken after the warm-up, then after every tenth of the generations; `growth`
    is that of a straight line through them, in MiB per 1,000 generations.
    """

    kind: str
    generations: int
    samples_mib: list[float]
    growth_mib_per_1000: float


async def measure_memory(stage: Stage) -> list[Memory]:
    """Measure each kind of generation, one after the other in the same workerd."""
    return [await _measure(stage, kind, plan) for kind, plan in PLANS.items()]


async def _measure(stage: Stage, kind: str, plan: Plan) -> Memory:
    call = plan.make_call(stage)
    step = plan.count // SAMPLES
    async with connected(CALLERS) as clients:
        await call_all(clients, plan.warm_up, call)
        samples = [resident_bytes(stage.workerd_pid) / MIB]
        for _ in range(SAMPLES):
            await call_all(clients, step, call)
            samples.append(resident_bytes(stage.workerd_pid) / MIB)
    points = [(index * step / 1000, sample) for index, sample in enumerate(samples)]
    return Memory(kind, plan.count, samples, slope(points))
