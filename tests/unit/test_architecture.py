"""The rules of the house that no type checker knows."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
PACKAGE = SRC / "darkroom"

# Floors of the house, from the ground up; a module imports from its own floor and those below.
FLOORS = (
    {
        "errors",
        "job",
        "address",
        "blob",
        "image",
        "levels",
        "masks",
        "pauses",
        "png",
        "png_filters",
        "retry_after",
        "trial",
        "settings",
        "scrub",
        "sse",
        "__init__",
    },
    {"deadline", "events", "memory", "pace", "stores"},
    {"http", "response_headers"},
    {
        "catalog",
        "prompts",
        "json_body",
        "json_reader",
        "multipart",
        "alpha",
        "archive",
    },
    {"providers"},
    {"engine", "access"},
    {"dialects", "tasks"},
    {"app"},
    {"edge"},
)


def modules() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def floor_of(name: str) -> int:
    room = name.split(".")[1] if "." in name else "__init__"
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SRC).with_suffix("").parts)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_javascript_is_imported_at_the_border_alone(path: Path) -> None:
    at_the_border = path.name == "entry.py" or path.is_relative_to(PACKAGE / "edge")
    foreign = {name.split(".")[0] for name in imports_of(path)} & {"js", "pyodide", "workers"}
    assert at_the_border or not foreign


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    if path.name == "entry.py":
        return
    own = floor_of(name_of(path))
    for name in imports_of(path):
        if name.startswith("darkroom"):
            assert floor_of(name) <= own, f"{name_of(path)} imports upwards: {name}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_is_imported_inside_a_function(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                assert not isinstance(node, ast.Import | ast.ImportFrom)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_pauses_let_the_host_in(path: Path) -> None:
    assert "asyncio.sleep(0)" not in path.read_text("utf-8").replace("`asyncio.sleep(0)`", "")


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_worker_imports_no_tool_of_its_build(path: Path) -> None:
    """`api` builds the OpenAPI document once, for all; the Worker serves it as a static file."""
    assert not {name.split(".")[0] for name in imports_of(path)} & {"api", "local", "bench"}


def test_the_openapi_document_is_built_from_the_worker_alone() -> None:
    for path in (SRC.parent / "api").rglob("*.py"):
        assert not {name.split(".")[0] for name in imports_of(path)} & {"local", "tests", "bench"}
        assert len(path.read_text("utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300


def test_the_edge_is_imported_by_the_entry_alone() -> None:
    for path in modules():
        if path.name != "entry.py" and not path.is_relative_to(PACKAGE / "edge"):
            assert not [name for name in imports_of(path) if name.startswith("darkroom.edge")]


def test_importing_everything_needs_no_entropy_and_no_clock() -> None:
    """Production runs the imports once and snapshots the memory (python-workers.md 2.3, 2.11)."""
    script = """
import os, random, sys, time, uuid, secrets
import pydantic, typing, json, asyncio, difflib, tomllib, html, urllib.parse, base64, traceback
def refuse(*args, **kwargs): raise AssertionError("entropy or time at import")
os.urandom = random.random = random.getrandbits = uuid.uuid4 = time.sleep = refuse
secrets.token_hex = secrets.randbelow = refuse
import darkroom.app, darkroom.providers.registry, darkroom.catalog.catalog as catalog
catalog.load_catalog()
"""
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
