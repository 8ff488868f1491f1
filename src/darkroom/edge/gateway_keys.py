"""The store of gateway keys in a D1 database, whose tables are in `migrations/`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from darkroom.gateway_key import GatewayKey
from darkroom.stores.database import Database

FIND = "SELECT * FROM gateway_keys WHERE digest = ?1 AND ended_at IS NULL"
LIST = "SELECT * FROM gateway_keys WHERE ended_at IS NULL ORDER BY created_at DESC, id"
ADD = """
INSERT INTO gateway_keys (
  id, name, digest, models, providers, images_per_day, requests_per_minute, expires_at, created_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE (SELECT COUNT(*) FROM gateway_keys WHERE ended_at IS NULL) < ?10
RETURNING id"""
END = "UPDATE gateway_keys SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL RETURNING *"


class D1GatewayKeys:
    """A `GatewayKeyStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, digest: str) -> GatewayKey | None:
        """The key of that digest, unless it was ended."""
        (rows,) = await self._database.run((FIND, (digest,)))
        return _key(rows[0]) if rows else None

    async def add(self, key: GatewayKey, most: int) -> bool:
        """Keep a new key, in one statement with the count of those that are there."""
        values = (
            key.id,
            key.name,
            key.digest,
            json.dumps(key.models),
            json.dumps(key.providers),
            key.images_per_day,
            key.requests_per_minute,
            key.expires_at,
            key.created_at,
        )
        (rows,) = await self._database.run((ADD, (*values, most)))
        return bool(rows)

    async def list(self) -> Sequence[GatewayKey]:
        """All keys that were not ended, the newest first."""
        (rows,) = await self._database.run((LIST, ()))
        return [_key(row) for row in rows]

    async def end(self, key_id: str, now: float) -> GatewayKey | None:
        """End a key at once."""
        (rows,) = await self._database.run((END, (key_id, now)))
        return _key(rows[0]) if rows else None


def _key(row: Mapping[str, Any]) -> GatewayKey:
    known = {name: value for name, value in row.items() if name != "ended_at"}
    lists = {name: tuple(json.loads(row[name])) for name in ("models", "providers")}
    return GatewayKey(**{**known, **lists})
