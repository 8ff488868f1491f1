"""curl against the Worker: the wire itself, good input and bad."""

import json
import subprocess
import time
from typing import Any

import httpx
import pytest

from darkroom.settings import Settings
from tests.e2e.stack import Stack

GENERATIONS = "/v1/images/generations"


def curl(stack: Stack, path: str, *arguments: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    command = ["curl", "-s", "-i", "-m", "60", *arguments, f"{stack.url}{path}"]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    while output.startswith(b"HTTP/1.1 100"):
        output = output.partition(b"\r\n\r\n")[2]
    head, _, body = output.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {line.partition(":")[0].lower(): line.partition(": ")[2] for line in lines}
    return int(status.split()[1]), headers, body


def post(stack: Stack, body: object, *arguments: str) -> tuple[int, dict[str, str], bytes]:
    data = body if isinstance(body, str) else json.dumps(body)
    return curl(stack, GENERATIONS, "-H", "content-type: application/json", "-d", data, *arguments)


def error_of(body: bytes) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(body)["error"]
    assert isinstance(error["code"], str)
    assert isinstance(error["message"], str)
    assert "Traceback" not in error["message"]
    assert "<" not in error["message"]
    return error


def test_a_generation_answers_with_everything_it_promises(stack: Stack) -> None:
    status, headers, body = post(
        stack, {"prompt": "a cat", "model": "hf/flux-1-schnell", "seed": 3}
    )
    answer = json.loads(body)
    assert status == 200
    assert answer["data"][0]["seed"] == 3
    assert (answer["model"], answer["size"]) == ("flux-1-schnell", "1024x1024")
    assert answer["provider"] == headers["x-darkroom-provider"] == "huggingface"
    assert headers["x-darkroom-attempts"] == "1"
    assert headers["x-request-id"].startswith("req_")
    assert "total;dur=" in headers["server-timing"]
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/event-stream", "image/png"])
def test_a_stream_is_a_stream_whatever_the_caller_accepts(stack: Stack, accept: str) -> None:
    body = {"prompt": "a cat", "model": "flux-1-schnell", "stream": True, "size": "256x256"}
    status, headers, wire = post(stack, body, "-H", f"accept: {accept}")
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert wire.startswith(b"event: image_generation.progress\ndata: {")
    assert b"event: image_generation.completed\ndata: {" in wire
    assert wire.endswith(b"}\n\n")


def test_events_arrive_while_the_picture_is_painted(stack: Stack) -> None:
    body = {"prompt": "[[steps:60]]", "model": "flux-1-schnell", "stream": True, "size": "256x256"}
    command = ["curl", "-s", "-N", "-m", "60", "-d", json.dumps(body), f"{stack.url}{GENERATIONS}"]
    arrivals = []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"data:"):
                arrivals.append(time.monotonic())
    assert len(arrivals) > 10
    assert arrivals[-1] - arrivals[0] > 0.8, "60 steps of 20 ms each were not streamed"


def test_a_preview_stream_is_not_needed_for_an_answer(stack: Stack) -> None:
    status, _, body = post(
        stack, {"prompt": "a cat", "model": "flux-1-schnell", "partial_images": 0}
    )
    assert status == 200
    assert json.loads(body)["ignored"] == ["partial_images"]


@pytest.mark.parametrize(
    ("data", "code", "param"),
    [
        ("{", "invalid_json", None),
        ("", "invalid_json", None),
        ("[1, 2]", "invalid_json", None),
        ('"a cat"', "invalid_json", None),
        ("{}", "missing_required_parameter", "prompt"),
        ('{"prompt": 5}', "invalid_value", "prompt"),
        ('{"prompt": "x", "n": "many"}', "invalid_value", "n"),
        ('{"prompt": "x", "size": "big"}', "invalid_value", "size"),
        ('{"prompt": "x", "steps": 900}', "invalid_value", "steps"),
        ('{"prompt": "x", "quality": "ultra"}', "invalid_value", "quality"),
        ('{"prompt": "x", "seed": true}', "invalid_value", "seed"),
        ('{"prompt": "x", "stream": "maybe"}', "invalid_value", "stream"),
        (json.dumps({"prompt": "x" * 32_001}), "invalid_value", "prompt"),
    ],
)  # fmt: skip
def test_bad_input_is_a_400_in_json(stack: Stack, data: str, code: str, param: str | None) -> None:
    status, headers, body = post(stack, data)
    error = error_of(body)
    assert (status, error["code"], error["param"]) == (400, code, param)
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"].startswith("req_")


def test_a_body_over_the_limit_is_a_413(stack: Stack) -> None:
    big = json.dumps({"prompt": "x" * Settings().max_body_bytes})
    for extra in ([], ["-H", "transfer-encoding: chunked"]):
        command = ["curl", "-s", "-m", "60", "-w", "\n%{http_code}", *extra, "--data-binary", "@-"]
        output = subprocess.run(
            [*command, f"{stack.url}{GENERATIONS}"], input=big.encode(), capture_output=True, check=True
        ).stdout  # fmt: skip
        body, _, status = output.rpartition(b"\n")
        assert status == b"413"
        assert error_of(body)["code"] == "body_too_large"


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/nope", "/v3/nope", "/media/nothing.png", "/v1/images"]
)
def test_an_unknown_route_is_a_404_in_json(stack: Stack, path: str) -> None:
    status, _, body = curl(stack, path)
    assert status == 404
    error_of(body)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", GENERATIONS, "POST"), ("PUT", GENERATIONS, "POST"), ("POST", "/v1/models", "GET")],
)
def test_a_wrong_method_is_a_405_with_allow(
    stack: Stack, method: str, path: str, allow: str
) -> None:
    status, headers, body = curl(stack, path, "-X", method)
    assert status == 405
    assert allow in headers["allow"]
    assert error_of(body)["code"] == "method_not_allowed"


@pytest.mark.parametrize("spelling", ["Qwen/Qwen-Image", "Qwen%2FQwen-Image", "hf/Qwen/Qwen-Image"])
def test_a_model_with_a_slash_is_found(stack: Stack, spelling: str) -> None:
    status, _, body = curl(stack, f"/v1/models/{spelling}")
    row = json.loads(body)
    assert (status, row["id"], row["object"]) == (200, "Qwen/Qwen-Image", "model")
    assert row["capabilities"]["size"]["ratios"]["16:9"] == "1664x928"


def test_a_token_never_comes_back(stack: Stack) -> None:
    status, headers, body = post(
        stack, {"prompt": "[[error:token hf_verysecret1234 refused]]", "model": "flux-1-schnell"},
        "-H", "authorization: Bearer hf:hf_verysecret1234",
    )  # fmt: skip
    assert status == 502
    assert b"verysecret" not in body
    assert "verysecret" not in str(headers)
    assert "verysecret" not in stack.worker_log.read_text()


def test_health_is_alive_and_tells_its_bindings(stack: Stack) -> None:
    report = stack.health()
    assert report["status"] == "ok"
    names = ("MEDIA", "IMAGES", "COOLDOWNS", "BOARDS", "TASKS", "IDEMPOTENCY", "DB", "ANALYTICS", "BUDGET", "CALLER_RATE", "DEPLOYMENT_RATE", "AI")  # fmt: skip
    assert report["bindings"] == dict.fromkeys(names, True)
    assert report["breakers"] == {}


def test_the_page_is_served_with_its_policy(stack: Stack) -> None:
    page = httpx.get(stack.url, timeout=30)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    # Two policies, both of which are kept.
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "require-trusted-types-for 'script'" in page.headers["content-security-policy"]
    assert "<title>Darkroom" in page.text


def test_a_stream_without_events_is_kept_alive_by_a_heartbeat_comment(stack: Stack) -> None:
    body = {"prompt": "[[sleep:12]]", "model": "flux-1-schnell", "stream": True, "size": "256x256"}
    status, _, wire = post(stack, body)
    assert status == 200
    assert b"\n\n: still working\n\n" in wire
    assert b"image_generation.completed" in wire
