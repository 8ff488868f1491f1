"""Other formats of a picture, made by Cloudflare Images."""

from typing import Any

import js
from pyodide.ffi import JsException, to_js

from darkroom.blob import Blob
from darkroom.edge.blob import JsBlob, stream_of, to_array
from darkroom.stores.unavailable import StoreUnavailable

LOWEST_QUALITY = 1  # a quality of 0 is none


class ImagesConverter:
    """A `Converter` by the binding to Cloudflare Images (reference/python-workers.md 2.10).

    `binding` is the runtime's own, as with `R2Media`.
    """

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def convert(self, content: Blob, output_format: str, compression: int | None) -> Blob:
        """The same picture, left in JavaScript's memory; see `Converter.convert`."""
        options: dict[str, object] = {"format": f"image/{output_format}"}
        if compression is not None and output_format != "png":  # which would lose its colours
            options["quality"] = max(LOWEST_QUALITY, compression)
        try:
            made = await self._binding.input(stream_of([to_array(content)])).output(
                to_js(options, dict_converter=js.Object.fromEntries)
            )
            return JsBlob(js.Uint8Array.new(await made.response().arrayBuffer()))
        except (OSError, JsException) as error:
            raise StoreUnavailable("the picture was not converted") from error
