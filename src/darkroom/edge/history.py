"""The history store in a D1 database, whose tables are in `migrations/`."""

import json
from collections.abc import Sequence
from typing import Any

from darkroom.stores.database import Database
from darkroom.stores.history import (
    Cleared,
    Forgotten,
    HistoryItem,
    HistoryPage,
    ItemId,
    Which,
)

# Of every statement the first parameter is the scope.
COLUMNS = "id, timestamp, fields, media, own, url"
COUNT_UP = """
INSERT INTO history_callers (scope, last_number) VALUES (?1, 1)
ON CONFLICT (scope) DO UPDATE SET last_number = last_number + 1"""
INSERT = """
INSERT INTO history (scope, number, id, timestamp, fields, media, own, url)
SELECT scope, last_number, ?2, ?3, ?4, ?5, ?6, ?7 FROM history_callers WHERE scope = ?1"""
SEEN = """number <= COALESCE(
  ?2, (SELECT last_number FROM history_callers WHERE scope = ?1))"""
PAGE = f"""
SELECT {COLUMNS} FROM history WHERE scope = ?1 AND {SEEN}
ORDER BY number DESC LIMIT ?3 OFFSET ?4"""
TOTAL = """
SELECT COUNT(*) AS total,
  COALESCE(?2, (SELECT last_number FROM history_callers WHERE scope = ?1), 0) AS as_of
FROM history WHERE scope = ?1 AND (?2 IS NULL OR number <= ?2)"""
COUNT = "SELECT COUNT(*) AS count FROM history WHERE scope = ?1"

# Which items are meant.
AT_POSITION = f"""number = (
  SELECT number FROM history WHERE scope = ?1 AND {SEEN}
  ORDER BY number DESC LIMIT 1 OFFSET ?3)"""
WITH_ID = "number = (SELECT number FROM history WHERE scope = ?1 AND id = ?2 LIMIT 1)"
BEYOND_CAP = """number <= (
  SELECT number FROM history WHERE scope = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)"""
ALL = "TRUE"


class D1History:
    """A `HistoryStore` in the database that is bound to the Worker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, scope: str, item: HistoryItem, cap: int) -> Sequence[str]:
        """Remember an item as the newest, under the next of its caller's numbers."""
        fields = json.dumps(item.fields)
        picture = (item.media_name, int(item.own), item.url)
        _, _, released, _ = await self._database.run(
            (COUNT_UP, (scope,)),
            (INSERT, (scope, item.id, item.timestamp, fields, *picture)),
            (_released(f"{BEYOND_CAP} AND own"), (scope, cap)),
            (_forget(BEYOND_CAP), (scope, cap)),
        )
        return _names(released)

    async def page(
        self, scope: str, *, limit: int, offset: int = 0, as_of: int | None = None
    ) -> HistoryPage:
        """Some of the items, newest first."""
        rows, (counted,) = await self._database.run(
            (PAGE, (scope, as_of, limit, offset)), (TOTAL, (scope, as_of))
        )
        return HistoryPage([_item(row) for row in rows], counted["total"], counted["as_of"])

    async def find(self, scope: str, which: Which) -> HistoryItem | None:
        """One item, if it is there."""
        condition, more = _condition(which)
        query = f"SELECT {COLUMNS} FROM history WHERE scope = ?1 AND {condition}"
        (rows,) = await self._database.run((query, (scope, *more)))
        return _item(rows[0]) if rows else None

    async def forget(self, scope: str, which: Which) -> Forgotten | None:
        """Find and forget one item in one transaction."""
        condition, more = _condition(which)
        released, rows, (left,) = await self._database.run(
            (_released(condition), (scope, *more)),
            (f"{_forget(condition)} RETURNING {COLUMNS}", (scope, *more)),
            (COUNT, (scope,)),
        )
        return Forgotten(_item(rows[0]), left["count"], _names(released)) if rows else None

    async def clear(self, scope: str) -> Cleared:
        """Forget all items; the caller's numbers go on from where they were."""
        released, (had,), _ = await self._database.run(
            (_released(ALL), (scope,)), (COUNT, (scope,)), (_forget(ALL), (scope,))
        )
        return Cleared(had["count"], _names(released))


def _condition(which: Which) -> tuple[str, Sequence[object]]:
    if isinstance(which, ItemId):
        return WITH_ID, (which.id,)
    return AT_POSITION, (which.as_of, which.index)


def _forget(condition: str) -> str:
    return f"DELETE FROM history WHERE scope = ?1 AND {condition}"


def _released(condition: str) -> str:
    """The pictures that will be in nobody's history once those items are gone."""
    return f"""
WITH gone AS (SELECT scope, number, media FROM history WHERE scope = ?1 AND {condition})
SELECT DISTINCT media FROM gone WHERE media IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM history WHERE media = gone.media
  AND (scope, number) NOT IN (SELECT scope, number FROM gone))"""


def _names(rows: Sequence[dict[str, Any]]) -> Sequence[str]:
    return [row["media"] for row in rows]


def _item(row: dict[str, Any]) -> HistoryItem:
    return HistoryItem(
        id=row["id"],
        timestamp=row["timestamp"],
        fields=json.loads(row["fields"]),
        media_name=row["media"],
        own=bool(row["own"]),
        url=row["url"],
    )
