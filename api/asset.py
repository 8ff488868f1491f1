"""The OpenAPI document as the static file that it is served from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.document import build_document
from api.paths import PATHS
from darkroom.catalog.catalog import load_catalog

PATH = Path(__file__).parents[1] / "public" / "openapi.json"
DEPTH = 3  # of what stands on a line of its own: an operation of a path, a component of a kind


def openapi_json() -> str:
    """The text of `public/openapi.json`: compact, with a line for each operation and component."""
    document = build_document(PATHS, load_catalog().providers)
    return "".join(_lines(document, DEPTH)) + "\n"


def _lines(value: Any, depth: int) -> Iterator[str]:
    if not depth or not isinstance(value, dict):
        yield json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return
    separator = "{\n"
    for name, member in value.items():
        yield f"{separator}{json.dumps(name)}:"
        yield from _lines(member, depth - 1)
        separator = ",\n"
    yield "\n}"
