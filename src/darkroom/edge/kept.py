"""The register of kept objects in a D1 database, whose triggers hold the sums."""

import json

from darkroom.stores.database import Database
from darkroom.stores.kept import Kept, KeptLimits, KeptSums

SUM = "COALESCE((SELECT {column} FROM kept_sums WHERE owner = {owner}), 0)"
OLD_BYTES = "COALESCE((SELECT bytes FROM kept WHERE name = ?1), 0)"
IS_NEW = "NOT EXISTS (SELECT 1 FROM kept WHERE name = ?1)"


def _room(column: str, owner: str, limit: str, more: str) -> str:
    return f"({limit} = 0 OR {SUM.format(column=column, owner=owner)} + {more} <= {limit})"


ADD = f"""
INSERT INTO kept (name, owner, bytes, until)
SELECT ?1, ?2, ?3, ?4 WHERE {_room("bytes", "?2", "?5", f"?3 - {OLD_BYTES}")}
  AND {_room("objects", "?2", "?6", f"({IS_NEW})")}
  AND {_room("bytes", "''", "?7", f"?3 - {OLD_BYTES}")}
  AND {_room("objects", "''", "?8", f"({IS_NEW})")}
ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, until = excluded.until
RETURNING name"""
SUMS = f"""
SELECT {SUM.format(column="bytes", owner="?1")} AS bytes,
  {SUM.format(column="objects", owner="?1")} AS objects,
  {SUM.format(column="bytes", owner="''")} AS total_bytes,
  {SUM.format(column="objects", owner="''")} AS total_objects"""
REMOVE = "DELETE FROM kept WHERE name IN (SELECT value FROM json_each(?1))"


class D1Kept:
    """A `KeptStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, kept: Kept, limits: KeptLimits) -> KeptSums | None:
        """Register an object where there is room for it."""
        object_ = (kept.name, kept.owner, kept.bytes, kept.until)
        most = (limits.bytes, limits.objects, limits.total_bytes, limits.total_objects)
        added, (sums,) = await self._database.run((ADD, (*object_, *most)), (SUMS, (kept.owner,)))
        return None if added else KeptSums(**sums)

    async def remove(self, *names: str) -> None:
        """Forget objects."""
        if names:
            await self._database.run((REMOVE, (json.dumps(names),)))
