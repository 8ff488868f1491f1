"""`python -m bench`: measure Darkroom in workerd, print the figures and keep them as JSON.

Everything runs on loopback against a Space that answers at once (`local.instant`), and each figure
stands beside that of the same call made to the Space directly: the difference is Darkroom. The
isolate's memory is measured against an API whose pictures weigh much (`local.heavy`).
`python -m bench jobs` measures and prints the processor time of a job alone, or of the jobs that
are named behind it; `python -m bench floors` that of some jobs beside the least that a Worker can
do; `python -m bench profile` shares a job's time out to Python, Pyodide's FFI and the runtime;
`python -m bench isolate` the isolate's memory, `python -m bench tasks` tasks in the background,
`python -m bench history` a long history, `python -m bench page` how soon the page is there.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bench.floors.measure import measure_floors
from bench.history import measure_history
from bench.isolate import measure_isolate
from bench.jobs import JOBS, ROUNDS, Jobs, measure_jobs
from bench.machine import Watch, describe_machine
from bench.memory import measure_memory
from bench.page import measure_page
from bench.profile import measure_profile
from bench.progress import measure_progress
from bench.report import (
    JobResults,
    Results,
    save,
    write_floors,
    write_history,
    write_isolate,
    write_jobs,
    write_machine,
    write_page,
    write_profile,
    write_report,
    write_tasks,
)
from bench.stage import Stage, staged
from bench.startup import measure_startup
from bench.tasks import measure_tasks
from bench.throughput import measure_throughput
from local.processes import StartFailed
from local.workerd import Bundle, build_bundle

RESULTS = Path("build/bench.json")
JOBS_RESULTS = Path("build/bench-jobs.json")
WITH_JOBS = ("jobs", "profile")
PROFILED = ("plain", "blocking-0")

Figures = TypeVar("Figures")
Measure = Callable[[Stage], Coroutine[Any, Any, Figures]]


def main() -> int:
    """Measure what was asked for; the exit status is 1 when something did not start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="all",
        choices=("all", "jobs", "floors", "profile", "tasks", "isolate", "history", "page"),
    )  # fmt: skip
    parser.add_argument(
        "names", nargs="*", metavar="JOB", help=f"with jobs and profile: {', '.join(JOBS)}"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of jobs")
    options = parser.parse_args()
    what, names = options.what, options.names
    if unknown := [name for name in names if what not in WITH_JOBS or name not in JOBS]:
        parser.error(f"no such job: {', '.join(unknown)}")
    try:
        if what == "jobs":
            costs = _measure_jobs_alone(names or tuple(JOBS), options.rounds)
            save(costs, JOBS_RESULTS)
            print("\n".join((*write_machine(costs.machine), "", *write_jobs(costs.jobs))))
            return 0
        if what == "floors":
            print("\n".join(write_floors(measure_floors(build_bundle(), options.rounds))))
            return 0
        if what == "profile":
            bundle = build_bundle()
            profiles = [asyncio.run(measure_profile(bundle, name)) for name in names or PROFILED]
            print("\n\n".join(map(write_profile, profiles)))
            return 0
        if what == "tasks":
            tasks = _on_stage(build_bundle(), Watch(), "tasks in the background", measure_tasks)
            print("\n".join(write_tasks(tasks)))
            return 0
        if what == "isolate":
            print(write_isolate(asyncio.run(measure_isolate(build_bundle()))))
            return 0
        if what == "history":
            print("\n".join(write_history(measure_history())))
            return 0
        if what == "page":
            print("\n".join(write_page(measure_page())))
            return 0
        results = _measure()
    except StartFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    save(results, RESULTS)
    print(write_report(results))
    return 0


def _measure() -> Results:
    began = time.monotonic()
    _say("bundling the Worker")
    bundle = build_bundle()
    _say("starting workerd several times")
    startup = measure_startup(bundle)
    watch = Watch()
    jobs = _measure_jobs(bundle, watch, tuple(JOBS), ROUNDS)
    throughput = _on_stage(bundle, watch, "requests", measure_throughput)
    progress = _on_stage(bundle, watch, "progress events", measure_progress)
    memory = _on_stage(bundle, watch, "memory", measure_memory)
    tasks = _on_stage(bundle, watch, "tasks in the background", measure_tasks)
    _say("measuring the isolate's memory")
    isolate = asyncio.run(measure_isolate(bundle))
    _say("listing a long history")
    history = measure_history()
    _say("opening the page")
    page = measure_page()
    machine = describe_machine(watch, time.monotonic() - began)
    return Results(
        machine, startup, jobs, throughput, progress, memory, tasks, isolate, history, page
    )


def _measure_jobs_alone(names: Sequence[str], rounds: int) -> JobResults:
    began, watch = time.monotonic(), Watch()
    jobs = _measure_jobs(build_bundle(), watch, names, rounds)
    return JobResults(describe_machine(watch, time.monotonic() - began), jobs)


def _measure_jobs(bundle: Bundle, watch: Watch, names: Sequence[str], rounds: int) -> Jobs:
    def measure(stage: Stage) -> Coroutine[Any, Any, Jobs]:
        return measure_jobs(stage, names, rounds)

    return _on_stage(bundle, watch, "the processor time of jobs", measure)


def _on_stage(bundle: Bundle, watch: Watch, what: str, measure: Measure[Figures]) -> Figures:
    """Measure one thing in a workerd that has done nothing else."""
    _say(f"measuring {what}")
    with staged(bundle) as stage, watch.over(stage):
        return asyncio.run(measure(stage))


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
