"""A deployment that nothing is bound to."""

import base64
import io
import json

import httpx
from PIL import Image

from local.processes import free_port
from local.workerd import Bundle, running_workerd
from tests.e2e.stack import Stack

LONGEST_LINE_BYTES = 64 * 1024


def test_a_painted_chat_streams_a_picture_that_nothing_can_keep_in_short_lines(
    stack: Stack, bundle: Bundle
) -> None:
    settings = {"HUGGINGFACE_SPACE_URL": stack.spaces.space_url}
    body = {
        "model": "Qwen/Qwen-Image",
        "messages": [{"role": "user", "content": "a lighthouse"}],
        "size": "1:1",
        "steps": 2,
        "stream": True,
    }
    port = free_port()
    with running_workerd(bundle, port, settings):
        reply = httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body, timeout=60)
    assert reply.status_code == 200, reply.text[:500]
    lines = reply.content.split(b"\n")
    assert max(map(len, lines)) <= LONGEST_LINE_BYTES
    chunks = [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    content = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    text = content.removeprefix("![picture](data:image/png;base64,").removesuffix(")")
    assert len(text) > LONGEST_LINE_BYTES
    data = base64.b64decode(text, validate=True)
    assert Image.open(io.BytesIO(data)).size == (1328, 1328)
