"""Statements in a D1 database."""

import json
from typing import Any

import js
from pyodide.ffi import JsException, jsnull, to_js

from darkroom.stores.database import Statement
from darkroom.stores.unavailable import StoreUnavailable


class D1Database:
    """A `Database`; `binding` is the runtime's own, as with `R2Media`."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def run(self, *statements: Statement) -> list[list[dict[str, Any]]]:
        """Run statements as one batch, which is a transaction."""
        try:
            prepared = [
                self._binding.prepare(sql).bind(*(jsnull if p is None else p for p in parameters))
                for sql, parameters in statements
            ]
            answers = await self._binding.batch(to_js(prepared))
            # One text is cheaper to hand to Python than every value of every row.
            read = json.loads(js.JSON.stringify(answers))
        except (OSError, JsException) as error:
            raise StoreUnavailable("the database did not answer") from error
        return [answer["results"] for answer in read]
