"""The store of gateway keys that were handed out, and what an isolate remembers of it."""

from collections.abc import Sequence
from typing import Protocol

from darkroom.deadline import Clock
from darkroom.gateway_key import GatewayKey

# How long an isolate believes what it has read: a key that is ended elsewhere works for so long.
REMEMBERED_S = 5.0
MAX_REMEMBERED = 1_000


class GatewayKeyStore(Protocol):
    """Keeps gateway keys by their digests; raises `StoreUnavailable` when it cannot."""

    async def find(self, digest: str) -> GatewayKey | None:
        """The key of that digest, unless it was ended."""
        ...

    async def add(self, key: GatewayKey, most: int) -> bool:
        """Keep a new key; returns False where there are `most` already."""
        ...

    async def list(self) -> Sequence[GatewayKey]:
        """All keys that were not ended, the newest first."""
        ...

    async def end(self, key_id: str, now: float) -> GatewayKey | None:
        """End a key at once; returns it, or None where there is none of that id."""
        ...


class IssuedKeys:
    """The keys of a store as one isolate knows them, those that do not exist among them.

    `named` are keys of the settings, which need no store.
    """

    def __init__(
        self, store: GatewayKeyStore | None, clock: Clock, named: Sequence[GatewayKey] = ()
    ) -> None:
        self.store = store
        self.named = {key.digest: key for key in named}
        self._clock = clock
        self._read: dict[str, tuple[float, GatewayKey | None]] = {}

    def is_read(self, digest: str) -> bool:
        """True where it is known whether there is a key of that digest."""
        if self.store is None or digest in self.named:
            return True
        entry = self._read.get(digest)
        return entry is not None and 0 <= self._clock.monotonic() - entry[0] < REMEMBERED_S

    def find(self, digest: str) -> GatewayKey | None:
        """The key of a digest that was read, unless it is over."""
        _, key = self._read.get(digest, (0.0, self.named.get(digest)))
        return None if key is None or key.is_over(self._clock.time()) else key

    async def read(self, digest: str) -> None:
        """Look a digest up; raises `StoreUnavailable`."""
        if self.store is not None:
            self._remember(digest, await self.store.find(digest))

    async def end(self, key_id: str) -> GatewayKey | None:
        """End a key, for this isolate too; returns it, or None where there is none of that id."""
        key = await self.store.end(key_id, self._clock.time()) if self.store else None
        if key is not None:
            self._remember(key.digest, None)
        return key

    def _remember(self, digest: str, key: GatewayKey | None) -> None:
        self._read.pop(digest, None)
        self._read[digest] = (self._clock.monotonic(), key)
        while len(self._read) > MAX_REMEMBERED:
            del self._read[next(iter(self._read))]
