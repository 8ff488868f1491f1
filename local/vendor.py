"""Copies what the pages need out of npm packages: `make vendor`.

A static page cannot reach into `node_modules`, and may load nothing from elsewhere; so the few
files that it needs are kept beside it, as `vendored.toml` lists them. A browser resolves no bare
names of packages: where a file imports another package, the name becomes the file it was copied
to, and nothing else is changed but for a source map's address, which would lead nowhere.
`scarfSettings` in `package.json` keeps one of the packages from reporting where it is installed.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
NOTE = "VENDORED.md"

_BARE_IMPORT = re.compile(r'(\b(?:from|import)\s*)"([@a-z][\w@/-]*)"')
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=\S+\s*$")


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm, and what becomes of its files: their names there, and here.

    `types` are declarations that lead `tsc` to the package's own types, which are not copied.
    """

    name: str
    source: str
    licence: Sequence[str]
    files: Mapping[str, str]
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of copied files; `imports` says which of them a bare name of a package is."""

    folder: Path
    imports: Mapping[str, str]
    packages: Sequence[Package]

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Each file's name and what it holds, the note about all of them last."""
        for package in self.packages:
            for there, here in package.files.items():
                content = (MODULES / package.name / there).read_bytes()
                yield here, self._resolved(content) if here.endswith(".js") else content
            for here, declaration in package.types.items():
                yield here, f"{declaration}\n".encode()
        yield NOTE, self._note().encode()

    def _resolved(self, content: bytes) -> bytes:
        def resolve(found: re.Match[str]) -> str:
            return f'{found[1]}"./{self.imports[found[2]]}"'

        text = content.decode()
        if self.imports:
            text = _SOURCE_MAP.sub("\n", _BARE_IMPORT.sub(resolve, text))
        return text.encode()

    def _note(self) -> str:
        lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
        rows = "".join(
            f"| [{package.name}]({package.source}) | {locked['version']} | {locked['license']}: "
            f"{', '.join(f'`{name}`' for name in package.licence)} | `{locked['integrity']}` |\n"
            for package in self.packages
            for locked in [lock[f"node_modules/{package.name}"]]
        )
        return f"""\
# From elsewhere

Copied by `make vendor` from npm packages, as `local/vendored.toml` says; a test compares them.
Not to be edited here.

| package | version | licence | checksum |
|---|---|---|---|
{rows}"""


def shelves() -> list[Shelf]:
    """All that is copied."""
    table = tomllib.loads((ROOT / "local/vendored.toml").read_text("utf-8"))
    return [
        Shelf(
            ROOT / shelf["folder"],
            shelf.get("imports", {}),
            [Package(**package) for package in shelf["package"]],
        )
        for shelf in table["shelf"]
    ]


def vendor() -> None:
    """Copy the files, and write what they are."""
    for shelf in shelves():
        shelf.folder.mkdir(parents=True, exist_ok=True)
        for name, content in shelf.contents():
            (shelf.folder / name).write_bytes(content)


if __name__ == "__main__":
    vendor()
