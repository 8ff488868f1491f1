"""The Worker in workerd, as `make dev` runs it, before the stand-in Spaces."""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from local.fold import fold
from local.processes import free_port, free_ports
from local.stack import Plan, running
from local.workerd import Bundle, build_bundle, find_bundle
from tests.support.spaces import Spaces

# Enough for a burst of streams to be painted side by side, but for one Space that has a queue.
CONCURRENCY = "100"
QUEUEING = "aidc-ai-ovis-image-7b"
ADMIN_KEY = "dk_administrator-of-the-stack"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running Darkroom."""

    url: str
    spaces: Spaces
    worker_log: Path
    worker_pid: int
    apis: Mapping[str, str]

    def health(self) -> dict[str, object]:
        """What the Worker says of itself."""
        report: dict[str, object] = httpx.get(f"{self.url}/health", timeout=30).json()
        return report


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Darkroom and its stand-ins on ports of their own."""
    where = tmp_path_factory.mktemp("stack")
    fold(where / "public", beside=True)
    plan = Plan(
        port=free_port(),
        upstream_port=free_ports(16),
        state=where / "state",
        logs=where,
        assets=where / "public",
        spaces=("--concurrency", CONCURRENCY, "--single", QUEUEING, "--step-seconds", "0.02"),
        apis=("--poll-steps", "1", "--step-seconds", "0.02"),
        vars={
            # The order of `auto` is learned from what other tests have done to its models.
            "DEFAULT_MODEL": "z-image-turbo",
            "DEFAULT_EDIT_MODEL": "qwen-image-edit",
            "REQUEST_TIMEOUT_S": "60",
            "ADMIN_KEYS": hashlib.sha256(ADMIN_KEY.encode()).hexdigest(),
        },
    )
    with running(plan) as (*_, worker):
        spaces = Spaces(plan.spaces_url, plan.gradio)
        yield Stack(plan.url, spaces, worker.log, worker.pid, plan.api_urls)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """What wrangler makes of the Worker, for tests that start `workerd` by itself.

    The workers of pytest-xdist share one: who comes first makes it.
    """
    own = tmp_path_factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "bundle"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_there = any(place.glob("*.js"))
        return find_bundle(place) if is_there else build_bundle(place)


@pytest.fixture
def openai(stack: Stack) -> Iterator[OpenAI]:
    """OpenAI's own client, pointed at Darkroom."""
    with OpenAI(base_url=f"{stack.url}/v1", api_key="not-needed") as client:
        yield client
