"""The seam for image conversion."""

from typing import Protocol

from darkroom.blob import Blob
from darkroom.job import Size


class Converter(Protocol):
    """Turns a picture's file into one of another format; raises `StoreUnavailable` if it cannot."""

    async def convert(
        self,
        content: Blob,
        output_format: str,
        compression: int | None,
        size: Size | None = None,
    ) -> Blob:
        """The same picture as `png`, `jpeg` or `webp`, stretched to a size if one is given.

        `compression` is OpenAI's `output_compression`: the quality of a JPEG or WebP, 0 to 100.
        A PNG has none, and None leaves it to the converter.
        """
        ...
