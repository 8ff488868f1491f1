"""Folds the page for whoever visits it: `python -m local.fold build/public`, before a deployment.

`public` is what runs in `make dev`, and what is read. The copy that is made here says the same in
few files, as each file costs a round trip: one script for what is needed at once, one for what is
needed later, one stylesheet. They lie below `r/<release>/`, where the release is a digest of them,
so that browsers keep them for good and no page mixes two; the document alone is asked for anew.

Modules become functions that are called in order, which takes no parser as long as they are
written as the page's are: imports and exports by name, and no export whose value changes.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.modules import INDEX, MAIN, PUBLIC, code_of, modules, resolve

EARLY = "scripts/early.js"
LATER = "scripts/later.js"
STYLES = "styles/all.css"
ESBUILD = PUBLIC.parent / "node_modules/.bin/esbuild"

_CSS_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_IMPORT = re.compile(
    r'\bimport\s*(?:(\w+)\s*)?(?:\{([^}]*)\})?\s*from\s*"(\.[^"]+)"(?:\s*with\s*\{[^}]*\})?;?'
)
_REEXPORT = re.compile(r'\bexport\s*\{([^}]*)\}\s*from\s*"(\.[^"]+)";?')
_LIST = re.compile(r"\bexport\s*\{([^}]*)\};?")
_DECLARED = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)
_DYNAMIC = re.compile(r'\bimport\(\s*"(\.[^"]+)"\s*\)')
_TEMPLATE = re.compile(r"\bimport\(\s*`(\.[^`$]+)\$")
_DEFAULT = re.compile(r"\bexport default ")
_EFFECT = re.compile(r'\bimport\s*"(\.[^"]+)";?')
_UNKNOWN = re.compile(r"(?:^|;)\s*(?:import\b(?!\()|export\b).*", re.MULTILINE)


def fold(target: Path, *, beside: bool = False) -> str:
    """Write a folded copy of `public` to a folder, which is made anew; the release is returned.

    `beside` leaves the modules that were folded beside what came of them, for tests to import.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(PUBLIC, target)
    if not beside:
        _remove_modules(target)
    document = (PUBLIC / INDEX).read_text("utf-8")
    files = _files(document)
    files |= {
        f"words/{path.name}": path.read_text("utf-8") for path in (PUBLIC / "words").iterdir()
    }
    release = hashlib.sha256(repr((document, sorted(files.items()))).encode()).hexdigest()[:12]
    for name, text in files.items():
        path = target / "r" / release / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (target / INDEX).write_text(_document(document, f"r/{release}", release), "utf-8")
    with (target / "_headers").open("a", encoding="utf-8") as headers:
        headers.write("/r/*\n  Cache-Control: public, max-age=31536000, immutable\n")
    return release


def _remove_modules(target: Path) -> None:
    for name in ("scripts", "styles", "words"):
        shutil.rmtree(target / name)
    for pattern in ("*.ts", "*.js"):  # the licences stay
        for path in (target / "vendor").glob(pattern):
            path.unlink()


def _files(document: str) -> dict[str, str]:
    sheets = re.findall(r'rel="stylesheet" href="([^"]+)"', document)
    styles = "".join((PUBLIC / name).read_text("utf-8") for name in sheets)
    files = {EARLY: code_of(EARLY), STYLES: _CSS_COMMENT.sub("", styles), **scripts()}
    return {name: _minified(name, text) for name, text in files.items()}


def _minified(name: str, text: str) -> str:
    """The same in fewer bytes, by the esbuild that wrangler brings along."""
    options = ("--minify", "--charset=utf8", f"--loader={name.rpartition('.')[2]}")
    command = [str(ESBUILD), *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def scripts() -> dict[str, str]:
    """The two scripts that all modules become."""
    found = modules()
    names = {name: f"$m{at}" for at, name in enumerate((*found.first, *found.later))}
    first = "".join(_module(name, names, found.first) for name in found.first)
    later = "".join(_module(name, names, found.first) for name in found.later)
    shared = ", ".join(names[name] for name in found.first)
    own = ", ".join(names[name] for name in found.later)
    return {
        MAIN: f"{first}export {{ {shared} }};\n",
        LATER: f'import {{ {shared} }} from "./main.js";\n{later}export {{ {own} }};\n',
    }


def _module(name: str, names: Mapping[str, str], first: tuple[str, ...]) -> str:
    """A module as a constant, which holds what it exports.

    Raises ValueError where an import or an export is written in a way that is not known here.
    """
    if name.endswith(".json"):
        return (
            f"const {names[name]} = {{ default: {(PUBLIC / name).read_text('utf-8').strip()} }};\n"
        )
    exported: list[str] = []

    def imported(match: re.Match[str]) -> str:
        default, members, address = match.groups()
        pairs = [*([f"default: {default}"] if default else []), *_pairs(members or "")]
        return f"const {{ {', '.join(pairs)} }} = {names[resolve(name, address)]};"

    def reexported(match: re.Match[str]) -> str:
        source = names[resolve(name, match[2])]
        for pair in _pairs(match[1]):
            inner, _, outer = pair.partition(": ")
            exported.append(f"{outer or inner}: {source}.{inner}")
        return ""

    def listed(match: re.Match[str]) -> str:
        for pair in _pairs(match[1]):
            inner, _, outer = pair.partition(": ")
            exported.append(f"{outer or inner}: {inner}")
        return ""

    def loaded(match: re.Match[str]) -> str:
        there = resolve(name, match[1])
        if there in first:
            return f"Promise.resolve({names[there]})"
        return f'import("./later.js").then((all) => all.{names[there]})'

    def templated(match: re.Match[str]) -> str:
        folder, _, stem = match[1].rpartition("/")
        return f"import(`../{resolve(name, folder)}/{stem}$"

    code = _EFFECT.sub("", _IMPORT.sub(imported, code_of(name)))
    code = _LIST.sub(listed, _REEXPORT.sub(reexported, code))
    exported += _DECLARED.findall(code)
    if _DEFAULT.search(code):
        exported.append("default: $default")
    code = _DEFAULT.sub("const $default = ", _EXPORT.sub("", code))
    code = _DYNAMIC.sub(loaded, code)
    code = _TEMPLATE.sub(templated, code)
    if unknown := _UNKNOWN.search(code):
        message = f"{name} cannot be folded: {unknown[0].strip()}"
        raise ValueError(message)
    lines = "\n".join(line.strip() for line in code.splitlines() if line.strip())
    return (
        f"const {names[name]} = (() => {{\n{lines}\nreturn {{ {', '.join(exported)} }};\n}})();\n"
    )


def _pairs(members: str) -> list[str]:
    """What braces of an import or an export name, as a pattern names it: `a as b` is `a: b`."""
    return [re.sub(r"\s+as\s+", ": ", part.strip()) for part in members.split(",") if part.strip()]


def _document(text: str, folder: str, release: str) -> str:
    text = re.sub(r'  <link rel="(?:stylesheet|modulepreload)"[^>]*>\n', "", text)
    text = re.sub(r"\s*<!--.*?-->|\s*<template>\s*</template>", "", text, flags=re.DOTALL)
    styles = f'<link rel="stylesheet" href="{folder}/{STYLES}">'
    early = f'<script src="{folder}/{EARLY}"></script>'
    text = text.replace(f'<script src="{EARLY}"></script>', f"{early}\n  {styles}")
    later = f'  <template><link rel="modulepreload" href="{folder}/{LATER}"></template>\n</head>'
    text = text.replace(f'src="{MAIN}"', f'src="{folder}/{MAIN}"').replace("</head>", later)
    return text.replace("<html ", f'<html data-release="{release}" ', 1)


if __name__ == "__main__":
    print(fold(Path(sys.argv[1])))
