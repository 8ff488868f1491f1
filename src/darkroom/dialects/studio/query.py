"""Integers and booleans of a path or query, validated as FastAPI does."""

import re
from collections.abc import Mapping

from darkroom.validation_error import Unprocessable

MAX_WHOLE = 2**53 - 1  # beyond it the numbers of JavaScript are not whole
_WHOLE = re.compile(r"-?[0-9]{1,16}")
_SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def read_whole(text: str, where: str, name: str) -> int:
    """A whole number; raises `Unprocessable`. `where` is `path` or `query`."""
    if not _WHOLE.fullmatch(text) or abs(int(text)) > MAX_WHOLE:
        words = "Input should be a valid integer, unable to parse string as an integer"
        raise _unprocessable("int_parsing", where, name, words, text)
    return int(text)


def read_within(
    query: Mapping[str, str], name: str, default: int, least: int, most: int | None = None
) -> int:
    """A whole number of the query within its bounds; raises `Unprocessable`."""
    if name not in query:
        return default
    value = read_whole(query[name], "query", name)
    if value < least:
        words = f"Input should be greater than or equal to {least}"
        raise _unprocessable("greater_than_equal", "query", name, words, query[name])
    if most is not None and value > most:
        words = f"Input should be less than or equal to {most}"
        raise _unprocessable("less_than_equal", "query", name, words, query[name])
    return value


def read_switch(query: Mapping[str, str], name: str, default: bool) -> bool:
    """A yes or no of the query; raises `Unprocessable`."""
    text = query.get(name)
    if text is None:
        return default
    if text.lower() not in _SWITCHES:
        words = "Input should be a valid boolean, unable to interpret input"
        raise _unprocessable("bool_parsing", "query", name, words, text)
    return _SWITCHES[text.lower()]


def _unprocessable(kind: str, where: str, name: str, words: str, value: str) -> Unprocessable:
    return Unprocessable.of(
        [{"type": kind, "loc": [where, name], "msg": words, "input": value[:200]}]
    )
