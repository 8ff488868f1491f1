"""Field names of protocol-buffer JSON, as all of Google's APIs read it.

Names are in camelCase or in snake_case, a single value will do for a list of one, and null is as
good as absent (https://protobuf.dev/programming-guides/json/).
"""

import re
from collections.abc import Mapping
from typing import Any

from darkroom.errors import InvalidRequest
from darkroom.json_writer import TextBlob

_HUMP = re.compile(r"_([a-z0-9])")


def fields_of(value: object, where: str) -> dict[str, Any]:
    """An object's fields by their names in camelCase; none for null.

    Raises `InvalidRequest` naming `where` for what is no object.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{where}: must be an object.", param=where)
    return {
        _HUMP.sub(lambda hump: hump[1].upper(), name): inner
        for name, inner in value.items()
        if inner is not None
    }


def entries_of(value: object) -> list[Any]:
    """The entries of a list, or the one value that stands for a list; none for null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text_of(value: object, where: str) -> str:
    """A text, also one that was left outside Python; raises `InvalidRequest` for anything else."""
    if isinstance(value, TextBlob):
        return value.content.head(value.content.size).decode("utf-8", "replace")
    if not isinstance(value, str):
        raise InvalidRequest(f"{where}: must be a text.", param=where)
    return value
