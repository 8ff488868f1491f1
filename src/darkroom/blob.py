"""Bytes that nobody in Python has to look at."""

import base64
from dataclasses import dataclass, field
from typing import Protocol


class Blob(Protocol):
    """Immutable bytes that may live outside Python's heap.

    An isolate's Wasm memory never shrinks, so pictures stay on the JavaScript side wherever
    nobody has to look at them.
    """

    @property
    def size(self) -> int:
        """The number of bytes."""
        ...

    def head(self, count: int) -> bytes:
        """The first `count` bytes, or all if there are fewer."""
        ...

    async def to_base64(self) -> "Blob":
        """The same bytes as base64 text (ASCII, padded, no line breaks)."""
        ...


@dataclass(frozen=True, slots=True)
class BytesBlob:
    """A `Blob` in Python's own memory."""

    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def head(self, count: int) -> bytes:
        """The first `count` bytes."""
        return self.data[:count]

    async def to_base64(self) -> Blob:
        """The same bytes as base64 text."""
        return BytesBlob(base64.b64encode(self.data))
