"""The log of what reached a stand-in, for whoever wants to know what a client sent."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

MAX_ENTRIES = 2_000


@dataclass(slots=True)
class Entry:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any = None
    status: int | None = None
    """None until the answer begins."""
    disconnected: bool | None = None
    """Whether the client left before the end of the answer; None while the answer is open."""


class Journal:
    """The last entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)

    def open(self, entry: Entry) -> None:
        """Note a request; the entry is completed while it is answered."""
        self._entries.append(entry)

    def list(self) -> list[dict[str, Any]]:
        """The entries as plain values."""
        return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all entries, also those of requests that are still open."""
        self._entries.clear()
