"""Where a picture stands in the body of each endpoint that works on one."""

from collections.abc import Callable, Mapping
from typing import Any

EDITOR = "qwen-image-edit"

Place = Callable[[object], dict[str, Any]]


def _message(part: Mapping[str, Any], kind: str = "text") -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": kind, "text": "make it blue"}, part]}]


def _turn(data: object) -> list[dict[str, Any]]:
    parts = [{"text": "make it blue"}, {"inlineData": {"mimeType": "image/png", "data": data}}]
    return [{"role": "user", "parts": parts}]


# By path; `text` is a data URL, base64, or an address.
PLACES: Mapping[str, Place] = {
    "/v1/images/edits": lambda text: {"model": EDITOR, "prompt": "a", "image": text},
    "/v1/images/generations": lambda text: {"model": EDITOR, "prompt": "a", "images": [text]},
    "/v1/images/variations": lambda text: {"model": EDITOR, "image": text},
    "/v1/chat/completions": lambda text: {
        "model": EDITOR,
        "messages": _message({"type": "image_url", "image_url": {"url": text}}),
    },
    "/v1/responses": lambda text: {
        "model": EDITOR,
        "input": _message({"type": "input_image", "image_url": text}, "input_text"),
    },
    f"/v1beta/models/{EDITOR}:generateContent": lambda text: {"contents": _turn(text)},
    f"/v1beta/models/{EDITOR}:predict": lambda text: {
        "instances": [{"prompt": "a", "image": {"bytesBase64Encoded": text}}]
    },
    f"/hf-inference/models/{EDITOR}": lambda text: {"inputs": text, "parameters": {"prompt": "a"}},
    "/v2/image/qwen/edit": lambda text: {"prompt": "a", "image": text},
    "/v2/image/gpt-image/edit": lambda text: {"prompt": "a", "image": text},
    "/v2/image/flux/generate": lambda text: {"prompt": "a", "input_image": text},
    "/v2/image/realesrgan/upscale": lambda text: {"image_b64": text},
    "/sdapi/v1/img2img": lambda text: {"model": EDITOR, "prompt": "a", "init_images": [text]},
    "/api/qwen-image/edit-layer": lambda text: {"layer_image": text, "instruction": "red"},
    "/api/qwen-image/edit-multi": lambda text: {"images": [text, text], "instruction": "red"},
    "/api/qwen-image/decompose": lambda text: {"image": text, "prompt": "a", "layer_num": 2},
}
