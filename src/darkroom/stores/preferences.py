"""The store of callers' preferences, for APIs that keep state."""

from collections.abc import Mapping
from typing import Protocol

MAX_REMEMBERED = 1_000

Preferences = Mapping[str, str | int | float | bool]


class PreferenceStore(Protocol):
    """Remembers choices by who made them; raises `StoreUnavailable` when it cannot.

    `scope` is a digest that identifies a caller.
    """

    async def read(self, scope: str) -> Preferences:
        """All that was chosen, by name."""
        ...

    async def write(self, scope: str, preferences: Preferences) -> None:
        """Remember this and nothing else."""
        ...


class MemoryPreferences:
    """A `PreferenceStore` that lives as long as its isolate."""

    def __init__(self) -> None:
        self._chosen: dict[str, Preferences] = {}

    async def read(self, scope: str) -> Preferences:
        """All that was chosen."""
        return self._chosen.get(scope, {})

    async def write(self, scope: str, preferences: Preferences) -> None:
        """Remember this; the oldest are forgotten where there are very many."""
        self._chosen.pop(scope, None)
        self._chosen[scope] = preferences
        while len(self._chosen) > MAX_REMEMBERED:
            self._chosen.pop(next(iter(self._chosen)))
