"""The store of idempotency keys."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ClaimState(StrEnum):
    """The state of an idempotency key that a request claims."""

    FRESH = "fresh"  # it is the first, or takes the place of one that never came to an end
    BUSY = "busy"  # the first is still being looked at
    ANSWERED = "answered"
    OTHER = "other"  # the key belongs to another request


@dataclass(frozen=True, slots=True)
class Ticket:
    """The task that the first request with a key became.

    `claimed_at` distinguishes claims of the same ticket. `model` is known once the
    request was found right; `streamed` says that it was answered with a stream.
    """

    task_id: str
    created_at: float
    claimed_at: float = 0.0
    model: str = ""
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of claiming a key: its state, and the ticket that counts."""

    state: ClaimState
    ticket: Ticket


class KeyStore(Protocol):
    """Remembers keys for a day; raises `StoreUnavailable` when it cannot.

    `name` stands for a caller's key, `fingerprint` for the request.
    """

    async def claim(self, name: str, fingerprint: str, ticket: Ticket) -> Claim:
        """Ask for a key. A fresh claim is to be settled or released by whoever made it.

        Its ticket may be that of an earlier request which never came to an end: it is to be used,
        so that the two can come to one task at the most.
        """
        ...

    async def settle(self, name: str, ticket: Ticket) -> None:
        """The request was accepted."""
        ...

    async def release(self, name: str, ticket: Ticket) -> None:
        """The request was refused: the key may be used again, unless it was claimed anew since."""
        ...
