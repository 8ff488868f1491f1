"""Gateways whose limits hold, on SQLite with the tables of `migrations/`."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from darkroom.edge.database_sweeper import DatabaseSweeper
from darkroom.edge.gateway_keys import D1GatewayKeys
from darkroom.edge.kept import D1Kept
from darkroom.edge.usage import D1Usage
from darkroom.gateway import Gateway
from darkroom.limit_settings import Limits
from darkroom.settings import Settings
from darkroom.stores.budget import MemoryBudget
from darkroom.stores.database import Statement
from darkroom.stores.gateway_keys import IssuedKeys
from darkroom.stores.request_counts import RequestCounts
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import FakeClock

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ROOT = "dk_root"
ADMIN = {"authorization": f"Bearer {ROOT}"}
ADMIN_DIGEST = hashlib.sha256(ROOT.encode()).hexdigest()
UNLIMITED = Limits(*[0] * len(Limits.__dataclass_fields__))


class SqliteDatabase:
    """A `Database` in memory; a `broken` one does not answer. `asked` counts its batches."""

    def __init__(self) -> None:
        self.broken = False
        self.asked = 0
        self._connection = sqlite3.connect(":memory:")
        self._connection.row_factory = sqlite3.Row
        for path in sorted(MIGRATIONS.glob("*.sql")):
            self._connection.executescript(path.read_text("utf-8"))

    async def run(self, *statements: Statement) -> list[list[dict[str, Any]]]:
        self.asked += 1
        if self.broken:
            raise StoreUnavailable("the database did not answer")
        answers = []
        with self._connection:
            for sql, parameters in statements:
                values = {str(n): value for n, value in enumerate(parameters, 1)}
                rows = self._connection.execute(sql, values).fetchall()
                answers.append([dict(row) for row in rows])
        read: list[list[dict[str, Any]]] = json.loads(json.dumps(answers))
        return read

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.execute(query).fetchall()]


def limited(
    gate: Gateway, limits: Limits = UNLIMITED, database: SqliteDatabase | None = None
) -> tuple[Gateway, SqliteDatabase]:
    """The same gateway with limits, an administrator and a database."""
    database = database or SqliteDatabase()
    settings: Settings = replace(gate.settings, limits=limits, admin_keys=(ADMIN_DIGEST,))
    assert isinstance(gate.clock, FakeClock)
    with_limits = replace(
        gate,
        settings=settings,
        issued_keys=IssuedKeys(D1GatewayKeys(database), gate.clock, settings.named_keys),
        request_counts=RequestCounts(),
        budget=MemoryBudget(gate.clock),
        usage=D1Usage(database),
        kept=D1Kept(database),
        sweepers=[DatabaseSweeper(database, settings.lifetimes)],
    )
    return with_limits, database
