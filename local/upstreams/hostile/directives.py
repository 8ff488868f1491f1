"""Directives in a prompt, `a cat [[poll.deep:5000]]`: the grammar of `table.py`."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ..apis.call import Call
from .table import BY_NAME, STAGES, Kind

DIRECTIVE = re.compile(r"\[\[(?:(\w+)\.)?(\w+)(?::([^\]]*))?\]\]")
FORBIDDEN = "{forbidden}"


class UnknownDirective(ValueError):
    """A directive names a stage or a misbehaviour that the table does not have."""


@dataclass(frozen=True, slots=True)
class Directive:
    """`[[stage.name:argument]]`; `stage` is None where none was written."""

    stage: str | None
    name: str
    argument: str


class Directives:
    """The misbehaviours that one request asks for."""

    def __init__(self, directives: Iterable[Directive] = ()) -> None:
        self._directives = tuple(directives)

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def __add__(self, other: "Directives") -> "Directives":
        return Directives(self._directives + other._directives)

    def __iter__(self) -> Iterator[Directive]:
        return iter(self._directives)

    def text(self, name: str, default: str = "") -> str:
        """The argument of a misbehaviour; `default` where it is not asked for."""
        found = self._find(name)
        return found.argument if found else default

    def number(self, name: str) -> int:
        """The argument as a number; zero where it is not asked for."""
        return int(self.text(name) or 0)

    def at(self, stage: str, *unstaged: Kind) -> "Directives":
        """Those for a stage, and those of some kinds that name none."""
        return Directives(
            directive
            for directive in self._directives
            if directive.stage == stage
            or (directive.stage is None and BY_NAME[directive.name].kind in unstaged)
        )

    def among(self, names: Collection[str]) -> "Directives":
        """Those of these names."""
        return Directives(directive for directive in self._directives if directive.name in names)

    def _find(self, name: str) -> Directive | None:
        return next((each for each in self._directives if each.name == name), None)


def parse(text: str, forbidden: str) -> Directives:
    """The directives in a text, in the order written.

    `forbidden` is the host and port that stand for `{forbidden}`. Raises `UnknownDirective`.
    """
    return Directives(
        _directive(stage or None, name, argument, forbidden)
        for stage, name, argument in DIRECTIVE.findall(text)
    )


def _directive(stage: str | None, name: str, argument: str, forbidden: str) -> Directive:
    row = BY_NAME.get(name)
    if row is None or stage not in (None, *STAGES):
        raise UnknownDirective(f"there is no [[{f'{stage}.' if stage else ''}{name}]]")
    argument = unquote(argument or row.default)
    return Directive(stage, name, argument.replace(FORBIDDEN, forbidden))


def prompt_of(call: Call) -> str:
    """All texts of a request's body, one on each line; the path where there is no body."""
    if call.form is not None:
        return "\n".join(text for texts in call.form.fields.values() for text in texts)
    return "\n".join(_texts(call.json_object())) if call.raw_body else call.path


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
