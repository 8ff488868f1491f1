"""The log of what reached a stand-in, for tests that ask what a client sent."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

MAX_ENTRIES = 20_000


@dataclass(slots=True)
class Entry:
    """A request as it came; `space` is the Space that was called, if any.

    `status` is None until the answer begins, `disconnected` while it is open: then it says whether
    the client left before its end.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any = None
    space: str | None = None
    status: int | None = None
    disconnected: bool | None = None


class Journal:
    """The last entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)

    def open(self, entry: Entry) -> Entry:
        """Add a request, whose entry is completed while it is answered."""
        self._entries.append(entry)
        return entry

    def list(self) -> list[dict[str, Any]]:
        """The entries as plain values."""
        return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all entries, also those of requests that are still open."""
        self._entries.clear()
