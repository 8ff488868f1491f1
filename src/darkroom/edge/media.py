"""Kept pictures, in an R2 bucket."""

from typing import Any

import js

from darkroom.blob import Blob
from darkroom.edge.blob import JsBlob, to_array
from darkroom.stores.media import StoredMedia


class R2Media:
    """A `MediaStore` in the bucket that is bound to the Worker."""

    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        """Keep `content` under `name`."""
        part = content if isinstance(content, JsBlob) else content.head(content.size)
        await self._bucket.put(name, to_array(part), httpMetadata={"contentType": media_type})

    async def get(self, name: str) -> StoredMedia | None:
        """What is kept under `name`, left in JavaScript's memory."""
        found = await self._bucket.get(name)
        if not found:
            return None
        content = js.Uint8Array.new(await found.arrayBuffer())
        return StoredMedia(JsBlob(content), str(found.httpMetadata.contentType))
