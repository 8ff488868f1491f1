"""The requests that all peers are sent, in OpenAI's own shape."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image

from bench.peers.load import Request
from local.http_server import noise_png
from local.instant_api import CHATS, PICTURES, WAITING

BOUNDARY = "bench-boundary"
JSON = {"content-type": "application/json"}
STREAM_EVENTS = 200

# A model's name as a peer has it.
Named = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of request, and how many callers send it at once."""

    about: str
    callers: int
    make: Callable[[Named], Request]


def generation(model: str) -> Request:
    """Have a picture made."""
    body = {"model": model, "prompt": "a cat", "response_format": "b64_json"}
    return Request("/v1/images/generations", JSON, json.dumps(body).encode())


def chat(model: str, events: int, interval_s: float) -> Request:
    """Have so many words streamed."""
    words = [{"role": "user", "content": f"hello [[progress:{events}:{interval_s}]]"}]
    body = {"model": model, "messages": words, "stream": True}
    return Request("/v1/chat/completions", JSON, json.dumps(body).encode())


def masked_edit(model: str) -> Request:
    """Have the left half of a picture of 4 MB painted anew."""
    side = PICTURES["large"]
    mask = Image.new("RGBA", (side, side), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, side // 2, side))
    file = io.BytesIO()
    mask.save(file, "PNG")
    body = _form(
        {"model": model, "prompt": "a cat", "response_format": "b64_json"},
        {"image": noise_png(side), "mask": file.getvalue()},
    )
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return Request("/v1/images/edits", {"content-type": kind}, body)


def waiting(model: Named) -> Request:
    """Have a picture made that takes long."""
    return generation(model(WAITING))


def slow_chat(model: Named) -> Request:
    """Have words streamed for long."""
    return chat(model(CHATS), 500, 0.01)


def _form(fields: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, content in files.items():
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; '
        head += f'filename="{name}.png"\r\nContent-Type: image/png\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


CASES: Mapping[str, Case] = {
    "alone": Case("small generation", 1, lambda named: generation(named("small"))),
    "small": Case("small generation", 8, lambda named: generation(named("small"))),
    "crowd": Case("small generation", 64, lambda named: generation(named("small"))),
    "large": Case("generation of 4 MB", 8, lambda named: generation(named("large"))),
    "edit": Case("masked edit of 4 MB", 8, lambda named: masked_edit(named("small"))),
    "chat": Case(
        f"chat stream of {STREAM_EVENTS} events",
        8,
        lambda named: chat(named(CHATS), STREAM_EVENTS, 0.0),
    ),
}
