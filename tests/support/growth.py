"""How the work for a text grows with the text: linear is harmless, quadratic is an outage."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SMALL_CHARS, LARGE_CHARS = 8_000, 64_000
MAX_RATIO = 20.0  # 8 times the text is 8 times the work if that is linear, 64 if it is quadratic
HARMLESS_S = 0.05  # of CPU for the large text; a quadratic run takes seconds
GIVE_UP_S = 1.0
RUNS = 2
SMALL_RUNS = 5  # each takes a moment, which a busy machine may make several times as long


class Runaway(AssertionError):
    """The work was stopped: it took longer than any linear work takes."""


def growth_fault(
    work: Callable[[str], object],
    text_of: Callable[[int], str],
    small_chars: int = SMALL_CHARS,
    large_chars: int = LARGE_CHARS,
) -> str | None:
    """Say what is wrong if the work grows faster than the text; None if it does not.

    `text_of` makes the text of a given length. Only CPU time counts, and the best of several runs,
    so that a busy machine does not matter.
    """
    small, large = text_of(small_chars), text_of(large_chars)
    try:
        small_s = cpu_s(work, small)
        large_s = min(_runs(work, large))
        if large_s <= HARMLESS_S:
            return None
        small_s = min(small_s, *(cpu_s(work, small) for _ in range(SMALL_RUNS)))
    except Runaway as runaway:
        return str(runaway)
    if large_s <= MAX_RATIO * small_s:
        return None
    return f"{small_s:.4f} s for {len(small)} characters, {large_s:.4f} s for {len(large)}"


def cpu_s(work: Callable[[str], object], text: str) -> float:
    """The seconds of CPU that the work takes; raises `Runaway` when it takes too long."""
    with _limited(len(text)):
        began = time.process_time()
        work(text)
        return time.process_time() - began


def repeated(unit: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Texts of any length that are one piece over and over, between a beginning and an end."""

    def text_of(length: int) -> str:
        room = max(0, length - len(before) - len(after))
        return before + (unit * (room // len(unit) + 1))[:room] + after

    return text_of


def _runs(work: Callable[[str], object], text: str) -> Iterator[float]:
    for _ in range(RUNS):
        took_s = cpu_s(work, text)
        yield took_s
        if took_s <= HARMLESS_S:
            return


@contextmanager
def _limited(length: int) -> Iterator[None]:
    """Stop work by a signal, which the regular expressions of CPython look out for."""

    def stop(number: int, frame: object) -> None:
        raise Runaway(f"more than {GIVE_UP_S} s for {length} characters")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, GIVE_UP_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
