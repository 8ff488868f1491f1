"""Requests that were made to keep the Worker busy: others are answered meanwhile."""

import base64
import struct
import zlib
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack
from tests.support.probes import cpu_clock, probing
from tests.support.relay import png

LONGEST_PROBE_S = 2.0  # of the Worker's CPU; it was tens of seconds before
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


@pytest.mark.parametrize("name", HOSTILE)
def test_others_are_answered_while_a_hostile_request_is_at_work(stack: Stack, name: str) -> None:
    path, body, status = HOSTILE[name]
    stack.health()  # the Worker has started
    clock = cpu_clock(stack.worker_pid)
    with probing(f"{stack.url}/v1/tasks/nobody", 404, clock) as probes:
        reply = httpx.post(f"{stack.url}{path}", json=body, timeout=120)
    assert reply.status_code == status, reply.text[:300]
    assert len(reply.content) < 4 * 1024 * 1024
    assert probes.odd == []
    assert probes.longest_s < LONGEST_PROBE_S
    assert stack.health()["status"] == "ok"
