"""A media store that gives everything a lifetime, and registers whose it is."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from darkroom.account import CALLER, DEPLOYMENT
from darkroom.blob import Blob
from darkroom.deadline import Clock
from darkroom.limits.errors import KEPT_BYTES, KEPT_OBJECTS, LimitReached, limit_reached
from darkroom.settings import Settings
from darkroom.stores.kept import Kept, KeptLimits, KeptStore, KeptSums
from darkroom.stores.media import ByteRange, MediaFacts, MediaStore, StoredMedia
from darkroom.stores.unavailable import StoreUnavailable


@dataclass(frozen=True, slots=True)
class KeptMedia:
    """The media store of one request; `owner` is the account that it is charged to.

    Without a `register` nothing limits what is kept but its lifetime.
    """

    media: MediaStore
    register: KeptStore | None
    owner: str
    limits: KeptLimits
    settings: Settings
    clock: Clock

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        """Keep `content`; see `put_parts`."""
        await self.put_parts(name, [content], media_type)

    async def put_parts(
        self, name: str, parts: Sequence[Blob], media_type: str, until: float | None = None
    ) -> None:
        """Keep parts as one file; raises `LimitReached` where its owner may keep no more."""
        now = self.clock.time()
        if until is None:
            lasts_s = self.settings.lifetimes.kept_for_s(name, self.settings.result_lifetime_s)
            until = None if lasts_s is None else now + lasts_s
        registered = False
        if self.register is not None and until is not None:
            kept = Kept(name, self.owner, sum(part.size for part in parts), until)
            try:
                sums = await self.register.add(kept, self.limits)
            except StoreUnavailable:
                sums = None  # the picture is not lost for that
            else:
                registered = sums is None
            if sums is not None:
                raise _no_room(kept, self.limits, sums, now)
        try:
            await self.media.put_parts(name, parts, media_type, until)
        except BaseException:
            if registered:
                await self._unregister(name)
            raise

    async def names(self, beginning: str, now: float | None = None) -> Sequence[str]:
        """The names that begin so."""
        return await self.media.names(beginning, now)

    async def head(self, name: str) -> MediaFacts | None:
        """Read metadata."""
        return await self.media.head(name)

    async def get(self, name: str, part: ByteRange | None = None) -> StoredMedia | None:
        """Read an object."""
        return await self.media.get(name, part)

    async def delete(self, *names: str) -> None:
        """Forget objects, here and in the register."""
        await self.media.delete(*names)
        await self._unregister(*names)

    async def _unregister(self, *names: str) -> None:
        if self.register is not None:
            with suppress(StoreUnavailable):  # it is forgotten when its time is over
                await self.register.remove(*names)


def _no_room(kept: Kept, limits: KeptLimits, sums: KeptSums, now: float) -> LimitReached:
    """The failure that names the first limit without room."""
    for scope, name, limit, there, more in (
        (CALLER, KEPT_BYTES, limits.bytes, sums.bytes, kept.bytes),
        (CALLER, KEPT_OBJECTS, limits.objects, sums.objects, 1),
        (DEPLOYMENT, KEPT_BYTES, limits.total_bytes, sums.total_bytes, kept.bytes),
    ):
        if limit and there + more > limit:
            return limit_reached(scope, name, limit, now)
    return limit_reached(DEPLOYMENT, KEPT_OBJECTS, limits.total_objects, now)
