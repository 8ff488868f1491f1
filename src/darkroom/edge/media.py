"""The media store in an R2 bucket."""

from collections.abc import Sequence
from typing import Any

from js import Object
from pyodide.ffi import JsException, to_js

from darkroom.blob import Blob
from darkroom.edge.blob import join, read_body
from darkroom.stores.media import ByteRange, MediaFacts, StoredMedia
from darkroom.stores.unavailable import StoreUnavailable

UNKNOWN_TYPE = "application/octet-stream"
UNTIL = "until"  # among what is ours of a file's metadata
DELETED_AT_ONCE = 1000  # what R2 takes


class R2Media:
    """A `MediaStore` in the bucket that is bound to the Worker.

    `bucket` is the runtime's own binding: the SDK's wrapper looks at every byte in Python, which
    takes seconds for a picture.
    """

    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        """Keep `content` under `name`."""
        await self.put_parts(name, [content], media_type)

    async def put_parts(
        self, name: str, parts: Sequence[Blob], media_type: str, until: float | None = None
    ) -> None:
        """Keep parts as one file under `name`, joined in JavaScript's memory."""
        own = {} if until is None else {UNTIL: str(until)}
        options = {"httpMetadata": {"contentType": media_type}, "customMetadata": own}
        try:
            await self._bucket.put(name, join(parts), _object(options))
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not take the picture") from error

    async def names(self, beginning: str, now: float | None = None) -> Sequence[str]:
        """List the names that begin so; the bucket lists a thousand at a time."""
        names: list[str] = []
        options: dict[str, object] = {"prefix": beginning, "include": ["customMetadata"]}
        try:
            while True:
                page = await self._bucket.list(_object(options))
                names += [str(found.key) for found in page.objects if not _is_over(found, now)]
                if not page.truncated:
                    return names
                options["cursor"] = str(page.cursor)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not tell what it keeps") from error

    async def head(self, name: str) -> MediaFacts | None:
        """Read an object's metadata."""
        try:
            found = await self._bucket.head(name)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not answer") from error
        return _facts(found) if found else None

    async def get(self, name: str, part: ByteRange | None = None) -> StoredMedia | None:
        """Read an object, left in JavaScript's memory."""
        options = {}
        if part is not None:
            options["range"] = {"offset": part.start, "length": part.end - part.start}
        try:
            found = await self._bucket.get(name, _object(options))
            if not found:
                return None
            content = await read_body(found, part.end - part.start if part else int(found.size))
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not give the picture") from error
        facts = _facts(found)
        return StoredMedia(facts.media_type, facts.size, facts.etag, content, part)

    async def delete(self, *names: str) -> None:
        """Forget what is kept under those names."""
        try:
            for start in range(0, len(names), DELETED_AT_ONCE):
                await self._bucket.delete(to_js(names[start : start + DELETED_AT_ONCE]))
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not delete the pictures") from error


def _is_over(found: Any, now: float | None) -> bool:
    until = getattr(found.customMetadata, UNTIL, None)
    return now is not None and until is not None and float(until) <= now


def _facts(found: Any) -> MediaFacts:
    media_type = found.httpMetadata.contentType
    return MediaFacts(
        media_type if isinstance(media_type, str) else UNKNOWN_TYPE,
        int(found.size),
        str(found.httpEtag),
    )


def _object(value: object) -> Any:
    return to_js(value, dict_converter=Object.fromEntries)
