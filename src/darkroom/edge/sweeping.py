"""What is swept: the R2 bucket, and the tables of the D1 database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from darkroom.edge.database import run_batch
from darkroom.edge.media import DELETED_AT_ONCE, UNTIL
from darkroom.limit_settings import DAY_S, Lifetimes
from darkroom.stores.sweeping import POSITION, BucketEntry
from darkroom.stores.unavailable import StoreUnavailable

ROWS_AT_ONCE = 500
OLD_ITEMS = """
DELETE FROM history WHERE (scope, number) IN (
  SELECT scope, number FROM history WHERE timestamp < ?1 ORDER BY timestamp LIMIT ?2)
RETURNING scope"""
# Those who have nothing in their history any more.
IDLE_CALLERS = """
DELETE FROM history_callers WHERE scope IN (
  SELECT scope FROM history_callers AS caller WHERE NOT EXISTS (
    SELECT 1 FROM history WHERE history.scope = caller.scope) LIMIT ?1)
RETURNING scope"""
OLD_KEPT = """
DELETE FROM kept WHERE name IN (SELECT name FROM kept WHERE until <= ?1 ORDER BY until LIMIT ?2)
RETURNING name"""
OLD_USAGE = """
DELETE FROM usage WHERE (day, key, model, provider) IN (
  SELECT day, key, model, provider FROM usage WHERE day < ?1 ORDER BY day LIMIT ?2)
RETURNING day"""
OLD_KEYS = """
DELETE FROM gateway_keys WHERE id IN (
  SELECT id FROM gateway_keys WHERE ended_at < ?1 OR expires_at < ?1 LIMIT ?2)
RETURNING id"""


class SweptBucket:
    """A `Bucket` in R2; `bucket` is the runtime's own binding."""

    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    async def page(self, after: str) -> tuple[Sequence[BucketEntry], bool]:
        """The objects behind a name."""
        options: dict[str, object] = {"include": ["customMetadata"]}
        if after:
            options["startAfter"] = after
        try:
            found = await self._bucket.list(to_js(options, dict_converter=js.Object.fromEntries))
            return [_entry(one) for one in found.objects], bool(found.truncated)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not tell what it keeps") from error

    async def delete(self, *names: str) -> None:
        """Delete objects."""
        try:
            for start in range(0, len(names), DELETED_AT_ONCE):
                await self._bucket.delete(to_js(names[start : start + DELETED_AT_ONCE]))
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not delete objects") from error

    async def read_position(self) -> str:
        """The position that was saved."""
        try:
            found = await self._bucket.get(POSITION)
            return str(await found.text()) if found else ""
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not answer") from error

    async def save_position(self, name: str) -> None:
        """Save a position."""
        try:
            await self._bucket.put(POSITION, name)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not take the position") from error


@dataclass(frozen=True, slots=True)
class DatabaseSweeper:
    """Deletes rows that are too old; `database` is the runtime's own binding."""

    database: Any
    lifetimes: Lifetimes
    name: str = "database"

    async def step(self, now: float) -> tuple[int, bool]:
        """Delete some rows of each table."""
        lifetimes, most = self.lifetimes, ROWS_AT_ONCE
        old_usage = now - lifetimes.usage_lifetime_days * DAY_S
        first_day = datetime.fromtimestamp(old_usage, UTC).strftime("%Y-%m-%d")
        deleted = await run_batch(
            self.database,
            (OLD_ITEMS, (now - lifetimes.history_lifetime_days * DAY_S, most)),
            (IDLE_CALLERS, (most,)),
            (OLD_KEPT, (now, most)),
            (OLD_USAGE, (first_day, most)),
            (OLD_KEYS, (old_usage, most)),
        )
        counts = [len(rows) for rows in deleted]
        return sum(counts), max(counts) == most


def _entry(found: Any) -> BucketEntry:
    until = getattr(found.customMetadata, UNTIL, None)
    uploaded = float(found.uploaded.getTime()) / 1000
    return BucketEntry(str(found.key), uploaded, None if until is None else float(until))
