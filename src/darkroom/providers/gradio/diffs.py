"""Gradio's diffs: the encoding of `process_generating` events after the first.

An edit is `[action, path, value]` with action `replace`, `append`, `add` or `delete`; the path is a
list of keys and indices, empty for the whole value (reference/gradio.md section 5).
"""

import copy
from typing import Any

# A value is copied for each event: these limits are beyond what any Space sends.
MAX_VALUES = 2_000  # of the outputs, and of the edits of one event
MAX_CHARS = 12 * 1024 * 1024
MAX_PATH = 16


class UnreadableDiff(ValueError):
    """An edit does not fit the value that it should change."""


def apply_edits(value: Any, edits: list[Any]) -> Any:
    """The value after all edits; the value given stays as it is.

    Raises `UnreadableDiff` when an edit does not fit.
    """
    result = copy.deepcopy(value)
    try:
        for action, path, operand in edits:
            result = _apply(result, action, path, operand)
    except (ValueError, TypeError, LookupError) as error:
        raise UnreadableDiff(f"cannot apply {edits!r:.200}") from error
    return result


def _apply(target: Any, action: str, path: list[Any], operand: Any) -> Any:
    if len(path) > MAX_PATH:
        raise ValueError("too deep")
    if not path:
        if action == "replace":
            return operand
        if action == "append":
            return target + operand
        raise ValueError(action)
    parent = target
    for key in path[:-1]:
        parent = parent[key]
    last = path[-1]
    if action == "replace":
        parent[last] = operand
    elif action == "append":
        parent[last] = parent[last] + operand
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


class OutputDiffs:
    """The outputs of a generating function, brought up to date event by event.

    A server that sends more values or text than a preview needs gets no more previews.
    """

    def __init__(self) -> None:
        self._outputs: list[Any] | None = None

    def update(self, data: list[Any]) -> list[Any]:
        """Take an event's `output.data`; returns the full values.

        Raises `UnreadableDiff` when an edit does not fit, or there was too much of them.
        """
        self._check(data)
        if self._outputs is None:
            self._outputs = data
        else:
            self._outputs = [
                apply_edits(value, edits) if isinstance(edits, list) else edits
                for value, edits in zip(self._outputs, data, strict=False)
            ]
        self._check(self._outputs)
        return self._outputs

    def _check(self, data: list[Any]) -> None:
        values, chars = measure(data)
        if values > MAX_VALUES or chars > MAX_CHARS:
            self._outputs = []  # there is nothing that later edits could change
            raise UnreadableDiff("too much to keep")


def measure(value: Any) -> tuple[int, int]:
    """The number of values of a JSON document, and of characters in its texts."""
    values = chars = 0
    left = [value]
    while left:
        item = left.pop()
        values += 1
        if isinstance(item, str):
            chars += len(item)
        elif isinstance(item, dict):
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
    return values, chars
