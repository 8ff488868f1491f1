"""A Durable Object's own storage, with an R2 bucket for what is too large for it."""

import json
from collections.abc import Sequence
from typing import Any

from js import Uint8Array
from pyodide.ffi import JsException

from darkroom.blob import Blob
from darkroom.edge.blob import MEMORY, JsBlob, gather, join, read_body, size_of, to_array
from darkroom.http import Part
from darkroom.stores.unavailable import StoreUnavailable

CHUNK_BYTES = 1024 * 1024  # SQLite-backed objects take 2 MB for a key and its value
_PLACES = "places"
_IN_BUCKET = -1


class DurableObjectStorage:
    """A `Disk` on the runtime's own `storage` and `bucket`, if there is one.

    Contents of more than one chunk go to the bucket, below `prefix`. The register of places says
    where each content is, or in how many chunks; what is written there first may be nowhere yet.
    """

    def __init__(self, storage: Any, bucket: Any, prefix: str) -> None:
        self._storage = storage
        self._bucket = bucket
        self._prefix = prefix

    async def load(self, name: str) -> str | None:
        """The text of that name."""
        try:
            text = await self._storage.get(name)
        except (OSError, JsException) as error:
            raise _failed() from error
        return text if isinstance(text, str) else None

    async def save(self, name: str, text: str) -> None:
        """Write a text down, and wait until it and all that was written before is safe."""
        try:
            await self._storage.put(name, text)
            await self._storage.sync()
        except (OSError, JsException) as error:
            raise _failed() from error

    async def keep(self, name: str, parts: Sequence[Part]) -> bool:
        """Put a content away; one that the bucket does not take is put into the storage."""
        size = size_of(parts)
        if self._bucket and size > CHUNK_BYTES:
            await self._register(name, _IN_BUCKET)
            try:
                await self._bucket.put(self._prefix + name, join(parts))
                return True
            except (OSError, JsException):
                pass
        count = max(1, -(-size // CHUNK_BYTES))
        await self._register(name, count)
        await MEMORY.room(size)
        content = _joined(parts)
        try:
            for number in range(count):
                start = number * CHUNK_BYTES
                # In memory of its own: of a view all would be written that it is a view of.
                chunk = content.array.slice(start, start + CHUNK_BYTES)
                await self._storage.put(_chunk(name, number), chunk)
        except (OSError, JsException) as error:
            raise _failed() from error
        return False

    async def fetch(self, name: str) -> Blob | None:
        """The content of that name, left in JavaScript's memory."""
        place = (await self._places()).get(name)
        try:
            if place == _IN_BUCKET:
                return await fetch_from(self._bucket, self._prefix + name)
            await MEMORY.room((place or 0) * CHUNK_BYTES)
            pieces: list[Any] = []
            for number in range(place or 0):
                piece = await self._storage.get(_chunk(name, number))
                if piece is None:
                    return None
                pieces.append(piece)
        except (OSError, JsException) as error:
            raise _failed() from error
        return gather(pieces, sum(int(piece.byteLength) for piece in pieces)) if place else None

    async def drop(self, name: str) -> None:
        """Forget a content."""
        place = (await self._places()).get(name)
        if place is None:
            return
        try:
            if place == _IN_BUCKET:
                await self._bucket.delete(self._prefix + name)
            for number in range(max(0, place)):
                await self._storage.delete(_chunk(name, number))
        except (OSError, JsException) as error:
            raise _failed() from error
        await self._register(name, None)

    async def erase(self) -> None:
        """Forget everything, what is in the bucket first."""
        places = await self._places()
        try:
            for name, place in places.items():
                if place == _IN_BUCKET:
                    await self._bucket.delete(self._prefix + name)
            await self._storage.deleteAlarm()
            await self._storage.deleteAll()
        except (OSError, JsException) as error:
            raise _failed() from error

    async def alarm_at(self) -> float | None:
        """When the object is woken next."""
        try:
            at_ms = await self._storage.getAlarm()
        except (OSError, JsException) as error:
            raise _failed() from error
        return at_ms / 1000 if isinstance(at_ms, int | float) else None

    async def set_alarm(self, at: float) -> None:
        """Have the object woken then."""
        try:
            await self._storage.setAlarm(int(at * 1000))
        except (OSError, JsException) as error:
            raise _failed() from error

    async def _places(self) -> dict[str, int]:
        text = await self.load(_PLACES)
        places: dict[str, int] = json.loads(text) if text else {}
        return places

    async def _register(self, name: str, place: int | None) -> None:
        places = await self._places()
        places.pop(name, None)
        if place is not None:
            places[name] = place
        try:
            await self._storage.put(_PLACES, json.dumps(places))
        except (OSError, JsException) as error:
            raise _failed() from error


async def fetch_from(bucket: Any, name: str) -> Blob | None:
    """Read an object of a bucket, left in JavaScript's memory; raises `StoreUnavailable`."""
    try:
        found = await bucket.get(name)
        return await read_body(found, int(found.size)) if found else None
    except (OSError, JsException) as error:
        raise _failed() from error


def _joined(parts: Sequence[Part]) -> JsBlob:
    """Parts as one blob, a single one uncopied."""
    if len(parts) == 1 and isinstance(parts[0], JsBlob):
        return parts[0]
    whole = JsBlob(Uint8Array.new(size_of(parts)))
    position = 0
    for array in map(to_array, parts):
        whole.array.set(array, position)
        position += int(array.byteLength)
    return whole


def _chunk(name: str, number: int) -> str:
    return f"{name}/{number:04}"


def _failed() -> StoreUnavailable:
    return StoreUnavailable("the object's storage did not do its work")
