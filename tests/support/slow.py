"""Cases for `make test-slow` alone: more of what the rest of their table shows."""

from collections.abc import Container, Iterable
from typing import Any

import pytest

SLOW = pytest.mark.slow


def slow(*values: Any) -> list[Any]:
    """Parameters that only slow runs take."""
    return [pytest.param(value, marks=SLOW) for value in values]


def slow_but(usual: Container[Any], rows: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Rows of parameters that only slow runs take, but for the usual ones."""
    return [pytest.param(*row, marks=() if row in usual else SLOW) for row in rows]
