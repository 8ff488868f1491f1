"""Patterns of pydantic's models are small: Rust compiles each into an automaton that stays for ever.

`^[\\w.:-]{1,60}$` took 8.7 MiB of an isolate's 128: `\\w` is some 700 ranges of Unicode, and the
repeat copied them sixty times.
"""

import gc
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

import darkroom.app  # noqa: F401 - all models are there now
from darkroom.catalog import channels

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from re import _constants as constants  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]

_HOLDERS = (Mapping, list, tuple)
MAX_COPIES = 4
MAX_CLASS_CHARS = 256  # of one class, where Unicode's own have tens of thousands


def faults(pattern: str) -> list[str]:
    """What makes the automaton of a pattern large."""
    return list(_faults_of(parser.parse(pattern)))


def _faults_of(parsed: Any) -> Iterator[str]:
    for kind, value in parsed:
        if kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
            least, most, inner = value
            copies = least if most == constants.MAXREPEAT else most
            if copies > MAX_COPIES:
                yield f"{copies} copies; use max_length"
            yield from _faults_of(inner)
        elif kind is constants.IN:
            yield from _faults_of_class(value)
        elif kind in (constants.ANY, constants.NOT_LITERAL):
            yield "nearly all of Unicode"
        elif kind is constants.SUBPATTERN:
            yield from _faults_of(value[-1])
        elif kind is constants.BRANCH:
            for branch in value[1]:
                yield from _faults_of(branch)


def _faults_of_class(members: Any) -> Iterator[str]:
    size = 0
    for kind, value in members:
        if kind in (constants.NEGATE, constants.CATEGORY):
            yield "a class of all of Unicode; name the characters"
        elif kind is constants.RANGE:
            size += value[1] - value[0] + 1
    if size > MAX_CLASS_CHARS:
        yield f"a class of {size} characters"


def schemas() -> Iterator[tuple[str, Any]]:
    """The core schema of each model and adapter of the package."""
    gc.unfreeze()  # what was there before the tests, see tests/conftest.py
    everything = gc.get_objects()
    gc.freeze()
    for value in everything:
        if isinstance(value, type) and issubclass(value, BaseModel):
            if value.__module__.startswith("darkroom."):
                yield f"{value.__module__}.{value.__name__}", value.__pydantic_core_schema__
        elif isinstance(value, TypeAdapter):
            yield repr(value), value.core_schema


def patterns(schema: Any) -> Iterator[str]:
    """Each pattern in a core schema, whose parts are often the same objects."""
    places, seen = [schema], set[int]()
    while places:
        place = places.pop()
        if id(place) in seen:
            continue
        seen.add(id(place))
        if isinstance(place, Mapping):
            if place.get("type") == "str" and "pattern" in place:
                pattern = place["pattern"]
                yield pattern.pattern if isinstance(pattern, re.Pattern) else pattern
            places.extend(value for value in place.values() if isinstance(value, _HOLDERS))
        elif isinstance(place, list | tuple):
            places.extend(value for value in place if isinstance(value, _HOLDERS))


def test_no_pattern_of_a_model_makes_a_large_automaton() -> None:
    found = [(name, pattern) for name, schema in schemas() for pattern in patterns(schema)]
    assert {pattern for where, pattern in found if where.startswith(channels.__name__)}
    assert {(where, p): faults(p) for where, p in found if faults(p)} == {}


@pytest.mark.parametrize(
    "pattern",
    [r"^[\w.:-]{1,60}$", r"^\w+$", r"^\d+$", r"^[a-z]{0,40}$", r"^(a|\s)+$", r"^[^/]+$", r"^.*$",
     "^[\u0100-\uffff]+$", r"^(?:[a-z]{9,})$"],
)  # fmt: skip
def test_large_automata_are_found(pattern: str) -> None:
    assert faults(pattern)


@pytest.mark.parametrize("pattern", [r"^[a-z0-9][a-z0-9_-]*$", r"^[A-Za-z-]+$", r"^#[0-9a-f]{3}$"])
def test_small_automata_are_let_pass(pattern: str) -> None:
    assert faults(pattern) == []
