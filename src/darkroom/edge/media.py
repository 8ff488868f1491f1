"""Kept pictures, in an R2 bucket."""

from typing import Any

import js
from pyodide.ffi import JsException, to_js

from darkroom.blob import Blob
from darkroom.edge.blob import JsBlob, to_array
from darkroom.stores.media import StoredMedia
from darkroom.stores.unavailable import StoreUnavailable


class R2Media:
    """A `MediaStore` in the bucket that is bound to the Worker.

    `bucket` is the runtime's own binding: the SDK's wrapper looks at every byte in Python, which
    takes seconds for a picture.
    """

    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        """Keep `content` under `name`."""
        options = to_js(
            {"httpMetadata": {"contentType": media_type}}, dict_converter=js.Object.fromEntries
        )
        try:
            await self._bucket.put(name, to_array(content), options)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not take the picture") from error

    async def get(self, name: str) -> StoredMedia | None:
        """What is kept under `name`, left in JavaScript's memory."""
        try:
            found = await self._bucket.get(name)
            if not found:
                return None
            content = js.Uint8Array.new(await found.arrayBuffer())
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not give the picture") from error
        return StoredMedia(JsBlob(content), str(found.httpMetadata.contentType))
