"""The R2 bucket as it is swept."""

from collections.abc import Sequence
from typing import Any

from js import Object
from pyodide.ffi import JsException, to_js

from darkroom.edge.media import DELETED_AT_ONCE, UNTIL
from darkroom.stores.sweeping import POSITION, BucketEntry
from darkroom.stores.unavailable import StoreUnavailable


class SweptBucket:
    """A `Bucket` in R2; `bucket` is the runtime's own binding."""

    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    async def page(self, after: str) -> tuple[Sequence[BucketEntry], bool]:
        """The objects behind a name."""
        options: dict[str, object] = {"include": ["customMetadata"]}
        if after:
            options["startAfter"] = after
        try:
            found = await self._bucket.list(to_js(options, dict_converter=Object.fromEntries))
            return [_entry(one) for one in found.objects], bool(found.truncated)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not tell what it keeps") from error

    async def delete(self, *names: str) -> None:
        """Delete objects."""
        try:
            for start in range(0, len(names), DELETED_AT_ONCE):
                await self._bucket.delete(to_js(names[start : start + DELETED_AT_ONCE]))
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not delete objects") from error

    async def read_position(self) -> str:
        """The position that was saved."""
        try:
            found = await self._bucket.get(POSITION)
            return str(await found.text()) if found else ""
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not answer") from error

    async def save_position(self, name: str) -> None:
        """Save a position."""
        try:
            await self._bucket.put(POSITION, name)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the bucket did not take the position") from error


def _entry(found: Any) -> BucketEntry:
    until = getattr(found.customMetadata, UNTIL, None)
    uploaded = float(found.uploaded.getTime()) / 1000
    return BucketEntry(str(found.key), uploaded, None if until is None else float(until))
