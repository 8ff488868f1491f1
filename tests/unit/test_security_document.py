"""SECURITY.md names a test for each promise, and the tests exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "SECURITY.md").read_text("utf-8")
PROMISES = DOCUMENT.partition("## What is promised")[2].partition("## What is not promised")[0]


def names_of_tests() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_the_tests_that_are_named_exist() -> None:
    assert set(re.findall(r"`(test_\w+)`", DOCUMENT)) - names_of_tests() == set()


def test_each_promise_names_a_test() -> None:
    rows = [line.strip("| ").split(" | ") for line in PROMISES.splitlines() if line.startswith("|")]
    promises = [row for row in rows if row[0] != "promise" and not row[0].startswith("-")]
    assert len(promises) > 20
    assert [row for row in promises if "test" not in row[-1]] == []
