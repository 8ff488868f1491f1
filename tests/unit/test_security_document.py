"""Documents name a test for each promise, and the tests exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "SECURITY.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PROMISES = DOCUMENT.partition("## What is promised")[2].partition("## What is not promised")[0]
DEFINED = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)
PROMISING = ("SECURITY.md", "README.md", "docs/reliability.md")


def names_of_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for path in files for name in DEFINED.findall(path.read_text("utf-8"))}


@pytest.mark.parametrize("name", PROMISING)
def test_the_tests_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / name).read_text("utf-8")))
    assert named
    assert named - names_of_tests() == set()


def test_each_promise_names_a_test() -> None:
    rows = [line.strip("| ").split(" | ") for line in PROMISES.splitlines() if line.startswith("|")]
    promises = [row for row in rows if row[0] != "promise" and not row[0].startswith("-")]
    assert len(promises) > 20
    assert [row for row in promises if "test" not in row[-1]] == []


def test_each_promise_of_the_readme_names_a_test() -> None:
    section = README.partition("## What it promises")[2].partition("\n## ")[0]
    promises = [promise for promise in section.split("\n- ")[1:] if promise.strip()]
    assert len(promises) >= 6
    assert [promise for promise in promises if "`test_" not in promise] == []


def test_each_incident_has_a_test_or_a_reason() -> None:
    text = (ROOT / "docs/reliability.md").read_text("utf-8")
    section = text.partition("## Incidents")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    incidents = [row for row in rows[2:] if len(row) == 3]
    assert len(incidents) == len(rows) - 2 >= 21
    bare = [row for row in incidents if "`test_" not in row[2] and "Not here:" not in row[2]]
    assert bare == []
