"""What an operator sees of a Worker in workerd: readiness, metrics and the log."""

import json
from typing import Any

import httpx

from tests.e2e.stack import ADMIN_KEY, Stack
from tests.support.spaces import eventually

WORDS = "a prompt that nobody should read in a log"


def paint(stack: Stack) -> httpx.Response:
    body = {"model": "flux-1-schnell", "prompt": WORDS, "size": "1:1"}
    return httpx.post(f"{stack.url}/v1/images/generations", json=body, timeout=60)


def test_every_binding_of_a_worker_answers(stack: Stack) -> None:
    reply = httpx.get(f"{stack.url}/ready", timeout=30)
    assert reply.status_code == 200, reply.text
    names = {"MEDIA", "DB", "COOLDOWNS", "BOARDS", "TASKS", "IDEMPOTENCY"}
    assert reply.json()["bindings"] == dict.fromkeys(names, "ok")


def test_metrics_are_read_with_an_admin_key_alone(stack: Stack) -> None:
    assert paint(stack).status_code == 200
    assert httpx.get(f"{stack.url}/metrics", timeout=30).status_code == 401
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    reply = httpx.get(f"{stack.url}/metrics", headers=headers, timeout=30)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'gen_ai_request_model="flux-1-schnell"' in reply.text
    assert WORDS not in reply.text


def test_a_request_is_one_line_in_the_log_of_workerd(stack: Stack) -> None:
    reply = paint(stack)
    request_id = reply.headers["x-request-id"]

    def line() -> Any:
        lines = stack.worker_log.read_text("utf-8").splitlines()
        return next((each for each in lines if request_id in each), None)

    told = json.loads(eventually(line))
    assert (told["outcome"], told["model"], told["pictures"]) == ("completed", "flux-1-schnell", 1)
    assert stack.health()["bindings"]["ANALYTICS"] is True  # type: ignore[index]
    assert WORDS not in stack.worker_log.read_text("utf-8")
