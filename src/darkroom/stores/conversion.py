"""Pictures in another format."""

from typing import Protocol

from darkroom.blob import Blob


class Converter(Protocol):
    """Turns pictures into other formats; raises `StoreUnavailable` when it cannot."""

    async def convert(self, content: Blob, output_format: str, compression: int | None) -> Blob:
        """The picture as `png`, `jpeg` or `webp`, of quality `compression` (0 to 100)."""
        ...
