"""Chat streams that the runtime hands on."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.stage import API, TOKEN, settings_for
from local.instant_api import CHATS
from local.processes import Process, answers, free_port
from local.workerd import HOST, START_LIMIT_S, Bundle, running_workerd

DEADLINE_S = 2


@pytest.fixture(scope="module")
def url(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    upstream = f"http://{HOST}:{(upstream_port := free_port())}"
    command = [sys.executable, "-m", "local.instant", "--port", str(upstream_port)]
    log: Path = tmp_path_factory.mktemp("relayed") / "instant.log"
    instant = Process("the instant upstream", command, log)
    try:
        instant.wait_until(lambda: answers(f"{upstream}/_health"), START_LIMIT_S)
        settings = {**settings_for(upstream), "REQUEST_TIMEOUT_S": str(DEADLINE_S)}
        with running_workerd(bundle, port := free_port(), settings):
            yield f"http://{HOST}:{port}"
    finally:
        instant.stop()


def stream(url: str, events: int, interval_s: float) -> list[str]:
    words = [{"role": "user", "content": f"hello [[progress:{events}:{interval_s}]]"}]
    reply = httpx.post(
        f"{url}/v1/chat/completions",
        headers={"authorization": f"Bearer {TOKEN}"},
        json={"model": f"{API}/{CHATS}", "messages": words, "stream": True},
        timeout=60,
    )
    assert reply.headers["content-type"].startswith("text/event-stream")
    return [line.removeprefix("data: ") for line in reply.text.splitlines() if "data: " in line]


def test_a_stream_arrives_whole(url: str) -> None:
    lines = stream(url, 50, 0)
    assert len(lines) > 50
    assert lines[-1] == "[DONE]"


@pytest.mark.parametrize("interval_s", [0.4, 60], ids=["in its midst", "before its first event"])
def test_a_stream_that_takes_too_long_ends_with_an_error_event(url: str, interval_s: float) -> None:
    lines = stream(url, 20, interval_s)
    assert len(lines) < 20
    assert json.loads(lines[-1])["error"]["code"] == "deadline_exceeded"
