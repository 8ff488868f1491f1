"""The seam of a relational database."""

from collections.abc import Sequence
from typing import Any, Protocol

Statement = tuple[str, Sequence[object]]


class Database(Protocol):
    """A SQLite database; raises `StoreUnavailable` when it does not answer."""

    async def run(self, *statements: Statement) -> list[list[dict[str, Any]]]:
        """Run statements in one transaction; the rows that each of them gives."""
        ...
