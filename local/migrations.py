"""The tables of the local database, made before the Worker starts.

Wrangler takes six to ten seconds to look, so that it is asked only where something is new: a fresh
state gets a copy of a database that was made once.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.processes import StartFailed

MIGRATIONS = Path("migrations")
MADE_ONCE = Path("build/migrated")
LIMIT_S = 120.0
_MARK = "migrated"
_DATABASES = Path("v3/d1")


def migrate(state: Path, env: Mapping[str, str]) -> None:
    """Bring the database in `wrangler dev`'s state up to date; raises `StartFailed`.

    `env` is what wrangler needs beside the environment.
    """
    digest = _digest()
    mark = state / _MARK
    if mark.exists() and mark.read_text("utf-8") == digest:
        return
    if (state / _DATABASES).exists():
        _apply(state, env)
    else:
        template = MADE_ONCE / digest
        if not template.exists():
            _make(template, env)
        shutil.copytree(template / _DATABASES, state / _DATABASES)
    mark.write_text(digest, "utf-8")


def _make(template: Path, env: Mapping[str, str]) -> None:
    """Make the database, where no other process has done so meanwhile."""
    template.parent.mkdir(parents=True, exist_ok=True)
    with template.with_suffix(".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if template.exists():
            return
        fresh = template.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        _apply(fresh, env)
        fresh.rename(template)


def _apply(state: Path, env: Mapping[str, str]) -> None:
    state.mkdir(parents=True, exist_ok=True)
    command = ["wrangler", "d1", "migrations", "apply", "DB", "--env", "local", "--local"]
    wrangler = subprocess.run(
        [*command, "--persist-to", str(state)],
        stdin=subprocess.DEVNULL,  # it asks nobody then
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, **env},
        check=False,
    )
    if wrangler.returncode:
        raise StartFailed(f"wrangler could not make the database's tables:\n{wrangler.stdout}")


def _digest() -> str:
    files = sorted(MIGRATIONS.glob("*.sql"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
