"""The journal that a budget is written down in."""

from typing import Protocol


class Journal(Protocol):
    """The journal of a budget. Nothing here waits: what comes after sees what came before.

    Names are steps, separated by slashes.
    """

    def write(self, name: str, value: str | None) -> None:
        """Write a value down, or delete it."""
        ...

    def delete_below(self, beginning: str) -> None:
        """Delete all values whose names begin so."""
        ...


class NoJournal:
    """A journal of what need not outlive its isolate."""

    def write(self, name: str, value: str | None) -> None:
        """Forget it."""

    def delete_below(self, beginning: str) -> None:
        """Forget them."""
