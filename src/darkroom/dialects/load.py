"""How much of an isolate's memory the bodies of requests may take."""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.errors import Busy

# An isolate has 128 MB, of which a third is Python's own; a body may be held twice on its way on.
MAX_HELD_BYTES = 32 * 1024 * 1024
SMALL_BYTES = 1024 * 1024  # a body whose length nobody tells counts as one of these
RETRY_AFTER_S = 2.0


@dataclass(slots=True)
class Load:
    """Counts the bytes of the bodies of all requests at work in this isolate."""

    held_bytes: int = 0

    def take(self, headers: Mapping[str, str]) -> int:
        """Count a request's body in and return its size, to be given back when it is over.

        Raises `Busy` where it would be too much; the only one at work is never refused.
        """
        declared = headers.get("content-length", "")
        size = int(declared) if declared.isdecimal() else SMALL_BYTES
        if size > SMALL_BYTES and self.held_bytes and self.held_bytes + size > MAX_HELD_BYTES:
            raise Busy(
                "Too many large requests are at work here. Try again in a moment.",
                retry_after_s=RETRY_AFTER_S,
            )
        self.held_bytes += size
        return size

    def give_back(self, size: int) -> None:
        """A request whose body was counted is over."""
        self.held_bytes -= size
