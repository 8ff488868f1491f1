"""Which files the Worker carries: its sources, and of its packages what it uses."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

LEFT_BEHIND = {"__pycache__", ".ready"}


def carried_files(folder: Path) -> list[Path]:
    """The files below `src` or `python_modules`, in order.

    What is left out of packages stands in `wrangler.toml` beside the folder.
    """
    excluded = _excluded(folder) if folder.name == "python_modules" else []
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not LEFT_BEHIND & set(path.parts)
        and not any(_matches(path.relative_to(folder), pattern) for pattern in excluded)
    ]


def _excluded(packages: Path) -> list[str]:
    config = packages.resolve().with_name("wrangler.toml").read_text("utf-8")
    patterns: list[str] = tomllib.loads(config)["python_modules"]["exclude"]
    return patterns


def _matches(path: Path, pattern: str) -> bool:
    return fnmatch(f"/{path.as_posix()}", f"*/{pattern.removeprefix('**/')}")
