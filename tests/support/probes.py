"""Short requests to a server while it is busy with something else."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

INTERVAL_S = 0.05
LIMIT_S = 20.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Probes:
    """How long each probe took, in seconds, and the statuses that were not expected."""

    durations_s: list[float] = field(default_factory=list)
    odd: list[object] = field(default_factory=list)

    @property
    def longest_s(self) -> float:
        """The longest; raises `ValueError` when there was none."""
        return max(self.durations_s)


def cpu_clock(group: int) -> Callable[[], float]:
    """A clock that shows the seconds of CPU that the `workerd` of a process group has used."""
    stats = _stats_of(group)
    return lambda: sum(sum(map(int, _fields(path)[12:14])) for path in stats) / TICKS_PER_S


def resident_mb(group: int) -> float:
    """The MB that the `workerd` of a process group holds in memory."""
    return sum(int(_fields(path)[22]) for path in _stats_of(group)) * PAGE_BYTES / 1e6


def _stats_of(group: int) -> list[Path]:
    stats = [
        path
        for path in Path("/proc").glob("[0-9]*/stat")
        if (fields := _fields(path)) and fields[0] == "(workerd)" and fields[3] == str(group)
    ]
    assert stats, "there is no such workerd"
    return stats


def _fields(stat: Path) -> list[str]:
    """What follows a process's id in its `stat`; empty for one that is gone."""
    try:
        return stat.read_text("utf-8").split()[1:]
    except OSError:
        return []


@contextmanager
def probing(url: str, status: int, clock: Callable[[], float]) -> Iterator[Probes]:
    """Ask for `url` again and again in a thread, each time on a connection of its own.

    By the server's own `cpu_clock` a busy machine does not matter: a server that is at work for
    others answers no sooner. No probe takes longer than `LIMIT_S` by any clock, and the last is
    complete when this ends.
    """
    probes, stop = Probes(), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            began = clock()
            try:
                answer: object = httpx.get(url, timeout=LIMIT_S).status_code
            except httpx.HTTPError as error:
                answer = repr(error)
            probes.durations_s.append(clock() - began)
            if answer != status:
                probes.odd.append(answer)
            stop.wait(INTERVAL_S)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield probes
    finally:
        stop.set()
        thread.join()
