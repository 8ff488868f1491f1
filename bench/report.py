"""The figures as a plain table, and as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.floors.measure import Side
from bench.history import Listing
from bench.isolate import BUDGET_MB, REQUESTS, Isolate
from bench.jobs import Jobs
from bench.machine import Machine
from bench.memory import Memory
from bench.page import Opening
from bench.profile import Profile
from bench.progress import Delay
from bench.startup import Startup
from bench.tasks import Tasks
from bench.throughput import Throughput

PARTIES = ("client", "space", "workerd")
NAMES = {"direct": "the Space directly", "darkroom": "through Darkroom"}


@dataclass(frozen=True, slots=True)
class Results:
    """All that a run of the bench found out."""

    machine: Machine
    startup: Startup
    jobs: Jobs
    throughput: list[Throughput]
    progress: list[Delay]
    memory: list[Memory]
    tasks: Tasks
    isolate: list[Isolate]
    history: list[Listing]
    page: list[Opening]


@dataclass(frozen=True, slots=True)
class JobResults:
    """All that a run of `python -m bench jobs` found out."""

    machine: Machine
    jobs: Jobs


def save(figures: Results | JobResults, path: Path) -> None:
    """Write figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(figures), indent=2) + "\n", "utf-8")


def write_report(results: Results) -> str:
    """The figures for a reader."""
    sections = (
        write_machine(results.machine),
        _startup(results.startup),
        write_jobs(results.jobs),
        _throughput(results.throughput),
        _progress(results.progress),
        _memory(results.memory),
        write_tasks(results.tasks),
        _isolate(results.isolate),
        write_history(results.history),
        write_page(results.page),
    )
    return "\n\n".join("\n".join(lines) for lines in sections)


def write_isolate(figures: Sequence[Isolate]) -> str:
    """The figures of the isolate's memory alone."""
    return "\n".join(_isolate(figures))


def write_machine(machine: Machine) -> list[str]:
    """The circumstances."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return [
        f"{versions}; {machine.date}; took {machine.took_s:.0f} s",
        f"Client, Space and workerd share {machine.cores} cores, of which other processes used "
        f"{machine.others_cores:.2f} meanwhile.",
    ]


def _startup(startup: Startup) -> list[str]:
    starts = ", ".join(f"{seconds:.2f}" for seconds in sorted(startup.starts_s))
    return [
        "Start: workerd (no snapshot) to the first answer of /health",
        f"  median {startup.median_s:.2f} s of {starts}",
    ]


def write_jobs(jobs: Jobs) -> list[str]:
    """The processor time of jobs."""
    head = ["", "", "CPU ms", "(rounds)", "p50 ms", "p99 ms", "jobs a round"]
    rows = [
        [
            cost.job,
            cost.about,
            f"{cost.cpu_ms:.2f}",
            f"({cost.lowest_ms:.2f} to {cost.highest_ms:.2f})",
            f"{cost.p50_ms:.1f}",
            f"{cost.p99_ms:.1f}",
            f"{cost.jobs}",
        ]
        for cost in jobs.costs
    ]
    return [
        "Processor time of workerd for a job of a single caller, user and system: "
        f"the median of {jobs.rounds} rounds",
        *_table([head, *rows], 2),
        *(_throughput([jobs.busy]) if jobs.busy else ()),
    ]


def write_floors(sides: Sequence[Side]) -> list[str]:
    """The processor time of jobs, beside that of the least that a Worker can do."""
    head = ["", "", *(side.name for side in sides)]
    rows = [
        [costs[0].job, costs[0].about, *(f"{cost.cpu_ms:.2f}" for cost in costs)]
        for costs in zip(*(side.jobs.costs for side in sides), strict=True)
    ]
    return [
        "Processor time of workerd for a job in ms, by the least that a Worker can do and by "
        f"Darkroom: medians of {sides[0].jobs.rounds} rounds",
        *_table([head, *rows], 2),
    ]


def write_profile(profile: Profile) -> str:
    """The time of a job in the isolate, by place."""
    rows = [[place, f"{ms:.2f}"] for place, ms in profile.ms.items()]
    whole = ["all", f"{sum(profile.ms.values()):.2f}"]
    return "\n".join((f"{profile.job}: ms in the isolate", *_table([*rows, whole], 1)))


def _throughput(figures: Sequence[Throughput]) -> list[str]:
    head = ["", "callers", "", "req/s", "(rounds)", "p50 ms", "p99 ms", *PARTIES]
    rows = [
        [
            figure.operation,
            f"{figure.callers}",
            NAMES[figure.side],
            f"{figure.per_second:.0f}",
            f"({figure.slowest:.0f} to {figure.fastest:.0f})",
            f"{figure.p50_ms:.2f}",
            f"{figure.p99_ms:.2f}",
            *(f"{figure.processor[party]:.2f}" for party in PARTIES),
        ]
        for figure in figures
    ]
    return ["Requests, and the share of a core that each party used", *_table([head, *rows], 3)]


def _progress(delays: Sequence[Delay]) -> list[str]:
    head = ["streams", "", "events", "every", "p50 ms", "p99 ms", "max ms", *PARTIES]
    rows = [
        [
            f"{delay.streams}",
            NAMES[delay.side],
            f"{delay.events}",
            f"{delay.interval_s * 1000:.0f} ms",
            f"{delay.p50_ms:.2f}",
            f"{delay.p99_ms:.2f}",
            f"{delay.max_ms:.2f}",
            *(f"{delay.processor[party]:.2f}" for party in PARTIES),
        ]
        for delay in delays
    ]
    return [
        "Progress: from the Space's sending to the caller's receiving",
        *_table([head, *rows], 2),
    ]


def _memory(memories: Sequence[Memory]) -> list[str]:
    head = ["", "generations", "before", "after", "per 1,000", "every tenth of them"]
    rows = [
        [
            memory.kind,
            f"{memory.generations}",
            f"{memory.samples_mib[0]:.1f}",
            f"{memory.samples_mib[-1]:.1f}",
            f"{memory.growth_mib_per_1000:+.1f}",
            " ".join(f"{sample:.0f}" for sample in memory.samples_mib),
        ]
        for memory in memories
    ]
    return ["Memory of workerd after a warm-up (resident, MiB)", *_table([head, *rows], 1)]


def write_tasks(tasks: Tasks) -> list[str]:
    """The figures of tasks in the background."""
    head = ["wave", "tasks", "accepted in", "all over after", "polls", "p50 ms", "p99 ms"]
    head += [
        "(of /health)",
        "p99 ms while they start",
        "while they end",
        "MiB at the most",
        "MiB after",
        *PARTIES,
    ]
    rows = [
        [
            f"{number}",
            f"{wave.completed} of {wave.tasks}",
            f"{wave.accepted_s:.1f} s",
            f"{wave.over_s:.1f} s",
            f"{wave.polls}",
            f"{wave.p50_ms:.1f}",
            f"{wave.p99_ms:.1f}",
            f"({wave.health_p99_ms:.1f})",
            f"{wave.starting_p99_ms:.1f}",
            f"{wave.ending_p99_ms:.1f}",
            f"{wave.peak_mib:.0f}",
            f"{wave.after_mib:.0f}",
            *(f"{wave.processor[party]:.2f}" for party in PARTIES),
        ]
        for number, wave in enumerate(tasks.waves, 1)
    ]
    return [
        f"Tasks in the background, each taking its Space {tasks.job_s:.0f} s, polled meanwhile; "
        f"workerd held {tasks.before_mib:.0f} MiB before",
        *_table([head, *rows], 1),
    ]


def _isolate(figures: Sequence[Isolate]) -> list[str]:
    head = ["", "at once", "peak", "of budget", "Wasm", "heap", "arrays", "workerd", "took s"]
    head += ["turned away"]
    rows = [
        [figure.kind, "no such route: skipped", *[""] * 8]
        if figure.skipped
        else [
            figure.kind,
            f"{figure.run_now or ''}",
            f"{figure.peak_mb:.0f}",
            f"{figure.peak_mb / BUDGET_MB:.0%}",
            f"{figure.wasm_mb:.0f}",
            f"{figure.heap_mb:.0f}",
            f"{figure.arrays_mb:.0f}",
            f"{figure.resident_mb:.0f}",
            f"{figure.took_s:.1f}",
            f"{figure.turned_away}",
        ]
        for figure in figures
    ]
    return [
        f"Peak memory of the isolate over {REQUESTS} requests, of a budget of {BUDGET_MB} MB (MB)",
        *_table([head, *rows], 2),
    ]


def write_history(listings: Sequence[Listing]) -> list[str]:
    """The figures of a long history."""
    head = ["", "calls", "p50 ms", "p99 ms"]
    rows = [
        [listing.what, f"{listing.calls}", f"{listing.p50_ms:.2f}", f"{listing.p99_ms:.2f}"]
        for listing in listings
    ]
    return ["History: a long one, under wrangler dev", *_table([head, *rows], 1)]


def write_page(openings: Sequence[Opening]) -> list[str]:
    """The figures of the page."""
    head = ["width", "openings", "painted p50 ms", "at worst", "ready p50 ms", "at worst", "KiB"]
    rows = [
        [
            opening.width,
            f"{opening.openings}",
            f"{opening.painted_p50_ms:.0f}",
            f"{opening.painted_max_ms:.0f}",
            f"{opening.ready_p50_ms:.0f}",
            f"{opening.ready_max_ms:.0f}",
            f"{opening.kib:.0f}",
        ]
        for opening in openings
    ]
    return ["The page with a cold cache, under wrangler dev", *_table([head, *rows], 1)]


def _table(rows: Sequence[Sequence[str]], words: int) -> Iterable[str]:
    """Columns side by side: the first `words` flush left, figures flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()
