"""The log of what reached the Spaces, for whoever wants to know what a client sent."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from .call import Call

MAX_ENTRIES = 20_000


@dataclass(slots=True)
class Entry:
    """A request as it came, before the edge took anything out of it."""

    space: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    status: int | None = None
    """None until the answer begins."""
    disconnected: bool | None = None
    """Whether the client left before the end of the answer; None while the answer is open."""


class Journal:
    """The last entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)

    def open(self, call: Call, body: Any) -> Entry:
        """Note a request with its readable body; it is completed while it is answered."""
        entry = Entry(call.space, call.method, call.path, call.query, call.headers, body)
        self._entries.append(entry)
        return entry

    def list(self) -> list[dict[str, Any]]:
        """The entries as plain values."""
        return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all entries, also those of requests that are still open."""
        self._entries.clear()
