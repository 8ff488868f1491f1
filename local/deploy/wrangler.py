"""The `wrangler` of the PATH, as a deployment calls it."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class DeploymentFailed(RuntimeError):
    """Says what was wrong and what to type."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a command: its standard output, all that it wrote, and where it deployed to."""

    code: int
    output: str
    words: str
    targets: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True where the command succeeded."""
        return self.code == 0

    def json(self) -> Any:
        """The output as JSON; raises `DeploymentFailed` for anything else."""
        try:
            return json.loads(self.output)
        except ValueError:
            raise DeploymentFailed(f"wrangler did not answer in JSON:\n{self.words}") from None


class Wrangler(Protocol):
    """Runs wrangler."""

    def __call__(self, arguments: Sequence[str], *, stdin: str = "") -> Answer:
        """Run it to its end, with `stdin` as its standard input."""
        ...


def run_wrangler(arguments: Sequence[str], *, stdin: str = "") -> Answer:
    """Run wrangler without a terminal, so that it asks nothing.

    Its record of what was deployed is documented under `WRANGLER_OUTPUT_FILE_PATH`.
    """
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record"
        env = {**os.environ, "WRANGLER_OUTPUT_FILE_PATH": str(record), "NO_COLOR": "1"}
        try:
            done = subprocess.run(
                ["wrangler", *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                env=env,
                check=False,
            )
        except FileNotFoundError:
            raise DeploymentFailed(
                "wrangler is not on the PATH. Type make deploy, which installs it."
            ) from None
        words = _COLOUR.sub("", f"{done.stdout}\n{done.stderr}").strip()
        return Answer(done.returncode, done.stdout, words, _targets(record))


def _targets(record: Path) -> tuple[str, ...]:
    if not record.exists():
        return ()
    entries = [json.loads(line) for line in record.read_text("utf-8").splitlines() if line]
    return tuple(
        target
        for entry in entries
        if entry.get("type") == "deploy"
        for target in entry.get("targets") or []
    )
