"""The store of usage in a D1 database."""

from collections.abc import Sequence

from darkroom.stores.database import Database
from darkroom.stores.usage import Usage

ADD = """
INSERT INTO usage (day, key, model, provider, images) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (day, key, model, provider) DO UPDATE SET images = images + excluded.images"""
READ = """
SELECT day, key, model, provider, images, gateway_keys.name AS name
FROM usage LEFT JOIN gateway_keys ON gateway_keys.id = usage.key
WHERE day >= ?1 AND day <= ?2 AND (?3 IS NULL OR key = ?3)
ORDER BY day DESC, key, model, provider LIMIT ?4"""


class D1Usage:
    """A `UsageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, usage: Sequence[Usage]) -> None:
        """Add to what is there."""
        rows = [(one.day, one.key, one.model, one.provider, one.images) for one in usage]
        await self._database.run(*((ADD, row) for row in rows))

    async def read(
        self, first_day: str, last_day: str, key: str | None, most: int
    ) -> Sequence[Usage]:
        """The usage of those days."""
        (rows,) = await self._database.run((READ, (first_day, last_day, key, most)))
        return [Usage(**row) for row in rows]
