"""The store of credential cool-downs, by hashes alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

MAX_REMEMBERED = 10_000
MAX_DIGESTS = 100  # of one read


class Reason(StrEnum):
    """Why a credential is not used now."""

    QUOTA = "quota"
    RATE = "rate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rest:
    """A credential that is not to be used before `until`, in seconds since 1970."""

    until: float
    reason: Reason


class CooldownStore(Protocol):
    """Remembers rests; raises `StoreUnavailable` when it cannot."""

    async def read(self, provider: str, digests: Sequence[str]) -> Mapping[str, Rest]:
        """Those of the credentials that rest, by digest."""
        ...

    async def write(self, provider: str, digest: str, rest: Rest | None) -> None:
        """Let a credential rest; None wakes it."""
        ...


class MemoryCooldowns:
    """A `CooldownStore` that lives as long as its isolate."""

    def __init__(self) -> None:
        self._rests: dict[tuple[str, str], Rest] = {}

    async def read(self, provider: str, digests: Sequence[str]) -> Mapping[str, Rest]:
        """Those of the credentials that rest."""
        found = {digest: self._rests.get((provider, digest)) for digest in digests}
        return {digest: rest for digest, rest in found.items() if rest is not None}

    async def write(self, provider: str, digest: str, rest: Rest | None) -> None:
        """Let a credential rest; the oldest are forgotten where there are very many."""
        self._rests.pop((provider, digest), None)
        if rest is not None:
            self._rests[provider, digest] = rest
        while len(self._rests) > MAX_REMEMBERED:
            self._rests.pop(next(iter(self._rests)))
