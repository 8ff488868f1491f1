"""`make dev` and the production build, as a developer runs them."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local.processes import free_port, free_ports, is_free
from tests.support.slow import slow

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 120
MAX_UPLOAD_KIB = 2048


def processes_with(text: str) -> list[str]:
    """The command lines of all processes that mention a text."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue
        if text in command and entry.name != str(os.getpid()):
            found.append(command)
    return found


@contextmanager
def make_dev(*variables: str) -> Iterator[subprocess.Popen[str]]:
    """`make dev` in a process group of its own, as a shell would start it."""
    process = subprocess.Popen(
        ["make", "--no-print-directory", "dev", *variables],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    guard = threading.Timer(START_LIMIT_S, process.kill)
    guard.start()
    try:
        yield process
    finally:
        guard.cancel()
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("sign", [signal.SIGINT, *slow(signal.SIGTERM)])
def test_make_dev_serves_and_leaves_nothing_behind(sign: signal.Signals) -> None:
    port, upstream_port = free_port(), free_ports(15)
    with make_dev(f"PORT={port}", f"UPSTREAM_PORT={upstream_port}") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert f"http://127.0.0.1:{port}" in line
        assert f"http://127.0.0.1:{upstream_port}" in line
        assert httpx.get(f"http://127.0.0.1:{port}/health", timeout=30).status_code == 200
        if sign is signal.SIGINT:
            os.killpg(process.pid, sign)  # Ctrl-C reaches the whole group
        else:
            process.send_signal(sign)
        rest = process.stdout.read()
        process.wait(timeout=30)
    assert "Traceback" not in rest
    assert is_free(port)
    assert is_free(upstream_port)
    assert processes_with(f"--port {port}") == []
    assert processes_with(f"--port {upstream_port}") == []


def test_a_port_that_is_taken_is_reported_in_one_sentence() -> None:
    taken = free_port()
    server = subprocess.Popen(
        ["python", "-m", "http.server", "--bind", "127.0.0.1", str(taken)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while is_free(taken):
            pass
        with make_dev(f"PORT={taken}", f"UPSTREAM_PORT={free_ports(15)}") as process:
            assert process.stdout is not None
            assert f"Port {taken} is taken; choose another with PORT=." in process.stdout.read()
            assert process.wait() != 0
    finally:
        server.kill()
        server.wait()


def test_the_production_worker_builds_with_everything_it_carries(tmp_path: Path) -> None:
    result = subprocess.run(
        ["wrangler", "deploy", "--dry-run", "--outdir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert_carried(tmp_path)


def test_a_dry_run_of_the_deployment_shows_every_step_and_what_is_uploaded() -> None:
    result = subprocess.run(
        ["make", "--no-print-directory", "deploy", "DRY_RUN=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for step in (
        "whoami",
        "r2 bucket list",
        "secret put TASK_SECRET",
        "deploy --config",
        "d1 migrations apply",
        "GET /health",
    ):
        assert step in result.stdout
    assert_carried(ROOT / "build/deploy", below="src/")
    size = re.search(r"Total Upload: .* / gzip: ([\d.]+) KiB", result.stdout)
    assert size
    assert float(size[1]) < MAX_UPLOAD_KIB


def assert_carried(folder: Path, below: str = "") -> None:
    """The Worker has its own code and data, and of its packages what it uses."""
    carried = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {
        f"{below}entry.py",
        f"{below}darkroom/catalog/models/huggingface.toml",
        f"{below}darkroom/prompts/enhance.md",
        f"{below}darkroom/dialects/relay/model_schemas.json",
        "python_modules/pydantic/__init__.py",
        "python_modules/workers/__init__.py",
        "python_modules/_workers_sdk_patch_loader.pth",
    } <= carried
    packages = [name for name in carried if name.startswith("python_modules/")]
    assert any(name.endswith(".so") for name in packages)
    for unused in (".pyi", ".dist-info/", "pydantic/v1/", "pydantic/mypy.py"):
        assert not [name for name in packages if unused in name]
