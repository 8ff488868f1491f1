"""The seam of a Durable Object's storage and alarm."""

from collections.abc import Sequence
from typing import Protocol

from darkroom.blob import Blob


class ObjectStorage(Protocol):
    """Storage of one object's own; raises `StoreUnavailable` when it does not do its work.

    Everything is written in the order of the calls, and safe from a crash once a `save` has
    returned, or an answer left the object. Times are in seconds since 1970. Texts and contents have
    names of their own.
    """

    async def load(self, name: str) -> str | None:
        """The text of that name."""
        ...

    async def save(self, name: str, text: str) -> None:
        """Write a text down."""
        ...

    async def keep(self, name: str, parts: Sequence[bytes | Blob]) -> bool:
        """Put a content away; returns whether it went to the bucket."""
        ...

    async def fetch(self, name: str) -> Blob | None:
        """The content of that name, wherever it was put."""
        ...

    async def drop(self, name: str) -> None:
        """Forget a content; harmless when there is none."""
        ...

    async def erase(self) -> None:
        """Forget everything, the alarm included."""
        ...

    async def alarm_at(self) -> float | None:
        """When the object is woken next."""
        ...

    async def set_alarm(self, at: float) -> None:
        """Have the object woken then, instead of whenever it was to be woken before."""
        ...
