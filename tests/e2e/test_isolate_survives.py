"""An isolate survives whatever it is given to read: odd input inside Pyodide itself."""

import pytest

from tests.e2e.inside import Inside
from tests.support.odd_readers import READERS
from tests.support.odd_upstreams import UPSTREAMS
from tests.support.slow import slow

FEW, MANY = 40, 1_000
AT_ONCE = 100


def faults(inside: Inside, path: str, count: int, **which: str) -> list[object]:
    """What went wrong, asked in requests of a length that an isolate may have."""
    reports = [
        inside.ask(path, first=first, count=min(AT_ONCE, count), **which)
        for first in range(0, count, AT_ONCE)
    ]
    return [fault for report in reports for fault in report]


@pytest.mark.parametrize("count", [FEW, *slow(MANY)])
@pytest.mark.parametrize("reader", READERS)
def test_an_isolate_survives_odd_input(inside: Inside, reader: str, count: int) -> None:
    assert faults(inside, "read", count, reader=reader) == []
    assert inside.is_healthy


@pytest.mark.parametrize("count", [FEW, *slow(MANY)])
@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_an_isolate_survives_odd_answers(inside: Inside, upstream: str, count: int) -> None:
    assert faults(inside, "ask", count, upstream=upstream) == []
    assert inside.is_healthy
