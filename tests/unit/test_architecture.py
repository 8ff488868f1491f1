"""The rules of the house that no type checker knows; each test lists every offender."""

import ast
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SRC = REPOSITORY / "src"
MAX_LINES = 300
JAVASCRIPT = {"js", "pyodide", "workers"}

# Floors of the house, from the ground up: a module imports from the floors below its own, and from
# rooms on its own floor as long as those do not import it in turn.
FLOORS = (
    {
        "access_errors", "address", "ai_settings", "async_options", "attempt", "blob", "composite", "environment", "errors", "field_types", "gateway_key",
        "image", "image_header", "job", "limit_settings", "mask_levels", "masks", "metrics", "pauses",
        "png", "png_channels", "png_filters", "quick_dataclasses", "retry_after", "settings", "sse", "trace", "unpacking", "validation_error",
        "__init__",
    },
    {"deadline", "events", "memory_budget", "progress", "stores", "transfer_rate"},
    {"http", "readiness", "response_headers"},
    {
        "ai_binding", "alpha", "catalog", "embedding", "error_words", "json_reader", "json_writer", "multipart", "overlay", "prompts", "scrub",
        "stream_pump", "zip_archive",
    },
    {"edge", "providers"},
    {"access", "account", "caller_key", "engine"},
    {"gateway"},
    {"request_body", "request_log"},
    {"context"},
    {"limits"},
    {"generation", "tasks"},
    {"endpoint"},
    {"dialects", "middleware"},
    {"app"},
    {"worker"},
    {"entry"},
)  # fmt: skip

# What `edge` adapts to the runtime: seams and plain values. It knows nobody who uses it.
SEAMS = {
    "address", "ai_binding", "blob", "deadline", "edge", "errors", "gateway_key", "http", "job", "json_writer", "limit_settings", "memory_budget", "pauses",
    "settings", "stores", "stream_pump", "transfer_rate", "unpacking",
}  # fmt: skip

# A dialect knows no other, but for these: the relay takes AUTOMATIC1111's fields on one route, and
# the service's own routes answer as OpenAI's do.
DIALECTS_THAT_SHARE = {("relay", "a1111"), ("service", "openai")}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SRC.rglob("*.py")):
        yield ".".join(path.relative_to(SRC).with_suffix("").parts), path


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, by its full name; `from package import module` too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            yield module
            for alias in node.names:
                name = f"{module}.{alias.name}"
                if (SRC / (name.replace(".", "/") + ".py")).exists():
                    yield name


def own_imports(path: Path) -> Iterator[str]:
    return (name for name in imports_of(path) if name.startswith("darkroom."))


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ("entry" if name == "entry" else "__init__")


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def test_javascript_is_imported_at_the_border_alone() -> None:
    offenders = [
        name
        for name, path in modules()
        if room_of(name) not in ("edge", "entry")
        and {imported.split(".")[0] for imported in imports_of(path)} & JAVASCRIPT
    ]
    assert offenders == []


def test_imports_run_one_way() -> None:
    offenders = [
        f"{name} imports {imported}"
        for name, path in modules()
        for imported in own_imports(path)
        if floor_of(room_of(imported)) > floor_of(room_of(name))
    ]
    assert offenders == []


def test_no_two_rooms_import_each_other() -> None:
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for name, path in modules():
        rooms[room_of(name)] |= {room_of(imported) for imported in own_imports(path)}
    circles = [
        (room, other)
        for room, others in sorted(rooms.items())
        for other in sorted(others)
        if room < other and room in rooms[other]
    ]
    assert circles == []


def test_the_edge_knows_seams_alone() -> None:
    offenders = [
        f"{name} imports {imported}"
        for name, path in modules()
        if room_of(name) == "edge"
        for imported in own_imports(path)
        if room_of(imported) not in SEAMS
    ]
    assert offenders == []


def test_the_edge_is_imported_by_the_composition_root_alone() -> None:
    offenders = [
        f"{name} imports {imported}"
        for name, path in modules()
        if room_of(name) not in ("edge", "worker", "entry")
        for imported in own_imports(path)
        if room_of(imported) == "edge"
    ]
    assert offenders == []


def test_a_dialect_knows_no_other() -> None:
    offenders = []
    for name, path in modules():
        if room_of(name) != "dialects" or name.count(".") < 3:
            continue
        own = name.split(".")[2]
        for imported in own_imports(path):
            other = imported.split(".")[2] if imported.startswith("darkroom.dialects.") else own
            if own != other and (own, other) not in DIALECTS_THAT_SHARE:
                offenders.append(f"{name} imports {imported}")
    assert offenders == []


def test_a_dialect_knows_no_provider() -> None:
    offenders = [
        f"{name} imports {imported}"
        for name, path in modules()
        if room_of(name) == "dialects"
        for imported in own_imports(path)
        if room_of(imported) == "providers"
    ]
    assert offenders == []


def test_the_worker_imports_no_tool_of_its_build() -> None:
    """`api` builds the OpenAPI document once, for all; the Worker serves it as a static file."""
    offenders = [
        f"{name} imports {imported}"
        for name, path in modules()
        for imported in imports_of(path)
        if imported.split(".")[0] in ("api", "local", "bench")
    ]
    assert offenders == []


def test_the_openapi_document_is_built_from_the_worker_alone() -> None:
    offenders = [
        f"{path.name} imports {imported}"
        for path in (REPOSITORY / "api").rglob("*.py")
        for imported in imports_of(path)
        if imported.split(".")[0] in ("local", "tests", "bench")
    ]
    assert offenders == []


def test_nothing_is_imported_inside_a_function() -> None:
    offenders = [
        f"{name}:{node.lineno}"
        for name, path in modules()
        for function in ast.walk(parsed(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert offenders == []


def test_pauses_let_the_host_in() -> None:
    """`asyncio.sleep(0)` never leaves Pyodide's event loop; `pauses.yield_to_host` does."""
    offenders = [
        name
        for name, path in modules()
        if "asyncio.sleep(0)" in path.read_text("utf-8").replace("`asyncio.sleep(0)`", "")
    ]
    assert offenders == []


def test_files_stay_small() -> None:
    files = [path for _, path in modules()] + list((REPOSITORY / "api").rglob("*.py"))
    long = {path.name: len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in long.items() if lines > MAX_LINES} == {}


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


def test_no_two_test_files_have_one_name() -> None:
    names = [path.name for path in (REPOSITORY / "tests").rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
