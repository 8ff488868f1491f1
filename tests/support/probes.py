"""Short requests to a server while it is busy with something else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

INTERVAL_S = 0.05
LIMIT_S = 60.0


@dataclass(slots=True)
class Probes:
    """How long each probe took, in seconds, and the statuses that were not expected."""

    durations_s: list[float] = field(default_factory=list)
    odd: list[object] = field(default_factory=list)

    @property
    def longest_s(self) -> float:
        """The longest; raises `ValueError` when there was none."""
        return max(self.durations_s)


@contextmanager
def probing(url: str, status: int) -> Iterator[Probes]:
    """Ask for `url` again and again in a thread, each time on a connection of its own.

    The last probe is complete when this ends.
    """
    probes, stop = Probes(), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                answer: object = httpx.get(url, timeout=LIMIT_S).status_code
            except httpx.HTTPError as error:
                answer = repr(error)
            probes.durations_s.append(time.monotonic() - began)
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
