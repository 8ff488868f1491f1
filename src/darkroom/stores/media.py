"""Pictures that outlive their upstream's address."""

import re
from dataclasses import dataclass
from typing import Protocol

from darkroom.blob import Blob

MEDIA_NAME = re.compile(r"\w{1,64}\.\w{1,8}")


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A kept picture with its media type."""

    content: Blob
    media_type: str


class MediaStore(Protocol):
    """Keeps pictures by name; raises `StoreUnavailable` when it cannot."""

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        """Keep `content` under `name`."""
        ...

    async def get(self, name: str) -> StoredMedia | None:
        """What is kept under `name`, if anything."""
        ...
