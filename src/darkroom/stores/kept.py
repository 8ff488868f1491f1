"""The register of what is kept in the bucket: whose it is, how large, and until when."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """An object of the bucket; `until` is in seconds since 1970."""

    name: str
    owner: str
    bytes: int
    until: float


@dataclass(frozen=True, slots=True)
class KeptLimits:
    """The most that an owner keeps, and all of them together; zero is no limit."""

    bytes: int = 0
    objects: int = 0
    total_bytes: int = 0
    total_objects: int = 0


@dataclass(frozen=True, slots=True)
class KeptSums:
    """The sums of what an owner keeps, and of all of them together."""

    bytes: int = 0
    objects: int = 0
    total_bytes: int = 0
    total_objects: int = 0


class KeptStore(Protocol):
    """Registers objects of the bucket; raises `StoreUnavailable`."""

    async def add(self, kept: Kept, limits: KeptLimits) -> KeptSums | None:
        """Register an object, or one of that name anew, with nothing in between.

        Returns the sums where the limits leave no room for it, else None.
        """
        ...

    async def remove(self, *names: str) -> None:
        """Forget objects; harmless where they are not registered."""
        ...
