"""The sweeper of the database's tables."""

from dataclasses import dataclass
from datetime import UTC, datetime

from darkroom.limit_settings import DAY_S, Lifetimes
from darkroom.stores.database import Database

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


@dataclass(frozen=True, slots=True)
class DatabaseSweeper:
    """Deletes rows that are too old, some of each table in a step."""

    database: Database
    lifetimes: Lifetimes
    name: str = "database"

    async def step(self, now: float) -> tuple[int, bool]:
        """Delete some rows of each table."""
        lifetimes, most = self.lifetimes, ROWS_AT_ONCE
        old_usage = now - lifetimes.usage_lifetime_days * DAY_S
        first_day = datetime.fromtimestamp(old_usage, UTC).strftime("%Y-%m-%d")
        deleted = await self.database.run(
            (OLD_ITEMS, (now - lifetimes.history_lifetime_days * DAY_S, most)),
            (IDLE_CALLERS, (most,)),
            (OLD_KEPT, (now, most)),
            (OLD_USAGE, (first_day, most)),
            (OLD_KEYS, (old_usage, most)),
        )
        counts = [len(rows) for rows in deleted]
        return sum(counts), max(counts) == most
