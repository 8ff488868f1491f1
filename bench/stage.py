"""The stage of the measurements: Darkroom in workerd, and the instant upstreams behind it."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.usage import processor_s
from local.instant_api import CHATS, PICTURES, WAITING
from local.processes import Process, answers, free_port
from local.workerd import HOST, Bundle, running_workerd

START_LIMIT_S = 20.0
MODEL = "flux-1-schnell"
SUBDOMAIN = "black-forest-labs-flux-1-schnell"
API = "instant"  # the channel of the OpenAI-compatible API, its models behind a slash
TOKEN = f"{API}:a-callers-own"

# Production gives an isolate 128 MB for V8's heap and Wasm's memory together, and Python takes
# some 45 of them. Unbounded, V8 lets garbage pile up until the machine's memory is a matter.
V8_FLAGS = ("--max-heap-size=80",)


@dataclass(frozen=True, slots=True)
class Stage:
    """The addresses and processes of both."""

    darkroom: str
    instant: str
    workerd_pid: int
    instant_pid: int

    @property
    def space(self) -> str:
        """Where the Space of the measured model answers."""
        return f"{self.instant}/spaces/{SUBDOMAIN}"

    def processor_s(self) -> Mapping[str, float]:
        """The processor time that each of the three parties has used so far."""
        pids = {"client": os.getpid(), "workerd": self.workerd_pid, "space": self.instant_pid}
        return {name: processor_s(pid) for name, pid in pids.items()}


class Effort:
    """How busy each party was while something ran."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._used_s = dict.fromkeys(stage.processor_s(), 0.0)
        self.elapsed_s = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what happens in the block; several blocks add up."""
        before, began = self._stage.processor_s(), time.monotonic()
        yield
        self.elapsed_s += time.monotonic() - began
        for party, used_s in self._stage.processor_s().items():
            self._used_s[party] += used_s - before[party]

    def shares(self) -> dict[str, float]:
        """The share of one core that each party kept busy, on average."""
        return {party: used_s / self.elapsed_s for party, used_s in self._used_s.items()}


def settings_for(instant: str, others: Mapping[str, str] | None = None) -> dict[str, str]:
    """The settings by which Darkroom asks the instant upstreams, and others by their channel."""
    models = [
        {"id": model, "operations": ["generate", "edit"], "mask": True}
        for model in (*PICTURES, WAITING)
    ]
    channels = [
        {
            "id": channel,
            "api_url": f"{url}/v1",
            "edits_endpoint": "/images/edits",
            "models": models,
            "chat_models": [CHATS],
        }
        for channel, url in {API: instant, **(others or {})}.items()
    ]
    return {
        "HUGGINGFACE_SPACE_URL": f"{instant}/spaces/{{subdomain}}",
        "CHANNELS": json.dumps(channels),
        "TASK_SECRET": "t" * 32,
    }


@contextmanager
def staged(
    bundle: Bundle,
    settings_of: Callable[[str], Mapping[str, str]] = settings_for,
    inspector_port: int | None = None,
) -> Iterator[Stage]:
    """Start both afresh, and stop them afterwards; raises `StartFailed`.

    `settings_of` makes the Worker's settings of the upstreams' address. V8's inspector listens at
    `inspector_port`, if one is named.
    """
    instant = f"http://{HOST}:{(instant_port := free_port())}"
    command = [sys.executable, "-m", "local.instant", "--port", str(instant_port)]
    space = Process("the instant Space", command, Path("build/logs/instant.log"))
    try:
        space.wait_until(lambda: answers(f"{instant}/_health"), START_LIMIT_S)
        port = free_port()
        settings = settings_of(instant)
        with running_workerd(bundle, port, settings, V8_FLAGS, inspector_port) as workerd:
            yield Stage(f"http://{HOST}:{port}", instant, workerd.pid, space.pid)
    finally:
        space.stop()
