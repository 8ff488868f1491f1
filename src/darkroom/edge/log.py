"""The runtime's log."""

import json
from collections.abc import Mapping

import js


def log_line(entry: Mapping[str, object]) -> None:
    """Write one structured line, as a single text that Workers Logs reads as JSON.

    Not by `print`: Pyodide gathers what is printed byte by byte.
    """
    js.console.log(json.dumps(entry))
