"""The environment: a lookup of variables, and the reader of numbers in it."""

import math
from typing import Protocol

from darkroom.errors import Misconfigured


class Environment(Protocol):
    """A lookup of variables and secrets by name."""

    def get(self, name: str, /) -> str | None:
        """The value, or None."""
        ...


def read_number(
    env: Environment, name: str, default: float, minimum: float = 1, maximum: float = math.inf
) -> float:
    """The number of a variable, its default where it is absent or empty; raises `Misconfigured`."""
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not minimum <= value <= maximum or value == math.inf:
        most = "" if maximum == math.inf else f" and at most {maximum:g}"
        raise Misconfigured(f"{name} must be a number of at least {minimum:g}{most}")
    return value
