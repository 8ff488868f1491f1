"""A Worker in workerd whose upstreams are hostile, as tests ask it and watch it."""

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.processes import Process, free_port
from local.workerd import Bundle, running_workerd
from tests.support.hostile import Hostile, running_hostile
from tests.support.probes import cpu_clock, probing

DEADLINE_S = 8
# The end of the deadline may be late where two cores are shared with everything else.
LATE_S = 6
LONGEST_BLOCK_S = 2.0
CALLERS_TOKEN = "hf_CALLERSECRET1234"
OPERATORS_TOKEN = "hf_OPERATORSECRETTOKEN1234"
GATEWAY_KEY = "dk_key-of-the-hostile-tests"
OPERATORS_KEY = {"authorization": f"Bearer {GATEWAY_KEY}"}
IMAGES = "/v1/images/generations"
CHAT = "/v1/chat/completions"

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Model:
    """A model, and the beginning of a credential for it; empty where it needs none."""

    name: str
    token: str = ""

    def bearer(self) -> Mapping[str, str]:
        """A header with a credential that was never used: what an attack does to it stays there."""
        if not self.token:
            return {}
        return {"authorization": f"Bearer {self.token}{next(_numbers):06}"}


SPACE = Model("ovis-image")
OTHER_SPACE = Model("flux-1-schnell")
GITEE = Model("gitee/z-image-turbo", "gitee:token")
MODELSCOPE = Model("ms/Tongyi-MAI/Z-Image-Turbo", "ms:token")
BFL = Model("bfl/flux-2-pro", "bfl:token")
QWEN_TASK = Model("qwen/qwen-image", "qwen:token")
QWEN = Model("qwen/qwen-image-plus", "qwen:token")
SILICONFLOW = Model("siliconflow/Qwen/Qwen-Image", "siliconflow:token")
OPENAI = Model("openai/gpt-image-2", "openai:token")
A1111 = Model("a1111/default")
GEMINI = Model("gemini/gemini-2.5-flash-image", "gemini:token")
A4F = Model("a4f/provider-4/imagen-4", "a4f:token")
POLLINATIONS = Model("pollinations/flux", "pollinations:token")
HF_INFERENCE = Model("hf-inference/black-forest-labs/FLUX.1-schnell", "hf-inference:token")
STUDIO = Model("studio/z-image")
TALKER = Model("deepseek/deepseek-chat", "deepseek:token")
PAINTERS = (
    SPACE, OTHER_SPACE, GITEE, MODELSCOPE, BFL, QWEN_TASK, QWEN, SILICONFLOW, OPENAI, A1111,
    GEMINI, A4F, POLLINATIONS,
)  # fmt: skip
# Those that name their pictures by addresses.
ADDRESSING = (SPACE, GITEE, MODELSCOPE, BFL, QWEN_TASK, QWEN, SILICONFLOW, A4F, POLLINATIONS)


@dataclass(slots=True)
class HostileStack:
    """The Worker and what it asks.

    After a test that failed the Worker is started anew, so that each test tells of itself alone.
    """

    hostile: Hostile
    bundle: Bundle
    port: int
    settings: Mapping[str, str]
    failures_seen: int = 0
    _worker: AbstractContextManager[Process] | None = None
    _clock: Callable[[], float] = time.process_time

    @property
    def url(self) -> str:
        """Where the Worker answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the Worker."""
        self._worker = running_workerd(self.bundle, self.port, self.settings)
        self._clock = cpu_clock(self._worker.__enter__().pid)

    def stop(self) -> None:
        """Stop the Worker, if it runs."""
        if self._worker is not None:
            self._worker.__exit__(None, None, None)

    @property
    def is_healthy(self) -> bool:
        """Whether the Worker answers at all."""
        try:
            return httpx.get(f"{self.url}/health", timeout=20).status_code == 200
        except httpx.HTTPError:
            return False

    def paint(
        self, model: Model, prompt: str, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        """Ask for a picture."""
        body = {"model": model.name, "prompt": prompt, **fields}
        return self.post(IMAGES, body, model.bearer() if headers is None else headers)

    def say(self, model: str, prompt: str, token: str, **fields: Any) -> httpx.Response:
        """Ask a text model."""
        messages = [{"role": "user", "content": prompt}]
        headers = Model(model, token).bearer()
        return self.post(CHAT, {"model": model, "messages": messages, **fields}, headers)

    def post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> httpx.Response:
        """Send JSON."""
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=90)

    def forget_signature(self, model: Model) -> None:
        """Have the Worker ask a Space's /config again: a failed job does that."""
        assert self.paint(model, "a lighthouse [[fail]]").status_code == 502

    @contextmanager
    def others_are_answered(self, longest_s: float = LONGEST_BLOCK_S) -> Iterator[None]:
        """Others ask meanwhile, and the Worker is at work for that long at most before it answers."""
        with probing(f"{self.url}/v1/tasks/none", 404, self._clock) as probes:
            yield
        assert probes.odd == []
        assert probes.longest_s < longest_s, f"blocked for {probes.longest_s:.1f} s"

    def assert_talks(self) -> None:
        """An honest chat succeeds, and the Worker is in health."""
        reply = self.say(TALKER.name, "hello", TALKER.token)
        assert reply.status_code == 200, reply.text[:500]
        assert reply.json()["choices"]
        assert self.is_healthy

    def assert_paints(self, model: Model) -> None:
        """An honest request succeeds, and the Worker is in health."""
        reply = self.paint(model, "a lighthouse", response_format="b64_json")
        assert reply.status_code == 200, reply.text[:500]
        assert reply.json()["data"][0]["b64_json"]
        assert self.is_healthy


@pytest.fixture(scope="session")
def hostile_stack(
    bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostileStack]:
    """Hostile upstreams, and a Worker before them that keeps no pictures."""
    where: Path = tmp_path_factory.mktemp("hostile")
    with running_hostile(where) as hostile:
        settings = {
            **hostile.settings,
            "POLL_DELAYS_S": "0.1",
            "REQUEST_TIMEOUT_S": str(DEADLINE_S),
            "PUBLIC_PROVIDERS": "a1111,studio",
            "GATEWAY_KEYS": hashlib.sha256(GATEWAY_KEY.encode()).hexdigest(),
            "HUGGINGFACE_TOKENS": OPERATORS_TOKEN,
            "GITEE_TOKENS": OPERATORS_TOKEN,
        }
        stack = HostileStack(hostile, bundle, free_port(), settings)
        stack.start()
        yield stack
        stack.stop()


@pytest.fixture
def gateway(hostile_stack: HostileStack, request: pytest.FixtureRequest) -> HostileStack:
    """The Worker, in health, and empty logs."""
    if hostile_stack.failures_seen < request.session.testsfailed:
        hostile_stack.failures_seen = request.session.testsfailed
        hostile_stack.stop()
        hostile_stack.start()
    hostile_stack.hostile.forget()
    return hostile_stack


def assert_refused(reply: httpx.Response) -> None:
    """A failure that is told in JSON, and is not the gateway's own."""
    assert 400 <= reply.status_code <= 599, (reply.status_code, reply.text[:300])
    error = reply.json()["error"]
    assert error["code"] and error["message"]
    assert reply.status_code != 500 and error["code"] != "internal_error", reply.text[:500]
    assert len(error["message"]) < 2_000


def assert_answered(reply: httpx.Response) -> None:
    """A picture, or a failure as `assert_refused` has it."""
    if reply.status_code == 200:
        parse_strictly(reply.text)
    else:
        assert_refused(reply)


def parse_strictly(text: str) -> Any:
    """JSON without the numbers that are Python's alone."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


@contextmanager
def ends_within(limit_s: float) -> Iterator[None]:
    """What is done here takes no longer than that."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < limit_s
