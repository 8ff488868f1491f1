"""The store of images that outlive their upstream's address."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from darkroom.blob import Blob

MEDIA_NAME = re.compile(r"\w{1,64}\.\w{1,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """The metadata of a stored image.

    `size` is that of the whole file, in bytes; `etag` is a strong one, quoted as its header has it.
    """

    media_type: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class StoredMedia(MediaFacts):
    """A kept picture; with a `range`, `content` is that part of it alone."""

    content: Blob
    range: ByteRange | None = None


class MediaStore(Protocol):
    """Keeps pictures by name; raises `StoreUnavailable` when it cannot."""

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        """Keep `content` under `name`. A name is given once: its content never changes."""
        ...

    async def put_parts(
        self, name: str, parts: Sequence[Blob], media_type: str, until: float | None = None
    ) -> None:
        """Keep parts as one file under `name`, in the place of what was kept there before.

        `until` (seconds since 1970) is when it is over: it is still kept, but see `names`.
        """
        ...

    async def names(self, beginning: str, now: float | None = None) -> Sequence[str]:
        """The names of all that is kept under names that begin so, and is not over by `now`."""
        ...

    async def head(self, name: str) -> MediaFacts | None:
        """Read the metadata of `name`, if it is stored."""
        ...

    async def get(self, name: str, part: ByteRange | None = None) -> StoredMedia | None:
        """Read `name`, if it is stored; `part` must lie within it."""
        ...

    async def delete(self, *names: str) -> None:
        """Forget what is kept under those names; harmless where nothing is."""
        ...
