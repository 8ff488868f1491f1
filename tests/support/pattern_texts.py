"""Texts that make a regular expression backtrack, generated from the expression itself."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, permutations, product
from typing import Any

from tests.support.growth import repeated

MAX_ATOMS, MAX_WORDS, MAX_PREFIXES = 10, 6, 14
ENDS = ("", "\x01", "\n", "<")  # each is a wrong end for some pattern
ALWAYS = (" ", "\n", "a", "0", '"', "<", "\\")
_OF_CATEGORY = {
    "CATEGORY_DIGIT": "01", "CATEGORY_NOT_DIGIT": "x ", "CATEGORY_SPACE": " \n\t",
    "CATEGORY_NOT_SPACE": "x", "CATEGORY_WORD": "a0_", "CATEGORY_NOT_WORD": " -",
}  # fmt: skip
_CANDIDATES = "ax0 -/\"'\n.,;:<>=\0\x01"
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_parser: Any = re._parser  # type: ignore[attr-defined]

Item = tuple[Any, Any]
Text = Callable[[int], str]


def hostile_texts(pattern: str, flags: int = 0) -> Iterator[Text]:
    """Makers of texts: single pieces repeated, and runs after a good beginning with a wrong end."""
    tree = list(_parser.parse(pattern, flags))
    atoms = _first(MAX_ATOMS, [*_atoms(tree), *ALWAYS])
    prefixes = _first(MAX_PREFIXES, ["", *_prefixes(tree)])
    units = [*atoms, *_first(MAX_WORDS, _words(tree))]
    whole = _sample(tree)
    pairs = [f"{one}{other}" for one, other in permutations(atoms[:8], 2)]
    mixed = [f"{prefix}{atom}" for prefix, atom in product(prefixes, atoms) if prefix]
    for unit in dict.fromkeys([*units, *pairs, *filter(None, prefixes), *mixed, whole]):
        if unit:
            yield repeated(unit)
    for prefix, unit, end in product(prefixes, units, ENDS):
        yield repeated(unit, prefix, end)
    for prefix, atom in product(prefixes, atoms):
        yield repeated(atom, whole + prefix, "\x01")


def forgotten_positions(pattern: str, flags: int = 0) -> list[str]:
    """Possessive repetitions of groups that Python 3.11.0 to 3.11.4 ends too late (python/cpython#106052).

    There, what a failed last repetition has read stays read, if it fails after a repeat or group within it.
    An alternative takes it back.
    """
    return list(_forgotten(list(_parser.parse(pattern, flags))))


def _forgotten(tree: Iterable[Item]) -> Iterator[str]:
    for name, value in _named(tree):
        for part in _parts(name, value):
            yield from _forgotten(part)
        if name == "POSSESSIVE_REPEAT" and _fails_late(list(_named(value[2]))):
            yield _sample(value[2])


def _fails_late(body: Sequence[tuple[str, Any]]) -> bool:
    """True if a group may fail after a part of it that has moved the position that is kept."""
    is_moved = False
    for number, (name, value) in enumerate(body):
        is_moving = name not in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "AT")
        may_fail = not (name in _REPEATS and value[0] == 0)
        if may_fail and (is_moved or (is_moving and number)):
            return True
        if is_moving and not number and (parts := _parts(name, value)):
            if _fails_late(list(_named(parts[-1]))):
                return True
        is_moved = is_moved or is_moving
    return False


def _atoms(tree: Iterable[Item]) -> Iterator[str]:
    """Characters that the pattern's own parts match."""
    for name, value in _named(tree):
        if name == "LITERAL":
            yield chr(value)
        elif name == "IN":
            yield from _members(value)
        else:
            for part in _parts(name, value):
                yield from _atoms(part)


def _words(tree: Sequence[Item]) -> Iterator[str]:
    """Literal texts of two characters or more, within groups too."""
    word = ""
    for name, value in [*_named(tree), ("END", None)]:
        if name == "LITERAL":
            word += chr(value)
            continue
        if len(word) > 1:
            yield word
        word = ""
        for part in _parts(name, value):
            yield from _words(part)


def _prefixes(tree: Sequence[Item]) -> Iterator[str]:
    """What leads up to each of the pattern's parts, within groups too."""
    for number, (name, value) in enumerate(_named(tree)):
        before = _sample(tree[:number])
        yield before
        for part in _parts(name, value):
            yield from (before + inner for inner in _prefixes(part))
    yield _sample(tree)


def _sample(tree: Iterable[Item]) -> str:
    """A short text that the parts match."""
    return "".join(_sample_of(name, value) for name, value in _named(tree))


def _sample_of(name: str, value: Any) -> str:
    match name:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return "x" if value != ord("x") else "y"
        case "ANY":
            return "x"
        case "IN":
            return next(iter(_members(value)), "")
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _sample(value[2]) * max(1, min(int(value[0]), 100))
        case "ASSERT" | "ASSERT_NOT":
            return ""
    parts = _parts(name, value)
    return _sample(parts[0]) if parts else ""


def _parts(name: str, value: Any) -> list[list[Item]]:
    if name in _REPEATS:
        return [list(value[2])]
    if name == "SUBPATTERN":
        return [list(value[3])]
    if name == "ATOMIC_GROUP":
        return [list(value)]
    if name == "BRANCH":
        return [list(branch) for branch in value[1]]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [list(value[1])]
    return []


def _members(items: Sequence[Item]) -> Iterator[str]:
    """Some characters of a class."""
    named = list(_named(items))
    if named[0][0] == "NEGATE":
        inside = set(_of_class(named[1:]))
        yield from islice((char for char in _CANDIDATES if char not in inside), 6)
    else:
        yield from _of_class(named)


def _of_class(named: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for name, value in named:
        if name == "LITERAL":
            yield chr(value)
        elif name == "RANGE":
            yield from {chr(value[0]), chr(value[1])}
        elif name == "CATEGORY":
            yield from _OF_CATEGORY[str(value)]


def _named(tree: Iterable[Item]) -> Iterator[tuple[str, Any]]:
    return ((str(code), value) for code, value in tree)


def _first(count: int, texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))[:count]
