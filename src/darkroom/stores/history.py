"""The store of each caller's history, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A picture that a caller was given.

    `id` tells it from the caller's others and fits a JSON reader's whole numbers, `timestamp` is in
    seconds since 1970, `fields` are what was asked and what came of it, as JSON has them. The
    picture is kept as `media_name`, or was at its upstream's `url`, or is nowhere any more; `own`
    says that it is kept for the history alone, and not for an address in a response.
    """

    id: int
    timestamp: float
    fields: Mapping[str, object]
    media_name: str | None = None
    own: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """The place of an item in the list, 0 being the newest.

    Counted as the list was `as_of` a page of it, or as it is now.
    """

    index: int
    as_of: int | None = None


@dataclass(frozen=True, slots=True)
class ItemId:
    """An item by its own `id`, wherever it stands."""

    id: int


Which = Position | ItemId


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of the items, how many there are in all, and what they are `as_of`."""

    items: Sequence[HistoryItem]
    total: int
    as_of: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An item that was taken out of a history, and how many are left in it.

    `released` are names of pictures that are in nobody's history any more.
    """

    item: HistoryItem
    remaining: int
    released: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cleared:
    """The number of items that a history had, and pictures that no history refers to any more."""

    count: int
    released: Sequence[str]


class HistoryStore(Protocol):
    """Remembers items by `scope`, the key of a caller; raises `StoreUnavailable`.

    No item of one scope is ever shown to another. `as_of` is a number that a page came with: what
    was added after that page does not count.
    """

    async def add(self, scope: str, item: HistoryItem, cap: int) -> Sequence[str]:
        """Remember an item as the newest, and forget the oldest of more than `cap`.

        Names the pictures that were kept for the history alone and are in nobody's any more.
        """
        ...

    async def page(
        self, scope: str, *, limit: int, offset: int = 0, as_of: int | None = None
    ) -> HistoryPage:
        """Up to `limit` items behind the first `offset`."""
        ...

    async def find(self, scope: str, which: Which) -> HistoryItem | None:
        """One item, if it is there."""
        ...

    async def forget(self, scope: str, which: Which) -> Forgotten | None:
        """Find one item and forget it, with nothing in between; None where it is not there."""
        ...

    async def clear(self, scope: str) -> Cleared:
        """Forget all that a scope has."""
        ...
