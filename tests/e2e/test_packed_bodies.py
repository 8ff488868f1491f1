"""Bodies with a `Content-Encoding`, before the real Worker."""

import base64
import gzip
import io
import json
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import httpx
import pytest

from local.http_server import noise_png
from tests.e2e.stack import Stack
from tests.support.probes import resident_mb

JSON = {"content-type": "application/json"}
GENERATIONS = "/v1/images/generations"
PICTURE = {"prompt": "a cat", "model": "flux-1-schnell", "size": "256x256"}
# A route of each dialect, its body, and the status of what the dialect does not take.
DIALECTS: dict[str, tuple[dict[str, Any], int]] = {
    GENERATIONS: (PICTURE, 400),
    "/v1/chat/completions": (
        {"model": "flux-1-schnell", "messages": [{"role": "user", "content": "a cat"}]}, 400,
    ),
    "/v1/responses": ({"model": "flux-1-schnell", "input": "a cat"}, 400),
    "/v1beta/models/flux-1-schnell:generateContent": (
        {"contents": [{"parts": [{"text": "a cat"}]}]}, 400,
    ),
    "/hf-inference/models/flux-1-schnell": ({"inputs": "a cat"}, 400),
    "/v2/image/flux/generate": ({"prompt": "a cat", "width": 256, "height": 256}, 422),
    "/sdapi/v1/txt2img": ({"prompt": "a cat", "width": 256, "height": 256}, 422),
    "/api/generate": ({"prompt": "a cat", "model": "flux-1-schnell"}, 400),
    "/api/format-prompt": ({"prompt": "a cat"}, 400),
}  # fmt: skip


def deflate(data: bytes) -> bytes:
    return zlib.compress(data)


@cache
def bomb(megabytes: int) -> bytes:
    """So many MB of spaces, as gzip, with honest JSON behind them."""
    pack, packed = zlib.compressobj(9, zlib.DEFLATED, 31), io.BytesIO()
    for _ in range(megabytes):
        packed.write(pack.compress(b" " * 1_000_000))
    packed.write(pack.compress(json.dumps(PICTURE).encode()) + pack.flush())
    return packed.getvalue()


def post(
    stack: Stack, path: str, content: bytes, coding: str, headers: Mapping[str, str] = JSON
) -> httpx.Response:
    packed = {**headers, "content-encoding": coding}
    return httpx.post(f"{stack.url}{path}", content=content, headers=packed, timeout=90)


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("GZIP", gzip.compress), ("x-gzip", gzip.compress),
     ("identity, gzip", gzip.compress), ("deflate", deflate), ("identity", bytes), ("", bytes)],
)  # fmt: skip
def test_a_packed_body_is_read(stack: Stack, coding: str, pack: Callable[[bytes], bytes]) -> None:
    reply = post(stack, GENERATIONS, pack(json.dumps(PICTURE).encode()), coding)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("path", DIALECTS)
def test_every_dialect_reads_packed_bodies(stack: Stack, path: str) -> None:
    reply = post(stack, path, gzip.compress(json.dumps(DIALECTS[path][0]).encode()), "gzip")
    assert reply.status_code == 200, reply.text[:500]


@pytest.mark.parametrize("packed", [True, False])
def test_forms_and_large_pictures_are_unpacked_too(stack: Stack, packed: bool) -> None:
    picture = noise_png(1024)
    form = httpx.Request(
        "POST", stack.url, data={"prompt": "a cat", "model": "qwen-image-edit"},
        files={"image": ("a.png", picture, "image/png")},
    )  # fmt: skip
    document = {
        "model": "qwen-image-edit", "prompt": "a cat",
        "image": base64.b64encode(picture).decode(),
    }  # fmt: skip
    bodies = [
        ({"content-type": form.headers["content-type"]}, form.read()),
        (JSON, json.dumps(document).encode()),
    ]
    for headers, content in bodies:
        sent, coding = (gzip.compress(content), "gzip") if packed else (content, "identity")
        reply = post(stack, "/v1/images/edits", sent, coding, headers)
        assert reply.status_code == 200, reply.text[:500]


def test_a_packed_request_runs_in_the_background_and_again_by_its_key(stack: Stack) -> None:
    body = gzip.compress(json.dumps({**PICTURE, "async": True}).encode())
    task = post(stack, GENERATIONS, body, "gzip")
    assert task.status_code == 202, task.text
    done = httpx.get(f"{stack.url}/v1/tasks/{task.json()['id']}?wait=30", timeout=60).json()
    assert done["status"] == "completed", done
    headers = {**JSON, "idempotency-key": "packed", "authorization": "Bearer hf:hf_good"}
    plain = json.dumps(PICTURE).encode()
    first = post(stack, GENERATIONS, gzip.compress(plain), "gzip", headers)
    again = post(stack, GENERATIONS, plain, "identity", headers)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content


@pytest.mark.parametrize("path", DIALECTS)
def test_a_bomb_stops_at_the_limit_of_the_body(stack: Stack, path: str) -> None:
    before = resident_mb(stack.worker_pid)
    reply = post(stack, path, bomb(1_000), "gzip")
    assert reply.status_code == 413, reply.text[:500]
    assert "once it is unpacked" in reply.text
    assert resident_mb(stack.worker_pid) - before < 100
    assert post(stack, path, b"{}", "identity").status_code < 500


@pytest.mark.parametrize(
    "content",
    [b"{}", gzip.compress(b"{}")[:-3], gzip.compress(b"{}") + b"more", b"\x1f", deflate(b"{}"), b"",
     b"no gzip" * 500_000],
    ids=["plain", "broken off", "more", "one byte", "deflate", "empty", "large"],
)  # fmt: skip
def test_a_body_that_does_not_match_its_content_encoding_is_refused(
    stack: Stack, content: bytes
) -> None:
    reply = post(stack, GENERATIONS, content, "gzip")
    assert reply.status_code == 400, reply.text
    if content:
        error = reply.json()["error"]
        assert error["code"] == "invalid_encoding"
        assert "not packed by gzip" in error["message"]


@pytest.mark.parametrize("path", DIALECTS)
def test_another_coding_is_refused_by_its_name(stack: Stack, path: str) -> None:
    reply = post(stack, path, b"{}", "br")
    assert reply.status_code == 415, reply.text
    assert "content-encoding: br is not read here; send gzip, deflate" in reply.text
    assert reply.headers["accept-encoding"] == "gzip, deflate"
