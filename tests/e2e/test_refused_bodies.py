"""Requests that are refused before their body was read: the answer arrives behind `wrangler dev`.

A sender who writes all of the body before it reads learns most about a connection that is closed.
"""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from darkroom.memory_budget import CEILING_BYTES
from tests.e2e.probe import Probe
from tests.e2e.stack import Stack
from tests.support.slow import slow

MB = 1_000_000
FAR_TOO_LARGE = 100 * MB
GENERATIONS = "/v1/images/generations"
CHUNK = b"x" * MB
JSON = "content-type: application/json"


def answer_to(url: str, head: str, size: int, *, declared: bool, method: str = "POST") -> bytes:
    """What a sender of so many bytes finds in its socket once all of them are written."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}".rstrip("?")
    length = f"content-length: {size}" if declared else "transfer-encoding: chunked"
    lines = [f"{method} {path} HTTP/1.1", "host: darkroom", "connection: close", length]
    lines += [head] if head else []
    with socket.create_connection((parts.hostname or "", parts.port or 80), 60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        for _ in range(size // MB):
            connection.sendall(CHUNK if declared else b"%x\r\n%b\r\n" % (MB, CHUNK))
        if not declared:
            connection.sendall(b"0\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def status_and_code(answer: bytes) -> tuple[int, str]:
    """The status of an answer, and the code of the error that is its JSON."""
    head, _, body = answer.partition(b"\r\n\r\n")
    body = body[body.index(b"{") : body.rindex(b"}") + 1]  # it may have come in chunks
    return int(head.split()[1]), json.loads(body)["error"]["code"]


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("size", [*slow(30 * MB), FAR_TOO_LARGE])
@pytest.mark.parametrize(
    ("method", "path", "head", "status", "code"),
    [
        ("POST", GENERATIONS, JSON, 413, "body_too_large"),
        ("POST", GENERATIONS, f"{JSON}\r\norigin: https://foreign.example", 413, "body_too_large"),
        ("POST", GENERATIONS, "content-type: text/plain", 415, "unsupported_media_type"),
        ("POST", "/v1/nope", JSON, 404, "route_not_found"),
        ("PUT", GENERATIONS, JSON, 405, "method_not_allowed"),
    ],
)
def test_the_answer_arrives_however_large_the_body_is(
    stack: Stack,
    method: str,
    path: str,
    head: str,
    status: int,
    code: str,
    size: int,
    declared: bool,
) -> None:
    answer = answer_to(stack.url + path, head, size, declared=declared, method=method)
    assert status_and_code(answer) == (status, code)


@pytest.fixture
def large_file(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "large"
    with file.open("wb") as stream:
        stream.truncate(FAR_TOO_LARGE)
    yield file
    file.unlink()


@pytest.mark.parametrize("extra", [[], ["-H", "transfer-encoding: chunked"], ["-H", "expect:"]])
def test_curl_shows_the_answer(stack: Stack, large_file: Path, extra: list[str]) -> None:
    command = ["curl", "-sS", "-m", "60", "-H", JSON, *extra, "-w", "\n%{http_code}"]
    command += ["-T", str(large_file), "-X", "POST", stack.url + GENERATIONS]
    output = subprocess.run(command, capture_output=True, check=True).stdout
    body, _, status = output.rpartition(b"\n")
    assert (status, json.loads(body)["error"]["code"]) == (b"413", "body_too_large")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_past_its_limit_by_far_is_a_413(probe: Probe, declared: bool) -> None:
    url = f"{probe.url}/body?limit={MB}"
    assert b" 413 " in answer_to(url, "", FAR_TOO_LARGE, declared=declared)[:20]


@pytest.mark.parametrize("declared", [True, *slow(False)])
def test_a_body_for_which_no_memory_comes_free_is_a_503(probe: Probe, declared: bool) -> None:
    url = f"{probe.url}/body?taken={CEILING_BYTES}"
    assert b" 503 " in answer_to(url, "", FAR_TOO_LARGE // 2, declared=declared)[:20]
