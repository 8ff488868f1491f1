"""Dataclasses as they are in the Worker: frozen for type checkers and tests, plain where it counts.

To set a field of a frozen dataclass is a call of `object.__setattr__`, and `dataclasses.replace`
walks through all fields. Without both a plain request is 13 % fewer bytecode instructions.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

OWN = "darkroom."

T = TypeVar("T")

_dataclass = dataclasses.dataclass
_replace = dataclasses.replace


def install_quick_dataclasses() -> None:
    """Let modules that are imported from now on have them by the names of the standard library."""
    dataclasses.dataclass = quick_dataclass
    dataclasses.replace = quick_replace


def quick_dataclass(cls: type[Any] | None = None, /, **options: Any) -> Any:
    """`dataclasses.dataclass`, which for this package's own classes does not freeze instances."""

    def decorate(decorated: type[T]) -> type[T]:
        is_own = decorated.__module__.startswith(OWN)
        if is_own and options.get("frozen"):
            plain = {**options, "frozen": False, "unsafe_hash": options.get("eq", True)}
            return _dataclass(decorated, **plain)
        return _dataclass(decorated, **options)

    return decorate if cls is None else decorate(cls)


def quick_replace(value: T, /, **changes: Any) -> T:
    """`dataclasses.replace` of a value all of whose fields its class is called with."""
    kind: Any = type(value)
    known = _fields_of(kind)
    if known is None:
        return _replace(value, **changes)  # type: ignore[type-var]
    names, values_of = known
    return kind(**dict(zip(names, values_of(value), strict=True), **changes))  # type: ignore[no-any-return]


@cache
def _fields_of(kind: type[Any]) -> tuple[Sequence[str], Callable[[Any], Any]] | None:
    """The names of all fields, and a getter of their values; None for other kinds of classes."""
    if not dataclasses.is_dataclass(kind):
        return None
    fields = dataclasses.fields(kind)
    names = [field.name for field in fields]
    # Of a single field `attrgetter` gives no tuple.
    if len(names) < 2 or not all(field.init and not field.kw_only for field in fields):
        return None
    return names, attrgetter(*names)
