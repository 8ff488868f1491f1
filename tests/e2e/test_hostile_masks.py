"""Masks of 100 KB that are much work to read: others are answered meanwhile, and all is well after.

Each request is timed, and so is the slowest of the probes that were sent while it ran; `pytest -rP`
shows the figures. Before there were pauses and limits, a probe waited up to 75 s.
"""

import time
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from itertools import product

import httpx
import pytest

from darkroom.png import Colours
from tests.e2e.stack import Stack
from tests.support.masks import busy_png
from tests.support.pictures import picture
from tests.support.probes import cpu_clock, probing
from tests.support.slow import slow_but

AVERAGE, PAETH = 3, 4
LONGEST_PROBE_S = 1.0  # of the Worker's CPU
LONGEST_REQUEST_S = 20.0

Send = Callable[[Stack, tuple[int, int], bytes], httpx.Response]


@cache
def mask_of(width: int, height: int, kind: int, colours: Colours) -> bytes:
    return busy_png(width, height, kind, colours)


@cache
def source_of(width: int, height: int) -> bytes:
    return picture(size=(width, height))


def edit(
    stack: Stack, model: str, token: str, size: tuple[int, int], mask: bytes
) -> httpx.Response:
    return httpx.post(
        f"{stack.url}/v1/images/edits",
        data={"model": model, "prompt": "make it night", "response_format": "b64_json"},
        files={"image": ("a.png", source_of(*size)), "mask": ("m.png", mask)},
        headers={"authorization": f"Bearer {token}"},
        timeout=120,
    )


def img2img(stack: Stack, model: str, size: tuple[int, int], mask: bytes) -> httpx.Response:
    body = {
        "prompt": "make it night",
        "init_images": [b64encode(source_of(*size)).decode()],
        "mask": b64encode(mask).decode(),
        "override_settings": {"sd_model_checkpoint": model},
    }
    return httpx.post(f"{stack.url}/sdapi/v1/img2img", json=body, timeout=120)


REQUESTED: dict[str, Send] = {
    "openai": lambda stack, size, mask: edit(
        stack, "openai/gpt-image-2", "openai:good-mask", size, mask
    ),
    "bfl": lambda stack, size, mask: edit(
        stack, "bfl/flux-pro-1.0-fill", "bfl:good-mask", size, mask
    ),
    "a1111": lambda stack, size, mask: img2img(stack, "a1111/default", size, mask),
    "no masks": lambda stack, size, mask: img2img(stack, "qwen-image-edit", size, mask),
}
REFUSED = "too much fine detail"


SIZES = {
    (1024, 1024): "",
    (2048, 2048): REFUSED,
    (4096, 2048): REFUSED,
    (4096, 4096): "more than 8388608 pixels",
}
USUAL = {
    ("bfl", (4096, 4096), PAETH),
    *((requested, (1024, 1024), PAETH) for requested in REQUESTED),
    ("a1111", (4096, 2048), AVERAGE),
}


@pytest.mark.parametrize(
    ("requested", "size", "kind"), slow_but(USUAL, product(REQUESTED, SIZES, (AVERAGE, PAETH)))
)
def test_others_are_answered_while_a_mask_is_read(
    stack: Stack, requested: str, size: tuple[int, int], kind: int
) -> None:
    says = SIZES[size]
    # One by alpha is sent to OpenAI as it is.
    mask = mask_of(*size, kind, Colours.RGB if requested == "openai" else Colours.RGBA)
    clock = cpu_clock(stack.worker_pid)
    with probing(f"{stack.url}/v1/tasks/none", 404, clock) as probes:
        began = time.perf_counter()
        reply = REQUESTED[requested](stack, size, mask)
        took_s = time.perf_counter() - began
    print(
        f"{requested} {size[0]}x{size[1]} of {len(mask) // 1024} KB: {reply.status_code} after "
        f"{took_s:.2f} s, longest probe {probes.longest_s:.2f} s"
    )
    if requested == "no masks":
        assert (reply.status_code, "takes no mask" in reply.text) == (400, True), reply.text
    else:
        assert reply.status_code == (400 if says else 200), reply.text[:300]
        assert says in reply.text
    assert probes.odd == []
    assert probes.longest_s < LONGEST_PROBE_S
    assert took_s < LONGEST_REQUEST_S
    assert stack.health()["status"] == "ok"
