"""The modules of the page: which import which, and the lists of them in its document.

`python -m local.modules` writes the lists: what `main.js` imports is named ahead, so that nothing
waits for imports, and what is imported when it is needed is named in a template, from which the
service worker knows it. It is part of `make docs`.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PUBLIC = Path(__file__).parents[1] / "public"
MAIN = "scripts/main.js"
INDEX = "index.html"

_COMMENT = re.compile(r"/\*\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
_STATIC = re.compile(r'\b(?:from|import)\s*"(\.[^"]+)"')
_DYNAMIC = re.compile(r'\bimport\(\s*"(\.[^"]+)"')
_LISTS = re.compile(r"(<!-- modules -->).*?(  <!-- /modules -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Modules:
    """Paths below `public`, each after those that it imports: needed at once, or later."""

    first: tuple[str, ...]
    later: tuple[str, ...]


def code_of(name: str) -> str:
    """A module's text without its comments."""
    return _COMMENT.sub("", (PUBLIC / name).read_text("utf-8"))


def resolve(name: str, address: str) -> str:
    """The path below `public` that a module means by a relative address."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))


def modules() -> Modules:
    """All modules that `main.js` leads to.

    Raises ValueError where modules import one another in a circle.
    """
    first = _ordered([MAIN], ())
    later: tuple[str, ...] = ()
    while ahead := [name for name in _dynamic((*first, *later)) if name not in (*first, *later)]:
        later += _ordered(ahead, (*first, *later))
    return Modules(first, later)


def _ordered(starts: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            message = f"modules import one another in a circle: {' → '.join((*trail, name))}"
            raise ValueError(message)
        if name in found or name in known:
            return
        if name.endswith(".js"):
            for address in _STATIC.findall(code_of(name)):
                visit(resolve(name, address), (*trail, name))
        found[name] = None

    for start in starts:
        visit(start, ())
    return tuple(found)


def _dynamic(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if name.endswith(".js"):
            yield from (resolve(name, address) for address in _DYNAMIC.findall(code_of(name)))


def index() -> str:
    """The document, with lists that are right."""
    found = modules()
    first = "".join(f"  {_link(name)}\n" for name in sorted(found.first) if name != MAIN)
    later = "".join(f"    {_link(name)}\n" for name in sorted(found.later))
    lists = f"\n{first}  <template>\n{later}  </template>\n"
    return _LISTS.sub(rf"\1{lists}\2", (PUBLIC / INDEX).read_text("utf-8"))


def _link(name: str) -> str:
    kind = ' as="json"' if name.endswith(".json") else ""
    return f'<link rel="modulepreload"{kind} href="{name}">'


if __name__ == "__main__":
    (PUBLIC / INDEX).write_text(index(), "utf-8")
