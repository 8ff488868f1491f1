"""What the stand-ins share: their pace, and the pictures they hand out by URL."""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from .painting import paint

SLOW_S = 20.0
POLL_STEPS = 3
STEP_S = 0.05
MAX_SEED = 2**31 - 1
MAX_KEPT_BYTES = 256 * 1024 * 1024


class Gallery:
    """Pictures by file name; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._pictures: dict[str, bytes] = {}
        self._kept_bytes = 0

    def keep(self, picture: bytes, format: str) -> str:
        """Keep a picture; the name it can be fetched by."""
        name = f"{hashlib.sha256(picture).hexdigest()[:32]}.{format}"
        if name not in self._pictures:
            self._pictures[name] = picture
            self._kept_bytes += len(picture)
        while self._kept_bytes > MAX_KEPT_BYTES:
            oldest = next(iter(self._pictures))
            self._kept_bytes -= len(self._pictures.pop(oldest))
        return name

    def find(self, name: str) -> bytes | None:
        """The picture of that name."""
        return self._pictures.get(name)


@dataclass(frozen=True, slots=True)
class Studio:
    """`slow_s` is the wait of a `slow` token, `step_s` the time between two events of a stream."""

    slow_s: float = SLOW_S
    poll_steps: int = POLL_STEPS
    """How many polls find a task unfinished."""
    step_s: float = STEP_S
    pictures: Gallery = field(default_factory=Gallery)

    async def paint(
        self,
        prompt: str,
        seed: int,
        width: int,
        height: int,
        format: str = "png",
        *,
        sources: Sequence[bytes] = (),
    ) -> bytes:
        """As `painting.paint`, without keeping the other calls waiting."""
        return await asyncio.to_thread(paint, prompt, seed, width, height, format, sources=sources)

    @staticmethod
    def new_seed() -> int:
        """A seed for who gave none."""
        return random.randint(0, MAX_SEED)
