"""The store of what was painted: by day, key, model and provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Usage:
    """The number of pictures painted on a day of UTC (`2026-11-29`).

    `key` is a gateway key's id, `token` for callers with tokens of their own, or `anonymous`;
    `name` is that of a key from the database, where usage is read.
    """

    day: str
    key: str
    model: str
    provider: str
    images: int
    name: str | None = None


class UsageStore(Protocol):
    """Adds up usage; raises `StoreUnavailable` when it cannot."""

    async def add(self, usage: Sequence[Usage]) -> None:
        """Add to what is there."""
        ...

    async def read(
        self, first_day: str, last_day: str, key: str | None, most: int
    ) -> Sequence[Usage]:
        """Up to `most` rows of those days, of one key or of all, the newest first."""
        ...
