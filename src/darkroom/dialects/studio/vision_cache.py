"""Pictures stored for conditioning, per caller, for seven days (reference/studio-api.md §7).

A studio keeps embeddings in its memory. Here a record of that is kept, or the picture's caption,
and the picture itself, for an upstream that does not have its embedding.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import md5

from darkroom.blob import Blob, BytesBlob
from darkroom.context import RequestContext
from darkroom.deadline import Clock, Deadline
from darkroom.dialects.studio.caller_storage import demand_caller_key, demand_store, store_limit
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.vision_request import ExtractBody
from darkroom.image import ImageFile
from darkroom.stores.media import MediaStore

LIFETIME_S = 7 * 86_400.0
CHUNK_BYTES = 256 * 1024
_ID = re.compile(r"vl_[0-9a-f]{8}_[0-9a-f]{4}_L-?[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Likeness:
    """The record of a kept picture: how it was extracted, and until when (seconds since 1970).

    `caption` is None where a studio has embedded it.
    """

    caption: str | None
    text: str | None
    hidden_layer: int
    image_tokens_only: bool
    until: float


async def likeness_id(picture: Blob, text: str | None, hidden_layer: int) -> str:
    """The id that a studio gives to a picture's embedding.

    The runtime's Web Crypto has no MD5, so the picture passes through Python in pieces.
    """
    digest = md5(usedforsecurity=False)
    for start in range(0, picture.size, CHUNK_BYTES):
        end = min(picture.size, start + CHUNK_BYTES)
        digest.update(picture.slice(start, end).head(end - start))
    words = md5((text or "").encode(), usedforsecurity=False).hexdigest()
    return f"vl_{digest.hexdigest()[:8]}_{words[:4]}_L{hidden_layer}"


@dataclass(frozen=True, slots=True)
class LikenessCache:
    """One caller's kept pictures, in the bucket; raises `UpstreamUnavailable` where that fails."""

    media: MediaStore
    scope: str
    clock: Clock
    deadline: Deadline

    async def find(self, name: str) -> Likeness | None:
        """The record under an id, unless it has expired."""
        if not _ID.fullmatch(name):
            return None
        async with store_limit(self.deadline):
            found = await self.media.get(self._key(name))
        if found is None:
            return None
        try:
            kept = Likeness(**json.loads(found.content.head(found.content.size)))
        except (ValueError, TypeError):
            return None  # of another version
        return kept if kept.until > self.clock.time() else None

    async def picture(self, name: str) -> ImageFile | None:
        """The picture that is kept under an id."""
        async with store_limit(self.deadline):
            found = await self.media.get(self._picture(name))
        return ImageFile(data=found.content) if found else None

    async def keep(
        self, name: str, picture: ImageFile, body: ExtractBody, caption: str | None = None
    ) -> None:
        """Keep a picture and its record for seven days, replacing what was there."""
        until = self.clock.time() + LIFETIME_S
        kept = Likeness(caption, body.text, body.hidden_layer, body.image_tokens_only, until)
        content, file = BytesBlob(json.dumps(asdict(kept)).encode()), await picture.to_bytes()
        async with store_limit(self.deadline):
            await self.media.put_parts(self._picture(name), [file], picture.media_type, until)
            await self.media.put_parts(self._key(name), [content], "application/json", until)

    async def forget(self, name: str) -> bool:
        """Delete one; returns whether it was there."""
        found = await self.find(name)
        if _ID.fullmatch(name):
            async with store_limit(self.deadline):
                await self.media.delete(self._key(name), self._picture(name))
        return found is not None

    async def names(self) -> Sequence[str]:
        """The ids of all that have not expired."""
        return await self._names(self.clock.time())

    async def clear(self) -> int:
        """Delete all; returns how many there were that had not expired."""
        living, names = await self.names(), await self._names()
        async with store_limit(self.deadline):
            await self.media.delete(*map(self._key, names), *map(self._picture, names))
        return len(living)

    async def _names(self, now: float | None = None) -> Sequence[str]:
        beginning = self._key("")
        async with store_limit(self.deadline):
            found = await self.media.names(beginning, now)
        return [key.removeprefix(beginning) for key in found]

    def _key(self, name: str) -> str:
        return f"vl/{self.scope}/{name}"

    def _picture(self, name: str) -> str:
        return f"vl/pictures/{self.scope}/{name}"


def cache_of(context: RequestContext) -> LikenessCache:
    """The caller's cache; raises a `Failure` where nothing can be kept, or not for this caller."""
    key = demand_caller_key(context)
    return LikenessCache(
        demand_store(context.gateway), key, context.gateway.clock, context.deadline
    )


def not_kept(name: str) -> NotFound:
    """The failure of an id under which nothing is kept for its caller."""
    return NotFound(
        f"vl_embeddings_id: you have kept none called {name[:80]!r}, or it is over, which it is "
        "after seven days. POST /api/vl/extract keeps pictures.",
        param="vl_embeddings_id",
    )
