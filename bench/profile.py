"""The shares of a job's time inside the isolate, by V8's sampling profiler."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.callers import call_all, connected
from bench.inspector import inspecting
from bench.jobs import JOBS
from bench.stage import settings_for, staged
from local.processes import free_port
from local.workerd import Bundle

CALLERS, WARM, MEASURED = 4, 3, 12  # the latter in rounds of the job
SAMPLE_US = 100
WAITS = ("(idle)", "(program)")  # V8's names for what is outside of scripts
CALLS = ("wasm-to-js", "js-to-wasm")  # V8's names for what leads from one to the other


@dataclass(frozen=True, slots=True)
class Profile:
    """Milliseconds for a job of several callers, by where they went."""

    job: str
    ms: Mapping[str, float]


async def measure_profile(bundle: Bundle, name: str) -> Profile:
    """Profile one kind of job in a workerd of its own; raises `StartFailed`."""
    job, port = JOBS[name], free_port()
    count = MEASURED * job.count
    with staged(bundle, settings_for, port) as stage:
        call = job.make_call(stage)
        async with connected(CALLERS) as clients:
            await call_all(clients, WARM * job.count, call)
            async with inspecting(port) as inspector, inspector.profiled(SAMPLE_US) as taken:
                await call_all(clients, count, call)
    (profile,) = taken
    return Profile(name, {place: us / count / 1000 for place, us in places(profile).items()})


def places(profile: Mapping[str, Any]) -> Mapping[str, int]:
    """Microseconds of a `Profiler.Profile` of V8's inspector by place, waits apart."""
    frames = {node["id"]: node["callFrame"] for node in profile["nodes"]}
    spent: Counter[str] = Counter()
    samples: Iterable[tuple[int, int]] = zip(profile["samples"], profile["timeDeltas"], strict=True)
    for node, us in samples:
        spent[_place(frames[node]["functionName"], frames[node]["url"])] += us
    del spent["idle"]
    return dict(spent.most_common())


def _place(function: str, url: str) -> str:
    if function in WAITS:
        return "idle"
    if function == "(garbage collector)":
        return "V8's garbage collector"
    if function in CALLS or "bootstrap" in url:
        return "Pyodide's FFI"
    if url.startswith("wasm:"):
        return "Python"
    return "the runtime's own functions"
