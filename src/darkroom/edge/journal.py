"""The journal of a budget, in the SQLite database of a Durable Object."""

import json
from collections.abc import Sequence
from typing import Any

import js

CREATE = "CREATE TABLE IF NOT EXISTS journal (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID"
WRITE = "INSERT OR REPLACE INTO journal (name, value) VALUES (?, ?)"
DELETE = "DELETE FROM journal WHERE name = ?"
DELETE_BELOW = "DELETE FROM journal WHERE substr(name, 1, length(?1)) = ?1"
READ = "SELECT name, value FROM journal"


class SqlJournal:
    """A `Journal` on the runtime's own `sql`, which does its work at once.

    No answer leaves the object before what was written is safe.
    """

    def __init__(self, sql: Any) -> None:
        self._sql = sql
        sql.exec(CREATE)

    def read(self) -> Sequence[tuple[str, str]]:
        """All that was written down."""
        rows = json.loads(js.JSON.stringify(self._sql.exec(READ).toArray()))
        return [(row["name"], row["value"]) for row in rows]

    def write(self, name: str, value: str | None) -> None:
        """Write a value down, or delete it."""
        if value is None:
            self._sql.exec(DELETE, name)
        else:
            self._sql.exec(WRITE, name, value)

    def delete_below(self, beginning: str) -> None:
        """Delete all values whose names begin so."""
        self._sql.exec(DELETE_BELOW, beginning)
