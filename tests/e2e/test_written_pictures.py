"""Large pictures in JSON, as writers of JSON put them, through Cloudflare's own runtime."""

import base64
import io
import json
import random
from collections.abc import Callable, Mapping

import pytest
from PIL import Image

from tests.e2e.sdk import body_sent_to, forget, web
from tests.e2e.stack import Stack
from tests.support.pictures import digest, digests_in

SIDE = 360
TOKEN = {"authorization": "Bearer gitee:good-written", "content-type": "application/json"}


def noise() -> bytes:
    """A PNG of about 390 kB, which is too large to be read in Python."""
    file = io.BytesIO()
    pixels = random.Random(5).randbytes(SIDE * SIDE * 3)
    Image.frombytes("RGB", (SIDE, SIDE), pixels).save(file, "PNG")
    return file.getvalue()


def quoted(text: str) -> str:
    return json.dumps(text)


WRITERS: Mapping[str, Callable[[bytes], str]] = {
    "Python": lambda data: quoted(base64.b64encode(data).decode()),
    "PHP": lambda data: quoted(base64.b64encode(data).decode()).replace("/", "\\/"),
    ".NET": lambda data: quoted(base64.b64encode(data).decode()).replace("+", "\\u002B"),
    "MIME": lambda data: quoted(base64.encodebytes(data).decode()),
    "URLs": lambda data: quoted(base64.urlsafe_b64encode(data).decode().rstrip("=")),
    "PHP's data URL": lambda data: quoted(
        f"data:image/png;base64,{base64.b64encode(data).decode()}"
    ).replace("/", "\\/"),
    "a parameter": lambda data: quoted(
        f"data:image/png;charset=utf-8;base64,{base64.b64encode(data).decode()}"
    ),
    "two prefixes": lambda data: quoted(
        f"data:image/png;base64,data:image/png;base64,{base64.b64encode(data).decode()}"
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_large_picture_reaches_the_model_untouched_whoever_wrote_it(
    stack: Stack, writer: str
) -> None:
    data = noise()
    forget(stack, "gitee")
    fields = quoted("image") + ": " + WRITERS[writer](data)
    body = f'{{"model": "gitee/Qwen-Image-Edit", "prompt": "night", {fields}}}'
    reply = web().post(f"{stack.url}/v1/images/edits", content=body.encode(), headers=TOKEN)
    assert reply.status_code == 200, reply.text
    assert list(digests_in(body_sent_to(stack, "gitee"))) == [digest(data)]


def test_a_large_text_that_only_looks_like_base64_is_refused(stack: Stack) -> None:
    text = "A" * 300 + "\\u4f60" * 60_000
    body = f'{{"model": "gitee/Qwen-Image-Edit", "prompt": "night", "image": "{text}"}}'
    reply = web().post(f"{stack.url}/v1/images/edits", content=body.encode(), headers=TOKEN)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "image"
    assert web().get(f"{stack.url}/health").status_code == 200
