"""Gradio's diffs: how `process_generating` events after the first are written.

An edit is `[action, path, value]` with action `replace`, `append`, `add` or `delete`; the path is a
list of keys and indices, empty for the whole value (reference/gradio.md section 5).
"""

import copy
from typing import Any

# A value grows with each event, and is copied: these limits are beyond what any Space sends.
MAX_EDITS = 200  # of one value in one event
MAX_LENGTH = 1024 * 1024  # of a text or a list, once something was appended
MAX_PATH = 16


class UnreadableDiff(ValueError):
    """An edit does not fit the value that it should change."""


def apply_edits(value: Any, edits: list[Any]) -> Any:
    """The value after all edits; the value given stays as it is.

    Raises `UnreadableDiff` when an edit does not fit, or when there are too many.
    """
    if len(edits) > MAX_EDITS:
        raise UnreadableDiff(f"{len(edits)} edits")
    result = copy.deepcopy(value)
    try:
        for action, path, operand in edits:
            result = _apply(result, action, path, operand)
    except (ValueError, TypeError, LookupError) as error:
        raise UnreadableDiff("an edit does not fit") from error
    return result


def _apply(target: Any, action: str, path: list[Any], operand: Any) -> Any:
    if len(path) > MAX_PATH:
        raise ValueError("too deep")
    if not path:
        if action == "replace":
            return operand
        if action == "append":
            return _appended(target, operand)
        raise ValueError(action)
    parent = target
    for key in path[:-1]:
        parent = parent[key]
    last = path[-1]
    if action == "replace":
        parent[last] = operand
    elif action == "append":
        parent[last] = _appended(parent[last], operand)
    elif action == "add":
        if isinstance(parent, list):
            parent.insert(int(last), operand)
        else:
            parent[last] = operand
    elif action == "delete":
        del parent[last]
    else:
        raise ValueError(action)
    return target


def _appended(value: Any, operand: Any) -> Any:
    if isinstance(value, str | list) and len(value) + len(operand) > MAX_LENGTH:
        raise ValueError("too long")
    return value + operand


class OutputDiffs:
    """The outputs of a generating function, brought up to date event by event."""

    def __init__(self) -> None:
        self._outputs: list[Any] | None = None

    def update(self, data: list[Any]) -> list[Any]:
        """Take an event's `output.data`; returns the full values.

        Raises `UnreadableDiff` when an edit does not fit.
        """
        if self._outputs is None:
            self._outputs = data
        else:
            self._outputs = [
                apply_edits(value, edits) if isinstance(edits, list) else edits
                for value, edits in zip(self._outputs, data, strict=False)
            ]
        return self._outputs
