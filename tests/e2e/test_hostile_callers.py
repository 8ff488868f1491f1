"""Requests that were made to keep the Worker busy: others are answered meanwhile."""

import base64
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack
from tests.support.relay import png

PROBE_EACH_S = 0.05
LONGEST_PROBE_S = 2.0  # on a busy machine; it was tens of seconds before
LENGTH = 32_000


def with_texts(*chunks: tuple[bytes, bytes]) -> str:
    """A picture in base64 with chunks of text in it."""
    plain = png(8, 8)
    texts = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return base64.b64encode(plain[:33] + texts + plain[33:]).decode()


PACKED = zlib.compress(b"a" * 256_000)
HOSTILE: dict[str, tuple[str, dict[str, Any], int]] = {
    "a text in a picture": (
        "/sdapi/v1/png-info",
        {"image": with_texts((b"tEXt", b"parameters\0" + b"a" * LENGTH))},
        200,
    ),
    "800 packed texts in a picture": (
        "/sdapi/v1/png-info",
        {"image": with_texts(*((b"zTXt", b"key%d\0\0" % n + PACKED) for n in range(800)))},
        200,
    ),
    "an infotext": ("/sdapi/v1/txt2img", {"prompt": "a cat", "infotext": "a" * LENGTH}, 200),
    "a checkpoint's name": (
        "/sdapi/v1/txt2img",
        {"prompt": "a cat", "override_settings": {"sd_model_checkpoint": "a" + " " * LENGTH + "b"}},
        404,
    ),
    "a model's name": ("/v1/images/generations", {"prompt": "a cat", "model": "a-" * LENGTH}, 404),
    "a list of models": (
        "/v1/images/generations",
        {"prompt": "a cat", "model": ["z-image-turbo"] * 5_000},
        400,
    ),
    "many styles": (
        "/sdapi/v1/txt2img",
        {"prompt": "a cat", "styles": ["Photograph"] * 5_000},
        422,
    ),
}


@contextmanager
def probing(url: str) -> Iterator[list[float]]:
    """Ask another route again and again meanwhile; the seconds that each answer took."""
    took_s: list[float] = []
    ended = threading.Event()

    def probe() -> None:
        with httpx.Client(timeout=60) as client:
            while not ended.wait(PROBE_EACH_S):
                began = time.monotonic()
                assert client.get(f"{url}/v1/tasks/nobody").status_code == 404
                took_s.append(time.monotonic() - began)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield took_s
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("name", HOSTILE)
def test_others_are_answered_while_a_hostile_request_is_at_work(stack: Stack, name: str) -> None:
    path, body, status = HOSTILE[name]
    stack.health()  # the Worker has started
    with probing(stack.url) as took_s:
        reply = httpx.post(f"{stack.url}{path}", json=body, timeout=120)
        while not took_s:
            time.sleep(PROBE_EACH_S)
    assert reply.status_code == status, reply.text[:300]
    assert len(reply.content) < 4 * 1024 * 1024
    assert max(took_s) < LONGEST_PROBE_S
    assert stack.health()["status"] == "ok"
