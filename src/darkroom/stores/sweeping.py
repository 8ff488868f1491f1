"""The sweep: what is over is deleted in bounded steps, by a cron trigger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from darkroom.stores.unavailable import StoreUnavailable

MOST_STEPS = 5  # of each sweeper in one run
POSITION = "sweep/position"  # of the bucket: the name that the last run came to

# How long an object of that name is kept, in seconds; None for what others clear away.
KeptFor = Callable[[str], float | None]


class Sweeper(Protocol):
    """Deletes what is over, a step at a time; raises `StoreUnavailable`."""

    @property
    def name(self) -> str:
        """The name in the log."""
        ...

    async def step(self, now: float) -> tuple[int, bool]:
        """Do one step; returns how much was deleted, and whether there may be more."""
        ...


@dataclass(frozen=True, slots=True)
class BucketEntry:
    """An object as a bucket lists it; `until` is None where none was given. Times as everywhere."""

    name: str
    uploaded: float
    until: float | None


class Bucket(Protocol):
    """A bucket that is swept, of which each page may hold a thousand objects."""

    async def page(self, after: str) -> tuple[Sequence[BucketEntry], bool]:
        """The objects that come behind a name, in the order of names, and whether there are more.

        Raises `StoreUnavailable`, as do the others.
        """
        ...

    async def delete(self, *names: str) -> None:
        """Delete objects."""
        ...

    async def read_position(self) -> str:
        """The position that was saved, empty where none was."""
        ...

    async def save_position(self, name: str) -> None:
        """Save a position for the next run."""
        ...


@dataclass(frozen=True, slots=True)
class BucketSweeper:
    """Goes through a bucket, a page in each step, and begins again at its end."""

    bucket: Bucket
    kept_for_s: KeptFor
    name: str = "bucket"

    async def step(self, now: float) -> tuple[int, bool]:
        """Delete what is over of one page."""
        after = await self.bucket.read_position()
        entries, more = await self.bucket.page(after)
        over = [entry.name for entry in entries if self._is_over(entry, now)]
        if over:
            await self.bucket.delete(*over)
        await self.bucket.save_position(entries[-1].name if more and entries else "")
        return len(over), more

    def _is_over(self, entry: BucketEntry, now: float) -> bool:
        lasts_s = self.kept_for_s(entry.name)
        if entry.name == POSITION or lasts_s is None:
            return False
        until = entry.uploaded + lasts_s if entry.until is None else entry.until
        return until <= now


async def sweep(
    sweepers: Sequence[Sweeper], now: float, log: Callable[[Mapping[str, object]], None]
) -> None:
    """Let each sweeper do its steps; one that fails keeps no other from its work."""
    for sweeper in sweepers:
        deleted, failed = 0, False
        try:
            for _ in range(MOST_STEPS):
                count, more = await sweeper.step(now)
                deleted += count
                if not more:
                    break
        except StoreUnavailable:
            failed = True
        log({"sweep": sweeper.name, "deleted": deleted, "failed": failed})
