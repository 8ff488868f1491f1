"""The studio's API as its clients reach it, in workerd."""

import base64
import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.prompts.template import TEMPLATES
from tests.e2e.stack import Stack

OFFICIAL = {"prompt": "a quiet harbour", "rewriter": "rewriter_official"}


def get(stack: Stack, path: str) -> Any:
    answer = httpx.get(f"{stack.url}{path}", timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(stack: Stack, path: str, body: object, bearer: str = "") -> httpx.Response:
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return httpx.post(f"{stack.url}{path}", json=body, headers=headers, timeout=60)


def picture() -> str:
    buffer = io.BytesIO()
    Image.effect_noise((640, 512), 90).convert("RGB").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "A cat sleeping"},
        {"prompt": "a\r\n\r\n\r\n\r\nb", "system_prompt": '"  "', "strip_quotes": True},
        {"prompt": "猫 \t 🐈", "thinking_content": "T", "assistant_content": "A"},
        {"prompt": "x", "force_think_block": True, "template": "no-such-template"},
    ],
)
def test_a_prompt_is_formatted_as_a_studio_does_it(stack: Stack, fields: dict[str, Any]) -> None:
    ours = post(stack, "/api/format-prompt", fields).json()
    theirs = httpx.post(f"{stack.apis['studio']}/api/format-prompt", json=fields, timeout=30).json()
    assert ours.pop("estimated_token_count") > 0
    assert ours.pop("token_count") is None
    del theirs["token_count"]
    assert ours == theirs


def test_a_wrong_body_is_reported_as_a_studio_tells_it(stack: Stack) -> None:
    for body in ({}, {"prompt": 5}, ["x"]):
        ours = post(stack, "/api/format-prompt", body)
        assert ours.status_code == 422
        (problem,) = ours.json()["detail"]
        assert problem["loc"][0] == "body"
        assert problem["msg"]


def test_templates_travel_with_the_worker(stack: Stack) -> None:
    rows = get(stack, "/api/templates")["templates"]
    assert len(rows) == len([t for t in TEMPLATES.values() if not t.is_rewriter])
    row = next(row for row in rows if row["name"] == "photorealistic")
    assert row["system_prompt"] == TEMPLATES["photorealistic"].system_prompt


def test_rewriters_travel_with_the_worker(stack: Stack) -> None:
    names = [row["name"] for row in get(stack, "/api/rewriters")["rewriters"]]
    assert names == [t.name for t in TEMPLATES.values() if t.is_rewriter]


def test_sizes_are_those_of_a_studio(stack: Stack) -> None:
    theirs = httpx.get(f"{stack.apis['studio']}/api/resolution-config", timeout=30).json()
    assert get(stack, "/api/resolution-config") == theirs


def test_the_models_are_those_that_are_set_up(stack: Stack) -> None:
    answer = get(stack, "/api/rewriter-models")
    rows = {row["id"]: row for row in answer["models"]}
    assert list(rows) == ["qwen3-4b", "qwen3-vl-api", "qwen3-vl"]
    assert [row["loaded"] for row in rows.values()] == [True, False, True]
    assert answer["default"] == "qwen3-4b"


def test_defaults_are_those_of_a_studio(stack: Stack) -> None:
    for path in ("/api/rewriter-config", "/api/vl/config", "/api/qwen-image/config"):
        theirs = httpx.get(f"{stack.apis['studio']}{path}", timeout=30).json()
        assert get(stack, path) == theirs


@pytest.mark.parametrize("path", ["/api/vl/status", "/api/qwen-image/edit-status"])
def test_an_available_feature_reports_itself_as_available(stack: Stack, path: str) -> None:
    assert get(stack, path)["available"] is True


def test_health_has_what_a_studios_clients_look_for(stack: Stack) -> None:
    theirs = httpx.get(f"{stack.apis['studio']}/health", timeout=30).json()
    ours = get(stack, "/health")
    assert set(theirs) <= set(ours)
    assert (ours["status"], ours["pipeline_loaded"]) == ("ok", True)


@pytest.mark.parametrize(
    ("model", "bearer", "provider", "backend"),
    [
        ("qwen3-4b", "", "studio", "local"),
        ("deepseek/deepseek-chat", "deepseek:good", "deepseek", "api"),
        ("pollinations/openai-fast", "", "pollinations", "api"),
    ],
)
def test_a_prompt_is_rewritten(
    stack: Stack, model: str, bearer: str, provider: str, backend: str
) -> None:
    reply = post(stack, "/api/rewrite", {**OFFICIAL, "model": model}, bearer)
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert "a quiet harbour" in answer["rewritten_prompt"]
    assert answer["original_prompt"] == "a quiet harbour"
    assert (answer["rewriter"], answer["backend"]) == ("rewriter_official", backend)
    assert reply.headers["x-darkroom-provider"] == provider


@pytest.mark.parametrize("form", ["data:image/png;base64,{}", "{}"])
def test_a_picture_is_described(stack: Stack, form: str) -> None:
    body = {"model": "qwen3-vl", "image": form.format(picture())}
    reply = post(stack, "/api/rewrite", body)
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert "1 images" in answer["rewritten_prompt"]
    assert (answer["original_prompt"], answer["rewriter"]) == ("(image only)", "default_vl")
    assert (answer["backend"], answer["model"]) == ("vl-api", "pollinations/openai")


@pytest.mark.parametrize(
    ("model", "bearer"), [("deepseek/deepseek-chat", "deepseek:good"), ("qwen3-4b", "")]
)
def test_a_rewrite_comes_as_a_stream(stack: Stack, model: str, bearer: str) -> None:
    body = {**OFFICIAL, "model": model, "stream": True}
    reply = post(stack, "/api/rewrite", body, bearer)
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    whole = events[-1]
    assert whole["type"] == "rewrite.completed"
    deltas = [event["delta"] for event in events if event["type"] == "rewrite.delta"]
    assert "".join(deltas) == whole["rewritten_prompt"]
    assert "a quiet harbour" in whole["rewritten_prompt"]


@pytest.mark.parametrize(
    ("prompt", "bearer", "status"),
    [
        ("[[refuse]]", "deepseek:good", 400),
        ("a cat", "deepseek:bad", 401),
        ("a cat", "", 401),
        ("a cat", "deepseek:limited", 429),
        ("a cat", "deepseek:html", 502),
        ("[[dead]]", "deepseek:good", 503),
    ],
)
def test_a_failure_has_an_honest_status_and_a_detail(
    stack: Stack, prompt: str, bearer: str, status: int
) -> None:
    body = {**OFFICIAL, "model": "deepseek/deepseek-chat", "prompt": prompt}
    reply = post(stack, "/api/rewrite", body, f"{bearer}-{status}" if bearer else "")
    assert (reply.status_code, list(reply.json())) == (status, ["detail"]), reply.text
    assert "<" not in reply.json()["detail"]


def test_a_stream_that_fails_before_its_first_word_is_no_stream(stack: Stack) -> None:
    body = {**OFFICIAL, "prompt": "[[fail]]", "model": "deepseek/deepseek-chat", "stream": True}
    reply = post(stack, "/api/rewrite", body, "deepseek:good")
    assert (reply.status_code, list(reply.json())) == (502, ["detail"])


def test_a_rewriter_that_is_not_there_is_a_404_that_names_it(stack: Stack) -> None:
    reply = post(stack, "/api/rewrite", {"prompt": "a cat", "rewriter": "rewriter_of_dreams"})
    assert reply.status_code == 404
    assert "rewriter_of_dreams" in reply.json()["detail"]


def test_a_wrong_route_is_reported_in_the_studios_shape(stack: Stack) -> None:
    reply = httpx.get(f"{stack.url}/api/no-such-route", timeout=30)
    assert (reply.status_code, list(reply.json())) == (404, ["detail"])
