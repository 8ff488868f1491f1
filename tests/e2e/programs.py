"""Programs in `clients/` that play a scenario with a client of their own, in a process of its own.

A scenario is JSON on standard input; what came of it is JSON on standard output.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.stack import Stack

CLIENTS = Path(__file__).parent / "clients"
BIN = Path(sys.executable).parent
LIMIT_S = 120


def node(program: str, stack: Stack, token: str = "not-needed", **scenario: Any) -> dict[str, Any]:
    """What a program in JavaScript made of a scenario."""
    return _play(["node", str(CLIENTS / program)], stack, token, scenario)


def python(
    interpreter: Path, program: str, stack: Stack, token: str = "not-needed", **scenario: Any
) -> dict[str, Any]:
    """What a program in Python made of a scenario."""
    return _play([str(interpreter), str(CLIENTS / program)], stack, token, scenario)


def _play(command: list[str], stack: Stack, token: str, scenario: dict[str, Any]) -> dict[str, Any]:
    whole = {"base_url": f"{stack.url}/v1", "token": token, **scenario}
    done = subprocess.run(
        command,
        input=json.dumps(whole),
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reported: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return reported
