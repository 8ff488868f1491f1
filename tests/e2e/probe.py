"""The edge's own parts in workerd, each asked by itself: a Worker with another entry module."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from local.pack import pack
from local.processes import Process, answers, free_port
from local.stack import HOST, START_LIMIT_S, wrangler_environment

ROOT = Path(__file__).parents[2]
ENTRY = Path(__file__).parent / "probe_worker.py"
CONFIG = """
name = "probe"
main = "local/bootstrap.js"
compatibility_date = "2026-10-01"
rules = [
  { type = "Data", globs = ["**/*.zip", "**/*.bin"], fallthrough = true },
  { type = "CompiledWasm", globs = ["**/*.so", "**/*.wasm"], fallthrough = true },
]
images = { binding = "IMAGES" }
r2_buckets = [{ binding = "MEDIA", bucket_name = "probe" }]
durable_objects = { bindings = [{ name = "TASKS", class_name = "Tasks" }] }

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Tasks"]
"""
PLAIN = {"accept-encoding": "identity"}  # wrangler's proxy would compress


@dataclass(frozen=True, slots=True)
class Probe:
    """Where it answers."""

    url: str

    def post(self, path: str, content: bytes = b"", **query: str) -> httpx.Response:
        """Hand it bytes."""
        return httpx.post(
            f"{self.url}/{path}", content=content, params=query, headers=PLAIN, timeout=60
        )


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    """`probe_worker.py` under `wrangler dev`, started as `[env.local]` starts the real entry."""
    where = tmp_path_factory.mktemp("probe")
    shutil.copytree(ROOT / "src/darkroom", where / "src/darkroom")
    shutil.copy(ENTRY, where / "src/entry.py")
    (where / "local").mkdir()
    for name in ("ai.js", "bootstrap.js", "python.js"):
        shutil.copy(ROOT / "local" / name, where / "local")
    for name in ("node_modules", "python_modules"):
        (where / name).symlink_to((ROOT / name).resolve())
    pack(where / "build/worker.zip", (ROOT / "python_modules", where / "src"))
    (where / "build/snapshot.bin").write_bytes(b"")
    (where / "wrangler.toml").write_text(CONFIG, "utf-8")
    url = f"http://{HOST}:{(port := free_port())}"
    command = ["wrangler", "dev", "--config", str(where / "wrangler.toml"), "--ip", HOST]
    command += ["--port", str(port), "--inspector-port", "0"]
    command += ["--persist-to", str(where / "state"), "--show-interactive-dev-session=false"]
    process = Process("the probe", command, where / "probe.log", wrangler_environment())
    try:
        process.wait_until(lambda: answers(f"{url}/alive"), START_LIMIT_S)
        yield Probe(url)
    finally:
        process.stop()
