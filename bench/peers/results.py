"""The figures of all peers as a page of Markdown."""

import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.peers.cases import CASES
from bench.peers.measure import PARTIES, Conduct, Fallback, Figure, Memory

FULL = 0.9  # of a core: a party that is so busy may be what limits a figure


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The place and time of the figures, and the load of other processes meanwhile."""

    date: str
    processor: str
    cores: int
    memory_gib: float
    kernel: str
    rounds: int
    seconds: float
    others_cores: float


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one peer, or of the upstream itself."""

    name: str
    version: str
    command: str
    figures: Mapping[str, Figure]
    memory: Memory | None
    fallback: Fallback | None
    conduct: Conduct | None

    @property
    def title(self) -> str:
        """Its name and version."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Results:
    """All rows; the first is the upstream, asked directly."""

    circumstances: Circumstances
    rows: Sequence[Row]


def describe(rounds: int, seconds: float, others_cores: float) -> Circumstances:
    """The circumstances of this machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Circumstances(
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        processor=models[0] if models else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=pages / 1024**3,
        kernel=f"{platform.system()} {platform.release()}",
        rounds=rounds,
        seconds=seconds,
        others_cores=others_cores,
    )


def write_results(results: Results) -> str:
    """The page."""
    upstream, peers = results.rows[0], results.rows[1:]
    sections = (
        _head(results.circumstances),
        [
            "## Who",
            "",
            *_table(["", "command"], ([row.title, f"`{row.command}`"] for row in results.rows)),
        ],
        _rates(results.rows),
        _latencies(results.rows, upstream),
        _costs(peers),
        _states(peers),
        _shares(results.rows),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _head(about: Circumstances) -> list[str]:
    return [
        "# Darkroom beside its peers",
        "",
        "Written by `make bench-peers`. All stand before the same upstream on loopback, without",
        "TLS, and are sent the same requests in OpenAI's shape by `wrk`, in turns. Each is one",
        "process of one worker, also where it could be several.",
        f"Rounds: {about.rounds} of {about.seconds:.0f} s. Figures are their medians, the lowest",
        "and the highest in parentheses.",
        "",
        f"- {about.date}",
        f"- {about.processor}, {about.cores} cores, {about.memory_gib:.0f} GiB; {about.kernel}",
        "- Peer, upstream and generator share the cores; everything else used "
        f"{about.others_cores:.2f} of them meanwhile.",
        "- Darkroom runs on Pyodide from npm in workerd. V8's flags leave an isolate the memory",
        "  that it has in production.",
    ]


def _rates(rows: Sequence[Row]) -> list[str]:
    cases = ("small", "large", "edit", "chat", "crowd")
    head = ["requests a second", *(_title(case) for case in cases)]
    body = ([row.title, *(_rate(row.figures[case]) for case in cases)] for row in rows)
    note = "The chat's events are sent one by one, each as soon as the last is on its way."
    return ["## Throughput", "", *_table(head, body), "", note]


def _latencies(rows: Sequence[Row], upstream: Row) -> list[str]:
    base = upstream.figures["alone"]
    head = ["ms, small generation", "p50", "p99", "added p50", "added p99"]
    head += ["p50 of 64 callers", "p99 of 64 callers"]
    body = (
        [
            row.title,
            f"{(alone := row.figures['alone']).p50_ms:.2f}",
            f"{alone.p99_ms:.2f}",
            "" if row is upstream else f"{alone.p50_ms - base.p50_ms:.2f}",
            "" if row is upstream else f"{alone.p99_ms - base.p99_ms:.2f}",
            f"{row.figures['crowd'].p50_ms:.1f}",
            f"{row.figures['crowd'].p99_ms:.1f}",
        ]
        for row in rows
    )
    return [
        "## Latency",
        "",
        "Of one caller, unless the column says otherwise.",
        "",
        *_table(head, body),
    ]


def _costs(peers: Sequence[Row]) -> list[str]:
    head = ["ms of CPU for a request", *(_title(case) for case in CASES)]
    body = (
        [row.title, *(_unless_failed(row.figures[case], _cost) for case in CASES)] for row in peers
    )
    return [
        "## Processor time",
        "",
        "User and system, of all of a peer's processes.",
        "",
        *_table(head, body),
    ]


def _states(peers: Sequence[Row]) -> list[str]:
    requests = max((row.memory.requests for row in peers if row.memory), default=0)
    head = [
        "",
        f"MiB after {requests:,} requests",
        "MiB at the peak",
        "first fallback, ms",
        "later ones, p50",
        "mask of an edit",
        "caller leaves a generation",
        "caller leaves a stream",
    ]
    return [
        "## Memory, fallback, conduct",
        "",
        *_FALLBACK_NOTE,
        "",
        *_table(head, map(_state, peers)),
    ]


_FALLBACK_NOTE = [
    "Memory is resident, of all processes. A fallback is a small generation whose first upstream "
    "refuses the connection.",
    "The last columns say whether the upstream's work is cancelled when the caller closes the "
    "connection, or resets it.",
]


def _state(row: Row) -> list[str]:
    memory, fallback, conduct = row.memory, row.fallback, row.conduct
    return [
        row.title,
        *([f"{memory.now_mib:.0f}", f"{memory.peak_mib:.0f}"] if memory else ["", ""]),
        *(
            [f"{fallback.first_ms:.1f}", f"{fallback.later_p50_ms:.1f}"]
            if fallback
            else ["has no fallbacks", ""]
        ),
        *([conduct.mask, conduct.generation, conduct.stream] if conduct else ["", "", ""]),
    ]


def _shares(rows: Sequence[Row]) -> list[str]:
    head = ["share of a core: peer, upstream, generator", *(_title(case) for case in CASES)]
    body = ([row.title, *(_busy(row.figures[case]) for case in CASES)] for row in rows)
    note = (
        f"Bold: the upstream or the generator used {FULL:.0%} of a core, and may limit the figure."
    )
    return ["## Who was busy", "", *_table(head, body), "", note]


def _busy(figure: Figure) -> str:
    shares = [figure.shares[party] for party in PARTIES]
    mark = "**" if max(shares[1:]) > FULL else ""
    return mark + ", ".join(f"{share:.2f}" for share in shares) + mark


def _rate(figure: Figure) -> str:
    digits = 0 if figure.per_second >= 100 else 1
    low, high = (f"{rate:,.{digits}f}" for rate in (figure.slowest, figure.fastest))
    words = f"{figure.per_second:,.{digits}f} ({low} to {high})"
    return f"{words}; {figure.failed:,} failed" if figure.failed else words


def _cost(figure: Figure) -> str:
    return f"{figure.cpu_ms:.2f}"


def _unless_failed(figure: Figure, write: Callable[[Figure], str]) -> str:
    return write(figure) if figure.per_second else "fails"


def _title(case: str) -> str:
    callers = CASES[case].callers
    return f"{CASES[case].about}, {callers} caller{'s' if callers > 1 else ''}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
