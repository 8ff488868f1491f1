"""What importing the Worker leaves behind: production does it once and snapshots the memory."""

from typing import Any

import pytest

from tests.e2e.inside import Inside

MIB = 1024 * 1024
# Measured: 25.9 MiB in use, and 40.2 MiB that were needed at once and stay Python's. A pattern of
# pydantic's with a counted `\\w` took 3.0 of the one and 7.3 of the other.
MAX_USED_BYTES, MAX_HEAP_BYTES = 29 * MIB, 43 * MIB
MAX_MODULE_BYTES = 1 * MIB  # measured: 0.4, where a module makes pydantic load another of its parts
MAX_WALKED = 2_000  # of the 73,000 objects that there are


@pytest.fixture(scope="module")
def imported(inside: Inside) -> Any:
    return inside.ask("imports")


def test_the_heap_after_the_import_is_small(imported: Any) -> None:
    assert imported["used"] < MAX_USED_BYTES
    assert imported["heap"] < MAX_HEAP_BYTES


def test_no_module_takes_much_of_the_heap(imported: Any) -> None:
    own = {name: size for name, size in imported["grown"].items() if name.startswith("darkroom")}
    assert len(own) > 100
    assert {name: size for name, size in own.items() if size > MAX_MODULE_BYTES} == {}


def test_no_module_holds_a_value_of_javascripts(imported: Any) -> None:
    assert imported["javascript"] == []


def test_collections_of_requests_walk_nothing_that_the_import_made(imported: Any) -> None:
    assert imported["walked"] < MAX_WALKED


def test_no_import_draws_randomness(imported: Any) -> None:
    assert imported["random"] == []


def test_a_module_that_does_both_is_found(inside: Inside) -> None:
    assert inside.ask("control") == {"javascript": ["[object Headers]"], "random": 1}
