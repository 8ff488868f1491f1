"""The record of one attempt at an upstream, as the caller sees it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way that was tried or passed over, and what came of it: a failure's code, or `ok`.

    `credential` is the place of the caller's token in the list that was sent, from 1.
    """

    provider: str
    upstream: str
    result: str
    credential: int | None = None

    def __str__(self) -> str:
        number = f"#{self.credential}" if self.credential else ""
        return f"{self.provider}:{self.upstream}{number}={self.result}"
