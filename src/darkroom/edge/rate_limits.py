"""Rate-limit bindings, which count for all isolates of one of Cloudflare's locations."""

from typing import Any

from js import Object
from pyodide.ffi import JsException, to_js


class BindingLimiter:
    """A `RequestLimiter`; `binding` is the runtime's own."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def allow(self, name: str) -> bool:
        """Count a request."""
        options = to_js({"key": name}, dict_converter=Object.fromEntries)
        try:
            return bool((await self._binding.limit(options)).success)
        except (OSError, JsException):
            return True
