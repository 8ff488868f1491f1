"""The running Worker is what its OpenAPI document says, as `schemathesis` finds out for itself.

It draws requests of every operation, right and wrong ones, from a fixed seed. Documented failures
of upstreams are allowed; a mistake of ours is not.
"""

import re
import subprocess
from pathlib import Path

import pytest

from api import asset
from tests.e2e.stack import Stack
from tests.support.slow import slow

PROGRAM = Path(".venv-schemathesis/bin/schemathesis")
CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance"
LIMIT_S = 3_000


@pytest.mark.parametrize("examples", slow(40))  # of each operation: 10,000 requests in all
def test_every_generated_request_is_answered_as_documented(
    stack: Stack, examples: int, tmp_path: Path
) -> None:
    before = len(stack.worker_log.read_text("utf-8"))
    command = [str(PROGRAM.absolute()), "run", str(asset.PATH.absolute()), "--url", stack.url]
    command += ["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--seed", "1"]
    command += ["--max-examples", str(examples), "--suppress-health-check", "all"]
    command += ["--continue-on-failure", "--request-timeout", "60", "--workers", "2"]
    command += ["--generation-database", "none", "--no-color"]
    output = tmp_path / "output"
    with output.open("w") as file:
        done = subprocess.run(
            command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            timeout=LIMIT_S, check=False,
        )  # fmt: skip
    assert done.returncode == 0, output.read_text("utf-8")[-8_000:]
    logged = stack.worker_log.read_text("utf-8")[before:]
    assert not re.search(r'"traceback"|"status": 500', logged)
    assert stack.health()["status"] == "ok"
