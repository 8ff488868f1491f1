"""The sink of figures that are looked at elsewhere."""

from collections.abc import Sequence
from typing import Protocol


class PointSink(Protocol):
    """Takes one point for each request, and waits for nothing."""

    def write(self, index: str, blobs: Sequence[str], doubles: Sequence[float]) -> None:
        """Write a point; raises `StoreUnavailable` where it cannot be handed over."""
        ...
