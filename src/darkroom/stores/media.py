"""Pictures that outlive their upstream's address."""

from dataclasses import dataclass
from typing import Protocol

from darkroom.blob import Blob


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
