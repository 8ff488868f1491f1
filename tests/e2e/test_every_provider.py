"""Every provider behind the Worker in workerd, as its callers reach it."""

import base64
import io
import json
import subprocess
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.e2e.stack import Stack
from tests.support.slow import SLOW

# The models of both published tables, with the token that each needs.
MODELS = {
    "gitee:good-key": [
        "gitee/z-image-turbo", "gitee/GLM-Image", "gitee/Qwen-Image", "gitee/Qwen-Image-2512",
        "gitee/flux-1-schnell", "gitee/FLUX_1-Krea-dev", "gitee/FLUX.1-dev",
    ],
    "ms:good-key": [
        "ms/Tongyi-MAI/Z-Image-Turbo", "ms/Qwen/Qwen-Image-2512", "ms/black-forest-labs/FLUX.2-dev",
        "ms/black-forest-labs/FLUX.1-Krea-dev", "ms/MusePublic/489_ckpt_FLUX_1",
    ],
    "a4f:good-key": [
        "a4f/provider-4/imagen-3.5", "a4f/provider-4/imagen-4", "a4f/provider-8/imagen-3",
        "a4f/provider-4/flux-schnell", "a4f/provider-8/z-image",
    ],
    "siliconflow:good-key": ["siliconflow/Qwen/Qwen-Image", "siliconflow/Kwai-Kolors/Kolors"],
    "": ["z-image-turbo", "z-image", "qwen-image-fast", "qwen-image", "ovis-image", "flux-1-schnell",
         "pollinations/flux"],
    "bfl:good-key": ["bfl/flux-2-pro"],
    "gemini:good-key": ["gemini/gemini-3-pro-image"],
    "openai:good-key": ["openai/gpt-image-2"],
    "qwen:good-key": ["qwen/qwen-image", "qwen/qwen-image-plus"],
    "hf:good-key": ["hf-inference/black-forest-labs/FLUX.1-schnell"],
    "a1111:user:good-key": ["a1111/default"],
    "studio:good-key": ["studio/z-image-turbo"],
}  # fmt: skip
CASES = [
    pytest.param(model, bearer, marks=() if model in (models[0], models[-1]) else SLOW)
    for bearer, models in MODELS.items()
    for model in models
]


def ask(stack: Stack, path: str, body: dict[str, Any], bearer: str = "") -> httpx.Response:
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return httpx.post(f"{stack.url}{path}", json=body, headers=headers, timeout=60)


def paint(stack: Stack, bearer: str = "", **body: Any) -> httpx.Response:
    return ask(stack, "/v1/images/generations", {"prompt": "a lighthouse", **body}, bearer)


@pytest.mark.parametrize(("model", "bearer"), CASES)
def test_every_model_of_the_tables_answers_with_a_picture(
    stack: Stack, model: str, bearer: str
) -> None:
    reply = paint(stack, bearer, model=model, response_format="b64_json")
    assert reply.status_code == 200, reply.text[:500]
    data = base64.b64decode(reply.json()["data"][0]["b64_json"])
    size = Image.open(io.BytesIO(data)).size
    assert size == tuple(map(int, reply.json()["size"].split("x")))
    assert reply.headers["x-darkroom-provider"]


# The examples of the page "Providers & Models", as they are written there.
EXAMPLES = [
    """curl -X POST https://your-project.pages.dev/v1/images/generations \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer gitee:your-gitee-api-key" \\
  -d '{
    "model": "gitee/z-image-turbo",
    "prompt": "a cute cat",
    "negative_prompt": "low quality, blurry",
    "size": "1024x1024",
    "steps": 9,
    "n": 1,
    "response_format": "url"
  }'""",
    """curl -X POST https://your-project.pages.dev/v1/images/generations \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "flux-1-schnell",
    "prompt": "a cute cat",
    "size": "1024x1024",
    "steps": 8,
    "n": 1,
    "response_format": "url"
  }'""",
    """curl -X POST https://your-project.pages.dev/v1/images/generations \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer ms:your-ms-token" \\
  -d '{
    "model": "ms/flux-2",
    "prompt": "a cute cat",
    "size": "1024x1024",
    "steps": 24,
    "guidance_scale": 3.5,
    "n": 1,
    "response_format": "url"
  }'""",
    """curl -X POST https://your-project.pages.dev/v1/images/generations \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer a4f:your-a4f-api-key" \\
  -d '{
    "model": "a4f/provider-4/imagen-3.5",
    "prompt": "a cute cat",
    "size": "1024x1024",
    "n": 1,
    "response_format": "url"
  }'""",
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_published_example_runs_as_it_is_written(stack: Stack, example: str) -> None:
    script = example.replace("https://your-project.pages.dev", stack.url)
    script = script.replace("curl ", "curl -sS --fail-with-body ", 1)
    result = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    url = json.loads(result.stdout)["data"][0]["url"]
    assert httpx.get(url, timeout=30).headers["content-type"].startswith("image/")


def test_two_exhausted_tokens_give_way_and_are_left_alone_after_that(stack: Stack) -> None:
    bearer = "gitee:quota-e2e-1,quota-e2e-2,good-e2e-3"
    first = paint(stack, bearer, model="gitee/z-image-turbo")
    assert first.status_code == 200, first.text
    assert first.headers["x-darkroom-attempts"] == "3"
    httpx.delete(f"{stack.apis['gitee']}/_log", timeout=30)
    second = paint(stack, bearer, model="gitee/z-image-turbo")
    assert second.headers["x-darkroom-attempts"] == "1"
    log = httpx.get(f"{stack.apis['gitee']}/_log", timeout=30).json()
    sent = [entry["headers"].get("authorization") for entry in log if entry["method"] == "POST"]
    assert sent == ["Bearer good-e2e-3"]
    state = httpx.get(
        f"{stack.url}/v1/providers", headers={"authorization": f"Bearer {bearer}"}, timeout=30
    ).json()
    row = next(row for row in state["data"] if row["id"] == "gitee")
    assert [entry["state"] for entry in row["credentials"]] == ["cooling", "cooling", "usable"]
    assert row["credentials"][0]["until"].endswith("Z")
    assert "e2e" not in json.dumps(state)


def test_a_fallback_run_is_reported_by_the_headers(stack: Stack) -> None:
    models = ["ms/z-image-turbo", "gitee/z-image-turbo", "z-image-turbo"]
    reply = paint(stack, "ms:html-e2e,gitee:quota-e2e-9", model=models)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert reply.headers["x-darkroom-attempts"] == "3"
    results = [part.rpartition("=")[2] for part in reply.headers["x-darkroom-tried"].split(", ")]
    assert results == ["upstream_error", "insufficient_quota", "ok"]


def test_everybody_sees_the_providers_and_nobody_elses_tokens(stack: Stack) -> None:
    rows = httpx.get(f"{stack.url}/v1/providers", timeout=30).json()["data"]
    by_id = {row["id"]: row for row in rows}
    assert by_id["huggingface"]["usable"]
    assert not by_id["gitee"]["usable"]
    assert by_id["gitee"]["credentials"] == []
    with_token = httpx.get(
        f"{stack.url}/v1/providers", headers={"authorization": "Bearer hf:good-q"}, timeout=30
    ).json()["data"]
    (quota,) = next(row for row in with_token if row["id"] == "huggingface")["quota"]
    assert quota["gpu_seconds"] > 0


def picture() -> str:
    buffer = io.BytesIO()
    Image.effect_noise((640, 512), 90).convert("RGB").save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.mark.parametrize(
    ("model", "bearer"),
    [
        ("gitee/Qwen-Image-Edit", "gitee:good"), ("ms/qwen-image-edit", "ms:good"),
        ("bfl/kontext", "bfl:good"), ("gemini/nano-banana", "gemini:good"),
        ("openai/gpt-image-2", "openai:good"), ("qwen/qwen-image-edit", "qwen:good"),
        ("a1111/default", ""), ("qwen-image-edit", ""), ("real-esrgan", ""),
    ],
)  # fmt: skip
def test_a_picture_is_edited(stack: Stack, model: str, bearer: str) -> None:
    reply = paint(stack, bearer, model=model, image=picture(), response_format="b64_json")
    assert reply.status_code == 200, reply.text[:500]
    assert Image.open(io.BytesIO(base64.b64decode(reply.json()["data"][0]["b64_json"])))
    if model == "real-esrgan":
        assert reply.json()["size"] == "2560x2048"


TALKERS = [
    ("pollinations/openai-fast", ""), ("gitee/DeepSeek-V3.2", "gitee:good"),
    ("ms/deepseek-ai/DeepSeek-V3.2", "ms:good"), ("a4f/provider-3/deepseek-v3", "a4f:good"),
    ("hf-inference/Qwen/Qwen2.5-72B-Instruct", "hf:good"), ("deepseek/deepseek-chat", "deepseek:good"),
    ("siliconflow/deepseek-ai/DeepSeek-V3", "siliconflow:good"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "bearer"), TALKERS)
def test_a_conversation_is_passed_on_and_back(stack: Stack, model: str, bearer: str) -> None:
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": [{"type": "text", "text": "and now"},
                                     {"type": "image_url", "image_url": {"url": picture()}}]},
    ]  # fmt: skip
    body = {"model": model, "messages": messages, "temperature": 0.2}
    reply = ask(stack, "/v1/chat/completions", body, bearer)
    assert reply.status_code == 200, reply.text
    text = reply.json()["choices"][0]["message"]["content"]
    assert "4 messages: system, user, assistant, user" in text
    assert "1 image" in text
    assert isinstance(reply.json()["usage"]["total_tokens"], int)
    streamed = ask(stack, "/v1/chat/completions", {**body, "stream": True}, bearer)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.text.rstrip().endswith("data: [DONE]")


def test_an_image_model_paints_the_last_user_message(stack: Stack) -> None:
    messages = [{"role": "user", "content": "a fox in the snow"}]
    body = {"model": "flux-1-schnell", "messages": messages, "size": "512x512"}
    message = ask(stack, "/v1/chat/completions", body).json()["choices"][0]["message"]
    url = message["images"][0]["image_url"]["url"]
    assert message["content"] == f"![picture]({url})"
    assert Image.open(io.BytesIO(httpx.get(url, timeout=30).content)).size == (512, 512)
    wire = ask(stack, "/v1/chat/completions", {**body, "stream": True}).text
    events = [json.loads(line[6:]) for line in wire.splitlines() if line.startswith("data: {")]
    assert any("progress" in event for event in events)
    assert any("![picture](" in event["choices"][0]["delta"].get("content", "") for event in events)
    assert events[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_prompt_is_improved_by_whoever_is_there(stack: Stack) -> None:
    reply = ask(stack, "/v1/prompts/enhance", {"prompt": "a cat"})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["provider"], reply.json()["model"]) == (
        "pollinations", "pollinations/openai-fast",
    )  # fmt: skip
    assert "a cat" in reply.json()["prompt"]
    reply = ask(
        stack, "/v1/prompts/translate", {"prompt": "一只猫", "language": "German"}, "ms:good"
    )
    assert reply.json()["model"] == "ms/deepseek-ai/DeepSeek-V3.2"
    reply = ask(stack, "/v1/prompts/enhance", {"prompt": "a", "colour": 1})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "colour")


def test_a_prompt_is_enhanced_on_the_way_to_its_picture(stack: Stack) -> None:
    reply = paint(stack, model="flux-1-schnell", prompt="a quiet harbour", enhance=True)
    assert reply.status_code == 200, reply.text
    assert "a quiet harbour" in reply.json()["data"][0]["revised_prompt"]
    assert reply.json()["data"][0]["revised_prompt"] != "a quiet harbour"


def test_partial_images_of_openai_are_passed_through(stack: Stack) -> None:
    wire = paint(stack, "openai:good", model="openai/gpt-image-2", stream=True).text
    assert wire.count("event: image_generation.partial_image") == 2
    assert "event: image_generation.completed" in wire
    completed = json.loads(wire.partition("image_generation.completed\ndata: ")[2].splitlines()[0])
    assert isinstance(completed["usage"]["total_tokens"], int)
