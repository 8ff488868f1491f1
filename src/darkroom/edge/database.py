"""Statements in a D1 database."""

import json
from collections.abc import Sequence
from typing import Any

import js
from pyodide.ffi import JsException, jsnull, to_js

from darkroom.stores.unavailable import StoreUnavailable

Statement = tuple[str, Sequence[object]]


async def run_batch(database: Any, *statements: Statement) -> list[list[dict[str, Any]]]:
    """Run statements in one transaction; the rows that each of them gives.

    `database` is the runtime's own binding. Raises `StoreUnavailable`.
    """
    try:
        prepared = [
            database.prepare(sql).bind(*(jsnull if p is None else p for p in parameters))
            for sql, parameters in statements
        ]
        answers = await database.batch(to_js(prepared))
        # One text is cheaper to hand to Python than every value of every row.
        read = json.loads(js.JSON.stringify(answers))
    except (OSError, JsException) as error:
        raise StoreUnavailable("the database did not answer") from error
    return [answer["results"] for answer in read]
