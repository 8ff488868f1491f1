"""The stand-in Spaces, as tests steer and question them."""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.processes import answers, free_port
from local.stack import Plan, start_spaces

WAIT_LIMIT_S = 20.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Spaces:
    """A running server of stand-in Spaces."""

    url: str
    gradio: str

    @property
    def space_url(self) -> str:
        """The setting that leads a gateway here."""
        return f"{self.url}/spaces/{{subdomain}}"

    @contextmanager
    def mode(self, space: str, mode: str) -> Iterator[None]:
        """Let a Space misbehave for a while."""
        self._set(space, mode)
        try:
            yield
        finally:
            self._set(space, "ok")

    def log(self, path_ending: str = "", **matching: Any) -> list[dict[str, Any]]:
        """The requests that the Spaces saw, those alone that match."""
        entries: list[dict[str, Any]] = httpx.get(f"{self.url}/_log", timeout=30).json()
        return [
            entry
            for entry in entries
            if entry["path"].endswith(path_ending)
            and all(entry[name] == value for name, value in matching.items())
        ]

    def forget(self) -> None:
        """Empty the log."""
        httpx.delete(f"{self.url}/_log", timeout=30).raise_for_status()

    def _set(self, space: str, mode: str) -> None:
        answer = httpx.post(f"{self.url}/_modes", json={"space": space, "mode": mode}, timeout=30)
        answer.raise_for_status()


@contextmanager
def running_spaces(gradio: str, logs: Path, *options: str) -> Iterator[Spaces]:
    """Stand-in Spaces on one generation of Gradio; skips the test where `make` left that out."""
    environment = Path(f".venv-{gradio}")
    if (environment / ".ready").exists() and not (environment / "bin/gradio").exists():
        name, version = gradio.replace("gradio", "Gradio "), platform.python_version()
        pytest.skip(f"{name} left out: cannot be installed on Python {version}")
    plan = Plan(
        port=0,
        upstream_port=free_port(),
        gradio=gradio,
        state=logs,
        logs=logs,
        spaces=options,
    )
    process = start_spaces(plan)
    try:
        process.wait_until(lambda: answers(f"{plan.spaces_url}/_health"), 60)
        yield Spaces(plan.spaces_url, gradio)
    finally:
        process.stop()


def eventually(condition: Callable[[], Any], limit_s: float = WAIT_LIMIT_S) -> Any:
    """Wait until a condition holds, and return what it gave; raises when it never does."""
    until = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"did not happen within {limit_s:.0f} s: {condition}")
        time.sleep(POLL_S)
    return value
