"""`docs/architecture.md` names rooms, files and functions that exist."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "src" / "darkroom"
TEXT = (REPOSITORY / "docs" / "architecture.md").read_text("utf-8")
ROOTS = (PACKAGE, REPOSITORY / "src", REPOSITORY)


def _exists(name: str) -> bool:
    return any((root / name).exists() or list(root.glob(f"*/{name}")) for root in ROOTS)


def test_every_file_and_folder_that_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:[\w.]+/)*[\w]+\.(?:py|toml|md))`", TEXT))
    named |= set(re.findall(r"`([a-z_0-9]+/)`", TEXT))
    assert len(named) > 40
    assert sorted(name for name in named if not _exists(name)) == []


def test_every_room_is_in_its_table() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    rooms |= {path.name for path in PACKAGE.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert {room for room in rooms if f"| `{room}/` |" not in TEXT} == set()


def test_every_function_that_it_names_stands_in_the_file_before_it() -> None:
    for file, name in re.findall(r"`([\w/.]+\.py)` `([\w.]+)`", TEXT):
        path = next(root / file for root in ROOTS if (root / file).exists())
        last = name.rpartition(".")[2]
        assert re.search(rf"\b{last}\b", path.read_text("utf-8")), f"{file} has no {name}"
