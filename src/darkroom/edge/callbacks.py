"""Python functions that JavaScript calls back, all by one proxy.

A proxy of its own for each function, made and destroyed, costs more than most of them do when they
are called. So JavaScript holds one for the life of the isolate, and hands over a number with it.
"""

from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from pyodide.ffi import create_proxy

_functions: dict[int, Callable[[], object]] = {}
_numbers = count(1)


class JsCallback:
    """A Python function that JavaScript may call until it is released; it is told no arguments."""

    __slots__ = ("number",)

    def __init__(self, function: Callable[[], object]) -> None:
        self.number = next(_numbers)
        _functions[self.number] = function

    def bound(self) -> Any:
        """A function of JavaScript's that calls it."""
        return entry().bind(None, self.number)

    def release(self) -> None:
        """Let go of the function: whoever calls it from now on calls nothing."""
        _functions.pop(self.number, None)


@cache
def entry() -> Any:
    """The function of JavaScript's that calls the one whose number it is handed."""
    return create_proxy(_call)  # on first use: a snapshot holds no JavaScript values


def _call(number: int, *_: object) -> object:
    function = _functions.get(number)
    return function() if function is not None else None
