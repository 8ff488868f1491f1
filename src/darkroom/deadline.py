"""One deadline for a request, and shorter ones inside it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from darkroom.errors import DeadlineExceeded, Failure


class Clock(Protocol):
    """The time, handed in so that pure code need not ask for it."""

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""
        ...

    def time(self) -> float:
        """Seconds since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, on `clock.monotonic()`, by which everything has to be done."""

    at: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        """The deadline `seconds` from now."""
        return cls(clock.monotonic() + seconds, clock)

    def remaining_s(self) -> float:
        """Seconds left; zero when none are."""
        return max(0.0, self.at - self.clock.monotonic())

    @asynccontextmanager
    async def enforced(self) -> AsyncIterator[None]:
        """Give the block the time that is left; raises `DeadlineExceeded` when it runs out."""
        try:
            async with asyncio.timeout(self.remaining_s()):
                yield
        except TimeoutError:
            raise out_of_time() from None

    @asynccontextmanager
    async def limit(self, seconds: float, otherwise: Callable[[], Failure]) -> AsyncIterator[None]:
        """Give the block at most `seconds`.

        Raises `otherwise()` when they run out, or `DeadlineExceeded` when the whole time does.
        """
        remaining = self.remaining_s()
        try:
            async with asyncio.timeout(min(seconds, remaining)):
                yield
        except TimeoutError:
            if remaining <= seconds:
                raise out_of_time() from None
            raise otherwise() from None


def out_of_time() -> DeadlineExceeded:
    """The failure of a request whose own deadline has passed."""
    return DeadlineExceeded(
        "The picture was not finished in the time that a request may take. "
        "Try again, with fewer steps or a smaller size, or choose a faster model."
    )
