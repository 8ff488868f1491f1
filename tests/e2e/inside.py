"""A Worker that reports on Darkroom from inside its isolate, and how tests start it."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.stage import settings_for
from local.pack import repacked
from local.processes import Process, answers, free_port
from local.workerd import HOST, START_LIMIT_S, Bundle, running_workerd

ROOT = Path(__file__).parents[2]
ENTRY = "tests/e2e/inside_worker/entry.py"
MODULES = (
    "tests/e2e/inside_worker/imports.py",
    "tests/e2e/inside_worker/work.py",
    *(f"tests/support/{name}.py" for name in ("fakes", "odd", "odd_readers", "odd_upstreams")),
)


@dataclass(frozen=True, slots=True)
class Inside:
    """Where it answers."""

    url: str

    def ask(self, path: str, **query: object) -> Any:
        """A report."""
        reply = httpx.get(f"{self.url}/inside/{path}", params=query, timeout=300)  # type: ignore[arg-type]
        assert reply.status_code == 200, reply.text[:500]
        return reply.json()

    @property
    def is_healthy(self) -> bool:
        """Whether the Worker answers at all."""
        return httpx.get(f"{self.url}/health", timeout=60).status_code == 200


@pytest.fixture(scope="session")
def inside(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """Darkroom in workerd, with `inside_worker` around it."""
    where = tmp_path_factory.mktemp("inside")
    sources = where / "src"
    shutil.copytree(ROOT / "src/darkroom", sources / "darkroom")
    shutil.copy(ROOT / "src/entry.py", sources / "worker_entry.py")
    shutil.copy(ROOT / ENTRY, sources / "entry.py")
    for name in MODULES:
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, sources / name)
    own = repacked(bundle, where / "bundle", (ROOT / "python_modules", sources))
    upstream = f"http://{HOST}:{(upstream_port := free_port())}"
    command = [sys.executable, "-m", "local.instant", "--port", str(upstream_port)]
    instant = Process("the instant upstream", command, where / "instant.log")
    try:
        instant.wait_until(lambda: answers(f"{upstream}/_health"), START_LIMIT_S)
        port = free_port()
        with running_workerd(own, port, settings_for(upstream)):
            yield Inside(f"http://{HOST}:{port}")
    finally:
        instant.stop()
