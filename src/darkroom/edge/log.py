"""The runtime's log."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import js

_to_json = json.JSONEncoder().encode


def log_line(entry: Mapping[str, object]) -> None:
    """Write one structured line, as a single text that Workers Logs reads as JSON.

    Not by `print`: Pyodide gathers what is printed byte by byte.
    """
    _log()(_to_json(entry))


@cache
def _log() -> Any:
    return js.console.log
