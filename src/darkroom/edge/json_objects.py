"""Plain objects of JavaScript's, handed over as one text of JSON.

Each key and each value that goes over by itself is converted by itself, and so is each attribute
that is asked for.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import js
from js import Array, Object
from pydantic_core import from_json, to_json


def to_object(value: Mapping[str, object]) -> Any:
    """A JavaScript object of values that JSON has."""
    return _parse()(to_json(value).decode())


def from_pairs(pairs: Any) -> dict[str, Any]:
    """The dictionary of an iterable of pairs, such as `Headers`, whose values JSON has."""
    fields: dict[str, Any] = from_json(_stringify()(_from_entries()(pairs)))
    return fields


class Attributes:
    """Reads attributes of JavaScript objects, and of what those hold, as far as JSON has them."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._array: Any = None  # on first use: a snapshot holds no JavaScript values

    def of(self, thing: Any) -> dict[str, Any]:
        """Those that an object has."""
        self._array = self._array or Array.of(*self._names)
        attributes: dict[str, Any] = from_json(_stringify()(thing, self._array))
        return attributes


@cache
def _parse() -> Any:
    return js.JSON.parse


@cache
def _stringify() -> Any:
    return js.JSON.stringify


@cache
def _from_entries() -> Any:
    return Object.fromEntries
