"""What the Worker carries is listed and locked, and what it asks its database for is bound."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_lock_has_hashes_and_the_worker_carries_what_is_listed(lock: Path) -> None:
    """LiteLLM 1.82.7: a wheel that nobody had looked at."""
    pins = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", lock.read_text("utf-8"), flags=re.MULTILINE))
    pins = [pin for pin in pins if pin.strip()]
    assert pins
    assert [pin for pin in pins if "--hash=sha256:" not in pin or "==" not in pin] == []
    if lock.name == "worker.txt":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        listed = [*project["project"]["dependencies"]]
        listed += project["tool"]["uv"]["constraint-dependencies"]
        assert {pin.split("==")[0] for pin in pins} == {name.split("==")[0] for name in listed}


def test_no_statement_is_put_together_from_values() -> None:
    """Statements are made of constants and of functions of constants; values are bound by number."""
    path = ROOT / "src/darkroom/edge/history.py"
    text = path.read_text("utf-8")
    assert " LIKE " not in text.upper().replace("LIKELY", "")
    holes = {
        ast.unparse(value.value)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.JoinedStr) and re.search(r"SELECT|DELETE|number", ast.unparse(node))
        for value in node.values
        if isinstance(value, ast.FormattedValue)
    }
    constants = {hole for hole in holes if hole.isupper()}
    assert holes - constants <= {"condition", "_forget(condition)", "_released(condition)"}
    assert constants
