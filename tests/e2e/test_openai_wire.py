"""The image surface byte by byte, as clients of every kind depend on it."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from darkroom.settings import Settings
from darkroom.sse import EventReader
from tests.e2e.sdk import forget, sent_to, web
from tests.e2e.stack import Stack
from tests.support.pictures import left_white, opened, picture
from tests.support.slow import slow

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
PAGE = {"origin": "https://chat.example"}
BOTH = {"url", "b64_json"}


def send(
    stack: Stack, path: str, token: str = "", method: str = "POST", **request: Any
) -> httpx.Response:
    headers = {**PAGE, **request.pop("headers", {})}
    if token:
        headers["authorization"] = f"Bearer {token}"
    return web().request(method, f"{stack.url}{path}", headers=headers, timeout=60, **request)


def paint(stack: Stack, token: str = "", **fields: Any) -> httpx.Response:
    body = {"prompt": "a lighthouse", "model": "flux-1-schnell", **fields}
    return send(stack, GENERATIONS, token, json=body)


def painted(stack: Stack, token: str = "", **fields: Any) -> dict[str, Any]:
    reply = paint(stack, token, **fields)
    assert reply.status_code == 200, reply.text[:500]
    answer: dict[str, Any] = reply.json()
    return answer


def events_of(wire: bytes) -> list[tuple[str, dict[str, Any]]]:
    return [(event.type, json.loads(event.data)) for event in EventReader().feed(wire)]


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (None, BOTH), ("", BOTH), ("xml", BOTH), ("url", {"url"}), ("URL", {"url"}),
        ("b64_json", {"b64_json"}), ("B64_JSON", {"b64_json"}), ("base64", {"b64_json"}),
    ],
)  # fmt: skip
def test_any_response_format_is_taken_and_a_known_one_honoured(
    stack: Stack, value: str | None, fields: set[str]
) -> None:
    answer = painted(stack, response_format=value, size="256x256", steps=1)
    kept = {"expires_at"} if "url" in fields else set[str]()
    assert set(answer["data"][0]) == {*fields, *kept, "seed"}
    assert answer.get("ignored") == (["response_format"] if value == "xml" else None)


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-1.5", "openai/gpt-image-2"])
def test_a_gpt_image_id_without_response_format_is_answered_in_base64(
    stack: Stack, model: str
) -> None:
    token = "openai:good" if model.startswith("openai/") else ""
    (item,) = painted(stack, token, model=model)["data"]
    assert "url" not in item
    assert not item["b64_json"].startswith("data:")
    assert opened(item["b64_json"])


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("dall-e-2", "512x512"), ("dall-e-2", None), ("dall-e-3", "1792x1024"),
        ("gpt-image-1", "1024x1536"), ("gpt-image-1", "auto"),
    ],
)  # fmt: skip
def test_a_retired_id_paints_at_the_sizes_that_its_callers_know(
    stack: Stack, model: str, size: str | None
) -> None:
    answer = painted(stack, model=model, size=size, quality="standard", steps=1)
    assert answer["model"] == "z-image-turbo"
    assert answer["size"] == (size if size not in (None, "auto") else "1024x1024")


@pytest.mark.parametrize(
    ("size", "made"),
    [
        ("auto", "1024x1024"), ("1024X1024", "1024x1024"), ("1024*1024", "1024x1024"),
        ("1:1", "1024x1024"), ("2K", "2048x2048"), ("2k", "2048x2048"), ("", "1024x1024"),
        (" 512 x 768 ", "512x768"), ("16:9", "1376x768"), (None, "1024x1024"),
    ],
)  # fmt: skip
def test_a_size_in_any_spelling_is_painted(stack: Stack, size: str | None, made: str) -> None:
    answer = painted(stack, size=size, steps=1, response_format="b64_json")
    assert answer["size"] == made
    image = opened(answer["data"][0]["b64_json"])
    assert f"{image.width}x{image.height}" == made


@pytest.mark.parametrize(("n", "pictures"), [("1", 1), (1.0, 1), (None, 1), ("", 1), ("3", 3)])
def test_a_count_in_any_spelling_is_painted(stack: Stack, n: object, pictures: int) -> None:
    assert len(painted(stack, n=n, size="256x256", steps=1)["data"]) == pictures


def test_ten_pictures_are_painted_at_once(stack: Stack) -> None:
    answer = painted(stack, n=10, size="256x256", steps=1)
    assert len({item["seed"] for item in answer["data"]}) == 10


def test_an_edit_in_json_takes_its_pictures_and_mask_as_references(stack: Stack) -> None:
    forget(stack, "openai")
    source, mask = (
        {"image_url": f"data:image/png;base64,{base64.b64encode(content).decode()}"}
        for content in (picture(), left_white())
    )
    body = {"model": "openai/gpt-image-2", "prompt": "x", "images": [source, source], "mask": mask}
    reply = send(stack, EDITS, "openai:good", json=body)
    assert reply.status_code == 200, reply.text[:500]
    files = sent_to(stack, "openai")[0]["body"]["files"]
    assert [entry["name"] for entry in files] == ["image[]", "image[]", "mask"]


SECRET = "-secret-of-somebody"
# Each way to fail: the status, the code, and how it is brought about.
FAILURES: list[tuple[int, str, Mapping[str, Any]]] = [
    (400, "invalid_json", {"content": b"{", "type": "application/json"}),
    (400, "invalid_value", {"json": {"prompt": "x", "n": 11}}),
    (400, "invalid_value", {"json": {"prompt": "x", "n": 0}}),
    (400, "missing_required_parameter", {"json": {}}),
    (400, "missing_required_parameter", {"path": EDITS, "json": {"prompt": "x"}}),
    (400, "invalid_form", {"path": EDITS, "content": b"x", "type": "multipart/form-data"}),
    (400, "invalid_image_file", {"path": EDITS, "json": {"prompt": "x", "image": "bm8="}}),
    (400, "moderation_blocked", {"at": "openai/gpt-image-2", "prompt": "[[refuse]]"}),
    (400, "moderation_blocked", {"at": "gitee/z-image-turbo", "prompt": "[[refuse]]"}),
    (401, "missing_api_key", {"json": {"prompt": "x", "model": "openai/gpt-image-2"}}),
    (401, "invalid_api_key", {"at": "openai/gpt-image-2", "word": "bad"}),
    (401, "invalid_api_key", {"at": "bfl/flux-2-pro", "word": "bad"}),  # which says 403
    (401, "invalid_api_key", {"token": "dk_nobody", "json": {"prompt": "x"}}),
    (404, "model_not_found", {"json": {"prompt": "x", "model": "gpt-9"}}),
    (404, "route_not_found", {"path": "/v1/images/nothing", "json": {}}),
    (404, "media_not_found", {"path": "/media/nothing.png", "method": "GET"}),
    (405, "method_not_allowed", {"method": "GET"}),
    (405, "method_not_allowed", {"path": "/v1/models", "json": {}}),
    (413, "body_too_large", {"content": b"x" * (Settings().max_body_bytes + 1), "type": "application/json"}),
    (415, "unsupported_media_type", {"content": b"{}"}),  # of a page, which must name JSON
    (415, "unsupported_media_type", {"content": b"<x/>", "type": "application/xml"}),
    (415, "unsupported_media_type", {"path": EDITS, "content": b"{}", "type": "text/plain"}),
    (400, "missing_required_parameter", {"path": EDITS, "data": {"prompt": "x"}}),
    (429, "rate_limit_exceeded", {"at": "gitee/z-image-turbo", "word": "limited"}),
    (429, "insufficient_quota", {"at": "gitee/z-image-turbo", "word": "quota"}),  # which says 403
    (429, "insufficient_quota", {"at": "bfl/flux-2-pro", "word": "quota"}),  # which says 402
    (502, "upstream_error", {"at": "siliconflow/Qwen/Qwen-Image", "word": "html"}),
    (502, "upstream_error", {"at": "bfl/flux-2-max", "word": "html"}),
    (502, "generation_failed", {"at": "openai/gpt-image-2", "prompt": "[[fail]]"}),
    (502, "no_image", {"at": "openai/gpt-image-2", "prompt": "[[none]]"}),
    (503, "upstream_unavailable", {"at": "bfl/flux-2-flex", "prompt": "[[dead]]"}),
]  # fmt: skip


def fail(stack: Stack, how: Mapping[str, Any]) -> httpx.Response:
    rest = dict(how)
    if model := rest.pop("at", None):
        provider, word = model.partition("/")[0], rest.pop("word", "good")
        token = f"{provider}:{word}{SECRET}"
        return paint(stack, token, model=model, prompt=f"x {rest.get('prompt', '')}")
    headers = {"content-type": kind} if (kind := rest.pop("type", None)) else {}
    return send(stack, rest.pop("path", GENERATIONS), headers=headers, **rest)


@pytest.mark.parametrize(
    ("status", "code", "how"), FAILURES, ids=[f"{status} {code}" for status, code, _ in FAILURES]
)
def test_every_failure_comes_in_the_envelope(
    stack: Stack, status: int, code: str, how: Mapping[str, Any]
) -> None:
    reply = fail(stack, how)
    assert reply.status_code == status, reply.text[:500]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-request-id"].startswith("req_")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "x-request-id" in reply.headers["access-control-expose-headers"]
    body = reply.json()
    assert body.keys() == {"error"}
    error = body["error"]
    assert error.keys() - {"tried"} == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert isinstance(error["type"], str)
    assert error["param"] is None or isinstance(error["param"], str)
    assert error["message"]
    assert not any(word in error["message"] for word in ("<", "Traceback", SECRET))
    assert code == "missing_api_key" or "://" not in error["message"]
    wait_s = int(reply.headers.get("retry-after", "0"))
    advice = reply.headers.get("x-should-retry")
    assert advice in (None, "false")
    assert advice == "false" or status < 429 or (status, code) in (
        (429, "rate_limit_exceeded"), (502, "no_image"), (503, "upstream_unavailable"),
    )  # fmt: skip
    assert wait_s <= 120 or advice == "false"


@pytest.mark.parametrize("mode", ["error", "sleeping", "missing", "rate", *slow("full")])
def test_a_web_page_of_a_space_becomes_json(stack: Stack, mode: str) -> None:
    with stack.spaces.mode("aidc-ai-ovis-image-7b", mode):
        reply = paint(stack, model="ovis-image")
    assert reply.status_code == (429 if mode == "rate" else 503)
    assert reply.headers["content-type"] == "application/json"
    assert "<" not in reply.json()["error"]["message"]


def test_a_failure_inside_a_stream_is_its_last_event_in_the_same_envelope(stack: Stack) -> None:
    reply = paint(stack, prompt="x [[late:out of luck]]", stream=True, size="256x256")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply.content)
    assert [kind for kind, _ in events].count("error") == 1
    kind, data = events[-1]
    assert (kind, list(data)) == ("error", ["error"])
    assert data["error"].keys() == {"message", "type", "param", "code"}
    assert data["error"]["code"] == "generation_failed"


@pytest.mark.parametrize(
    ("model", "token"), [("flux-1-schnell", ""), ("openai/gpt-image-2", "openai:good")]
)
def test_every_event_of_a_stream_has_its_typed_fields_though_json_is_accepted(
    stack: Stack, model: str, token: str
) -> None:
    body = {"prompt": "x", "model": model, "stream": True, "partial_images": 2, "n": 2}
    reply = send(stack, GENERATIONS, token, json=body, headers={"accept": "application/json"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply.content)
    assert all(kind == data["type"] for kind, data in events)
    assert [kind for kind, _ in events].count("image_generation.completed") == 2
    for kind, data in events:
        if kind == "image_generation.progress":
            assert data["stage"] in ("queued", "running")
            continue
        assert isinstance(data["created_at"], int)
        assert data["quality"] in ("auto", "low", "medium", "high", "xhigh", "max")
        assert data["background"] in ("auto", "opaque", "transparent")
        assert data["output_format"] in ("png", "jpeg", "webp")
        image = opened(data["b64_json"])
        assert image.format == data["output_format"].upper()
        assert data["size"] == f"{image.width}x{image.height}"
        assert whole_or_absent(data)
        if kind == "image_generation.partial_image":
            assert isinstance(data["partial_image_index"], int)


@pytest.mark.parametrize(
    ("model", "token", "counts"),
    [
        ("openai/gpt-image-2", "openai:good", True), ("gemini/gemini-2.5-flash-image", "gemini:good", True),
        ("flux-1-schnell", "", False), ("gitee/z-image-turbo", "gitee:good", False),
    ],
)  # fmt: skip
def test_usage_is_whole_or_absent(stack: Stack, model: str, token: str, counts: bool) -> None:
    answer = painted(stack, token, model=model)
    assert ("usage" in answer) is counts
    assert whole_or_absent(answer)


def whole_or_absent(reported: Mapping[str, Any]) -> bool:
    """Whether the SDK's model of `usage` can be made of it, without a null."""
    usage = reported.get("usage", {"input_tokens_details": {}})
    counts = {**usage, **usage["input_tokens_details"]}
    names = {"total_tokens", "input_tokens", "output_tokens", "text_tokens", "image_tokens"}
    whole = {name for name, value in counts.items() if type(value) is int}
    return "usage" not in reported or names <= whole
