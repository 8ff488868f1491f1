"""Image conversion by Cloudflare Images."""

from typing import Any

from js import Object
from pyodide.ffi import JsException, to_js

from darkroom.blob import Blob
from darkroom.edge.blob import read_body, stream_of, to_array
from darkroom.job import Size
from darkroom.stores.unavailable import StoreUnavailable

LOWEST_QUALITY = 1  # a quality of 0 is none


class ImagesConverter:
    """A `Converter` by the binding to Cloudflare Images (reference/python-workers.md 2.10).

    `binding` is the runtime's own, as with `R2Media`.
    """

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def convert(
        self,
        content: Blob,
        output_format: str,
        compression: int | None,
        size: Size | None = None,
    ) -> Blob:
        """The same picture, left in JavaScript's memory; see `Converter.convert`."""
        options: dict[str, object] = {"format": f"image/{output_format}"}
        if compression is not None and output_format != "png":  # which would lose its colours
            options["quality"] = max(LOWEST_QUALITY, compression)
        try:
            picture = self._binding.input(stream_of([to_array(content)]))
            if size is not None:
                stretch = {"width": size.width, "height": size.height, "fit": "squeeze"}
                picture = picture.transform(_object(stretch))
            made = await picture.output(_object(options))
            return await read_body(made.response(), content.size)
        except (OSError, JsException) as error:
            raise StoreUnavailable("the picture was not converted") from error


def _object(value: object) -> Any:
    return to_js(value, dict_converter=Object.fromEntries)
