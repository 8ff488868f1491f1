"""No regular expression of the package backtracks over text from outside."""

import ast
import importlib
import pkgutil
import re
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from pathlib import Path
from typing import Any

import pytest

import darkroom
from darkroom.catalog.catalog import HERE
from tests.support.growth import LARGE_CHARS, SMALL_CHARS, cpu_s, growth_fault
from tests.support.pattern_texts import Text, forgotten_positions, hostile_texts

SRC = Path(darkroom.__file__).parent
METHODS = ("search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split")
UNKNOWN_USE = ("search", "fullmatch", "findall")
SCREENED_CHARS = 2_000
SUSPICIOUS_S = 0.02  # of CPU for a text of that length
SLOWEST = 5
SCREENED_AGAIN = 20  # the slowest of one screening, as a busy machine makes some appear slow
SCREENINGS = 3
# Expressions that are put together or come from the catalog's rows, by what is written in a call.
DYNAMIC = {"kind", "row.token_pattern", "provider.token_pattern", "other.token_pattern",
           "chat.notice"}  # fmt: skip
# As they stood before they were found to be quadratic, and how they were used.
QUADRATIC = {
    "fact": (r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)', "findall"),
    "hash": (r"\s*\[([0-9a-f]{6,64})\]$", "search"),
    "address": (
        r"(?:https?://[^\s/]+)?/\S*(?:file=\S+|\.(?:png|jpe?g|webp|gif|avif)(?:\?\S*)?)",
        "fullmatch",
    ),
    "phrase": (r"\s*[,;]\s*|[.]\s+|\s*\n\s*", "split"),
    "token": (r"\beyJ[\w-]+\.[\w.-]+", "sub"),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, where it stands, and how it is used."""

    where: str
    text: str
    flags: int = 0
    is_bytes: bool = False
    methods: tuple[str, ...] = UNKNOWN_USE

    def work(self, method: str) -> Callable[[str], object]:
        """What the code does with a text."""
        if self.is_bytes:
            over_bytes = _work(re.compile(self.text.encode("latin-1"), self.flags), method, b"")
            return lambda text: over_bytes(text.encode("latin-1", "replace"))
        return _work(re.compile(self.text, self.flags), method, "")


def _work(compiled: "re.Pattern[Any]", method: str, empty: Any) -> Callable[[Any], object]:
    if method in ("sub", "subn"):
        return lambda text: compiled.sub(empty, text)
    if method in ("findall", "finditer", "split"):  # without the lists, which cost memory alone
        return lambda text: deque(compiled.finditer(text), maxlen=0)
    return getattr(compiled, method)  # type: ignore[no-any-return]


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(SRC.rglob("*.py"))}


def calls() -> Iterator[tuple[Path, str, ast.Call]]:
    """Each call of a function of `re`."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)):
                    yield path, name, node


@cache
def uses() -> list[tuple[str, str, str]]:
    """The module, the global and the method of each call of one of `METHODS`."""
    return [
        (module_of(path), node.value.id, node.attr)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in METHODS
        if isinstance(node.value, ast.Name)
    ]


def uses_of(name: str, module: str) -> tuple[str, ...]:
    """The methods that are called on a global, in its own module if it is private."""
    found = {
        method
        for where, used, method in uses()
        if used == name and (where == module or not name.startswith("_"))
    }
    return tuple(sorted(found)) or UNKNOWN_USE


def module_of(path: Path) -> str:
    return ".".join(("darkroom", *path.relative_to(SRC).with_suffix("").parts))


def global_patterns() -> Iterator[Pattern]:
    """Compiled patterns of all modules that run outside a Worker."""
    for info in pkgutil.walk_packages([str(SRC)], "darkroom."):
        if info.name.startswith("darkroom.edge"):
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                text = value.pattern
                is_bytes = isinstance(text, bytes)
                plain = text.decode("latin-1") if isinstance(text, bytes) else text
                flags = value.flags & ~re.UNICODE
                where = f"{info.name}.{name}"
                yield Pattern(where, plain, flags, is_bytes, uses_of(name, info.name))


def literal_patterns() -> Iterator[Pattern]:
    """Literal arguments of calls, those of modules for the Worker alone among them."""
    for path, name, call in calls():
        match call.args[0]:
            case ast.Constant(value=str(text)):
                methods = (
                    uses_of(_assigned(path, call), module_of(path))
                    if name == "compile"
                    else (name,)
                )
                flags = _flags(call) if name == "compile" else 0
                yield Pattern(f"{module_of(path)}:{call.lineno}", text, flags, methods=methods)


def row_patterns() -> Iterator[Pattern]:
    """The expressions in the catalog's rows."""
    for path in sorted((HERE / "models").glob("*.toml")):
        row = tomllib.loads(path.read_text("utf-8"))["provider"]
        if text := row.get("token_pattern"):
            yield Pattern(f"{path.name}:token_pattern", text, methods=("fullmatch",))
        if text := row.get("chat", {}).get("notice"):
            yield Pattern(f"{path.name}:notice", text, int(re.IGNORECASE), methods=("search",))


def _assigned(path: Path, call: ast.Call) -> str:
    """The name of the global that a call's result becomes."""
    for node in trees()[path].body:
        if isinstance(node, ast.Assign) and node.value is call:
            return ast.unparse(node.targets[0])
    return ""


def _flags(call: ast.Call) -> int:
    names = [
        node.attr
        for arg in call.args[1:]
        for node in ast.walk(arg)
        if isinstance(node, ast.Attribute)
    ]
    return sum(int(getattr(re, name)) for name in names)


@cache
def patterns() -> list[Pattern]:
    found = [*global_patterns(), *literal_patterns(), *row_patterns()]
    unique = {
        (each.text, each.flags, each.is_bytes, each.methods): each for each in reversed(found)
    }
    return list(unique.values())


def fault_of(pattern: Pattern, small: int = SMALL_CHARS, large: int = LARGE_CHARS) -> str | None:
    """How a pattern fails on the worst of the texts that were made for it; None if it does not."""
    texts = list(hostile_texts(pattern.text, pattern.flags))
    for method in pattern.methods:
        work = pattern.work(method)
        work("")
        for text in suspects(work, texts):
            if fault := growth_fault(work, text, small, large):
                return f"{method} of {text(40)!r}…: {fault}"
    return None


def suspects(work: Callable[[str], object], texts: list[Text]) -> Iterator[Text]:
    """Those that take long when they are short, and the slowest of the rest."""
    took_s = []
    for text in texts:
        short = text(SCREENED_CHARS)
        took_s.append(_clocked_s(work, short))
        if took_s[-1] > SUSPICIOUS_S and _clocked_s(work, short) > SUSPICIOUS_S:
            yield text
    slow = nlargest(SCREENED_AGAIN, range(len(texts)), took_s.__getitem__)
    for number in slow:
        short = texts[number](SCREENED_CHARS)
        took_s[number] = min(_clocked_s(work, short) for _ in range(SCREENINGS))
    for number in nlargest(SLOWEST, slow, took_s.__getitem__):
        yield texts[number]


def _clocked_s(work: Callable[[str], object], text: str) -> float:
    """Seconds by the clock on the wall, as that of the CPU may tick each four milliseconds alone."""
    began = time.perf_counter()
    cpu_s(work, text)  # which gives up in time
    return time.perf_counter() - began


def test_the_patterns_of_the_package_are_found() -> None:
    assert len(patterns()) > 60
    assert any("edge" in pattern.where for pattern in literal_patterns())
    assert any("token_pattern" in pattern.where for pattern in patterns())


def test_each_expression_is_written_out_or_stands_in_the_catalog() -> None:
    for path, name, call in calls():
        written = call.args[0]
        is_global = name == "compile" and bool(_assigned(path, call))
        is_known = isinstance(written, ast.Constant) or ast.unparse(written) in DYNAMIC
        assert is_global or is_known, f"{path}:{call.lineno}"


@pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: pattern.where)
def test_the_work_of_a_pattern_grows_no_faster_than_the_text(pattern: Pattern) -> None:
    fault = fault_of(pattern)
    assert fault is None, f"{pattern.where} {pattern.text!r}: {fault}"


def test_each_pattern_means_the_same_in_every_python_that_darkroom_runs_on() -> None:
    late = [
        (pattern.where, text)
        for pattern in patterns()
        for text in forgotten_positions(pattern.text, pattern.flags)
    ]
    assert not late


@pytest.mark.parametrize("pattern", [
    r"(?:a[b]*+c)*+", r"(?:ab?c){1,2}+", r"x(?:a(?:bc)*+d)?+", r"(?:a|bd{2}c)*+", r"(?:a(?:bd|ef))*+",
])  # fmt: skip
def test_a_pattern_that_an_old_python_ends_too_late_is_noticed(pattern: str) -> None:
    assert forgotten_positions(pattern)
    assert not forgotten_positions(re.sub(r"\)(?=[^)]*$)", "|(?!))", pattern))


@pytest.mark.parametrize("name", QUADRATIC)
def test_a_quadratic_pattern_is_noticed(name: str) -> None:
    text, method = QUADRATIC[name]
    assert fault_of(Pattern(name, text, methods=(method,)), 3_000, 24_000)
