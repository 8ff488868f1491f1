"""The seam for encrypting stored secrets."""

from typing import Protocol


class SealBroken(ValueError):
    """The sealed text cannot be opened: by another secret, for another purpose, or damaged."""


class Sealer(Protocol):
    """Makes a text unreadable to whoever lacks this deployment's secret."""

    async def seal(self, text: str, purpose: str) -> str:
        """The text, sealed for one purpose: an id that it cannot be opened without."""
        ...

    async def open(self, sealed: str, purpose: str) -> str:
        """The text again; raises `SealBroken`."""
        ...
