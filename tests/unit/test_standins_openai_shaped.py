"""The stand-ins for the OpenAI-shaped providers do as the providers are known to do."""

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from types import ModuleType
from typing import Any

import httpx
import openai
import pytest
from PIL import Image

from local.upstreams.apis import a4f, deepseek, gitee, hf_inference, pollinations, siliconflow
from local.upstreams.apis import openai as openai_standin
from local.upstreams.apis.painting import paint
from local.upstreams.apis.shared_state import Studio
from local.upstreams.apis.table import PROVIDERS

Fields = dict[str, Any]
Files = list[tuple[str, tuple[str, bytes, str]]]

IMAGES = "/v1/images/generations"
EDITS = "/v1/images/edits"
CHAT = "/v1/chat/completions"
CAT = {"prompt": "a cat"}
MODELS = {
    gitee: "z-image-turbo",
    a4f: "provider-4/imagen-4",
    siliconflow: "Qwen/Qwen-Image",
    openai_standin: "gpt-image-2",
    pollinations: "flux",
}
PICTURE = paint("source", 1, 64, 48)


@asynccontextmanager
async def client(
    provider: ModuleType, token: str = "good", **headers: str
) -> AsyncIterator[httpx.AsyncClient]:
    app = provider.build(Studio(slow_s=0.01, step_s=0.001))
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://standin", headers=headers
    ) as http:
        yield http


async def generate(
    provider: ModuleType, token: str = "good", prompt: str = "a cat", **fields: Any
) -> httpx.Response:
    async with client(provider, token) as http:
        body = {"model": MODELS[provider], "prompt": prompt, **fields}
        return await http.post(IMAGES, json=body)


def open_picture(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def image_form(*names: str, content_type: str = "image/png", data: bytes = PICTURE) -> Files:
    return [(name, (f"{i}.png", data, content_type)) for i, name in enumerate(names)]


def events_of(text: str) -> list[Fields]:
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


# tokens


@pytest.mark.parametrize(
    ("provider", "token", "status", "words"),
    [
        (gitee, "quota", 403, "insufficient_quota"),
        (a4f, "ddc-a4f-quota", 402, "insufficient_quota"),
        (siliconflow, "sk-quota", 403, '"code":30001'),
        (openai_standin, "quota", 429, "insufficient_quota"),
        (pollinations, "sk_quota", 402, "PAYMENT_REQUIRED"),
        (gitee, "limited", 429, "rate_limit_exceeded"),
        (siliconflow, "limited", 429, '"data":null'),
        (gitee, "bad", 401, "unauthorized"),
        (a4f, "bad", 401, "invalid_api_key"),
        (siliconflow, "bad", 401, '"Api key is invalid"'),
        (siliconflow, "", 401, '"Invalid token"'),
        (openai_standin, "", 401, "You didn't provide an API key"),
        (openai_standin, "sk-bad", 401, "invalid_api_key"),
        (pollinations, "", 401, "UNAUTHORIZED"),
        (siliconflow, "html", 200, "<!DOCTYPE html>"),
        (gitee, "slow", 200, "url"),
    ],
)
async def test_a_token_brings_about_the_providers_own_answer(
    provider: ModuleType, token: str, status: int, words: str
) -> None:
    reply = await generate(provider, token)
    assert reply.status_code == status
    assert words in reply.text
    assert reply.headers.get("retry-after") == ("2" if token == "limited" else None)


async def test_a_flaky_token_fails_on_every_other_call_beginning_with_the_first() -> None:
    async with client(gitee, "flaky-1") as http:
        body = {"model": "z-image-turbo", **CAT, "width": 64, "height": 64}
        statuses = [(await http.post(IMAGES, json=body)).status_code for _ in range(4)]
    assert statuses == [503, 200, 503, 200]


# directives


@pytest.mark.parametrize(
    ("provider", "directive", "status", "words"),
    [
        (gitee, "[[refuse]]", 400, "content_policy_violation"),
        (openai_standin, "[[refuse]]", 400, "moderation_blocked"),
        (pollinations, "[[refuse]]", 422, "content_policy_violation"),
        (siliconflow, "[[refuse]]", 400, "sensitive content"),
        (gitee, "[[fail]]", 500, "server_error"),
        (openai_standin, "[[fail]]", 500, "server_error"),
        (pollinations, "[[fail]]", 500, "INTERNAL_ERROR"),
        (a4f, "[[dead]]", 503, "unavailable"),
        (a4f, "[[quota]]", 402, "insufficient_quota"),
        (gitee, "[[error:no cats today]]", 400, "no cats today"),
        (siliconflow, "[[error:no cats today]]", 400, "no cats today"),
        (gitee, "[[words]]", 200, '"data":[]'),
        (siliconflow, "[[words]]", 200, '"images":[]'),
    ],
)
async def test_a_directive_brings_about_the_providers_own_answer(
    provider: ModuleType, directive: str, status: int, words: str
) -> None:
    reply = await generate(provider, prompt=f"a cat {directive}")
    assert reply.status_code == status
    assert words in reply.text


async def test_none_leaves_out_the_pictures() -> None:
    assert "data" not in (await generate(gitee, prompt="a cat [[none]]")).json()


# pictures


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_pictures_are_of_the_size_and_format_requested_and_repeatable(format: str) -> None:
    picture = paint("a cat", 7, 320, 200, format)
    opened = open_picture(picture)
    assert (opened.size, opened.format) == ((320, 200), format.upper())
    assert picture == paint("a cat", 7, 320, 200, format)
    assert picture != paint("a cat", 8, 320, 200, format)


async def test_a_url_can_be_fetched_without_a_token() -> None:
    async with client(gitee) as http:
        body = {"model": "z-image-turbo", **CAT, "width": 96, "height": 64, "seed": 1}
        url = (await http.post(IMAGES, json=body)).json()["data"][0]["url"]
        file = await http.get(url, headers={"Authorization": ""})
    assert file.headers["content-type"] == "image/png"
    assert open_picture(file.content).size == (96, 64)


# the log


async def test_the_log_shows_what_was_sent() -> None:
    async with client(gitee) as http:
        await http.post(IMAGES, json={"model": "z-image-turbo", **CAT, "size": "64x64"})
        await http.post(
            EDITS, data={"model": "Qwen-Image-Edit", **CAT}, files=image_form("image", "image")
        )
        json_entry, form_entry = (await http.get("/_log")).json()
        assert (await http.get("/_health")).json() == {"ready": True}
        await http.delete("/_log")
        assert (await http.get("/_log")).json() == []
    assert json_entry["body"] == {"model": "z-image-turbo", **CAT, "size": "64x64"}
    assert json_entry["headers"]["authorization"] == "Bearer good"
    assert (json_entry["path"], json_entry["disconnected"]) == (IMAGES, False)
    assert form_entry["body"]["fields"] == {"model": ["Qwen-Image-Edit"], "prompt": ["a cat"]}
    first, second = form_entry["body"]["files"]
    assert (first["name"], first["size"], first["magic"]) == ("image", len(PICTURE), "png")
    assert second["filename"] == "1.png"


# OpenAI


async def test_openai_answers_base64_with_integer_usage() -> None:
    reply = await generate(openai_standin, size="1536x864", output_format="webp", n=2)
    answer = reply.json()
    pictures = [open_picture(base64.b64decode(item["b64_json"])) for item in answer["data"]]
    assert [(p.size, p.format) for p in pictures] == [((1536, 864), "WEBP")] * 2
    assert answer["size"] == "1536x864"
    assert all(
        isinstance(answer["usage"][name], int)
        for name in ("total_tokens", "input_tokens", "output_tokens")
    )
    assert reply.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"response_format": "b64_json"}, "response_format", "unknown_parameter"),
        ({"seed": 1}, "seed", "unknown_parameter"),
        ({"negative_prompt": "dogs"}, "negative_prompt", "unknown_parameter"),
        ({"n": "1"}, "n", "invalid_type"),
        ({"n": 11}, "n", "invalid_value"),
        ({"size": "1000x1000"}, "size", "invalid_value"),
        ({"size": "256x1024"}, "size", "invalid_value"),
        ({"model": "gpt-image-1.5", "size": "512x512"}, "size", "invalid_value"),
        ({"quality": "max"}, "quality", "invalid_value"),
        ({"output_format": "jpeg", "background": "transparent"}, "background", "invalid_value"),
        ({"output_compression": 50}, "output_compression", "invalid_value"),
        ({"model": "dall-e-3"}, None, "model_not_found"),
        ({"model": "gpt-image-9"}, "model", "model_not_found"),
        ({"prompt": None}, "prompt", "missing_required_parameter"),
    ],
)
async def test_openai_refuses_what_it_does_not_know(
    fields: Fields, param: str | None, code: str
) -> None:
    async with client(openai_standin) as http:
        reply = await http.post(IMAGES, json={"model": "gpt-image-2", **CAT, **fields})
    error = reply.json()["error"]
    assert reply.status_code == (404 if code == "model_not_found" else 400)
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("files", "fields", "code"),
    [
        (image_form("image", "image"), {}, "duplicate_parameter"),
        (image_form("image", content_type="text/plain"), {}, "unsupported_file_mimetype"),
        (image_form("image", data=b"no picture"), {}, "invalid_image_file"),
        (image_form("photo"), {}, "unknown_parameter"),
        (image_form("image"), {"style": "vivid"}, "unknown_parameter"),
        (image_form("image"), {"input_fidelity": "high"}, "invalid_value"),
        (image_form("mask"), {}, "missing_required_parameter"),
    ],
)
async def test_openai_refuses_files_it_cannot_edit(files: Files, fields: Fields, code: str) -> None:
    data = {"model": "gpt-image-2", **CAT, **fields}
    async with client(openai_standin) as http:
        reply = await http.post(EDITS, data=data, files=files)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == code


async def test_openai_takes_pictures_as_references_in_json() -> None:
    url = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    body = {"model": "gpt-image-2", **CAT, "images": [{"image_url": url}], "size": "1024x1024"}
    async with client(openai_standin) as http:
        assert (await http.post(EDITS, json=body)).status_code == 200
        body["images"] = [{"image_url": url, "file_id": "file-1"}]
        assert (await http.post(EDITS, json=body)).status_code == 400


async def test_openai_streams_partial_pictures_and_the_whole_one() -> None:
    reply = await generate(openai_standin, stream=True, partial_images=2, n=2, size="1024x1024")
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply.text)
    partial, completed = "image_generation.partial_image", "image_generation.completed"
    assert [event["type"] for event in events] == [partial, partial, completed] * 2
    assert events[1]["partial_image_index"] == 1
    assert events[2]["usage"]["total_tokens"] > 0
    assert open_picture(base64.b64decode(events[0]["b64_json"])).size == (1024, 1024)


async def test_openai_fails_in_the_middle_of_a_stream() -> None:
    reply = await generate(
        openai_standin, prompt="a cat [[fail]]", stream=True, partial_images=2, size="1024x1024"
    )
    partial, error = events_of(reply.text)
    assert partial["type"] == "image_generation.partial_image"
    assert error["error"]["code"] == "server_error"


# the other providers' rules


@pytest.mark.parametrize(
    ("provider", "fields", "words"),
    [
        (a4f, {"model": "imagen-4"}, "provider-N"),
        (a4f, {"seed": 1}, "unknown_parameter"),
        (gitee, {"steps": 4}, "unknown_parameter"),
        (gitee, {"size": "64x64", "width": 64}, "either"),
        (gitee, {"num_inference_steps": 21}, "num_inference_steps"),
        (gitee, {"model": "FLUX.1-dev", "negative_prompt": "dogs"}, "negative_prompt"),
        (gitee, {"width": "64"}, "invalid_type"),
        (siliconflow, {"model": "sdxl"}, "20012"),
        (siliconflow, {"batch_size": 2}, "20015"),
        (siliconflow, {"model": "Qwen/Qwen-Image-Edit-2509"}, "image is required"),
        (pollinations, {"n": 2}, "BAD_REQUEST"),
    ],
)
async def test_a_provider_refuses_what_its_documentation_rules_out(
    provider: ModuleType, fields: Fields, words: str
) -> None:
    reply = await generate(provider, **fields)
    assert reply.status_code == 400
    assert words in reply.text


async def test_siliconflow_ignores_size_and_mirrors_the_pictures() -> None:
    answer = (await generate(siliconflow, size="512x512", image_size="96x64", seed=5)).json()
    assert answer["images"] == answer["data"]
    assert answer["seed"] == 5
    async with client(siliconflow) as http:
        assert (await http.post(EDITS)).text == "404 page not found"


async def test_gitee_works_off_a_task() -> None:
    async with client(gitee) as http:
        data = {"model": "Qwen-Image-Edit-2511", **CAT, "task_types": ["id", "style"]}
        task = (
            await http.post("/v1/async/images/edits", data=data, files=image_form("image", "image"))
        ).json()
        assert task["status"] == "waiting"
        polls = [(await http.get(task["urls"]["get"])).json() for _ in range(4)]
        statuses = [poll["status"] for poll in polls]
        assert statuses == ["waiting", "in_progress", "in_progress", "success"]
        file = await http.get(polls[-1]["output"]["file_url"])
        assert open_picture(file.content).size == (64, 48)
        stranger = {"Authorization": "Bearer other"}
        assert (await http.get(task["urls"]["get"], headers=stranger)).status_code == 404


@pytest.mark.parametrize("directive", ["[[fail]]", "[[refuse]]"])
async def test_gitee_tells_of_a_failed_task_with_a_200(directive: str) -> None:
    async with client(gitee) as http:
        body = {"model": "z-image-turbo", "prompt": f"a cat [[steps:0]] {directive}"}
        task = (await http.post("/v1/async/images/generations", json=body)).json()
        reply = await http.get(f"/api/v1/task/{task['task_id']}")
    assert (reply.status_code, reply.json()["status"]) == (200, "failure")
    assert reply.json()["message"]


async def test_gitee_cancels_a_task_that_stalls() -> None:
    async with client(gitee) as http:
        body = {"model": "z-image-turbo", "prompt": "a cat [[stall]]"}
        task = (await http.post("/v1/async/images/generations", json=body)).json()
        for _ in range(6):
            assert (await http.get(task["urls"]["get"])).json()["status"] != "success"
        assert (await http.post(task["urls"]["cancel"])).json()["status"] == "cancelled"
        assert (await http.get(task["urls"]["get"])).json()["status"] == "cancelled"


# Pollinations


async def test_pollinations_shows_a_picture_by_get() -> None:
    async with client(pollinations, token="") as http:
        query: Fields = {"width": 96, "height": 64, "seed": 3, "key": "sk_good"}
        reply = await http.get("/image/a%20cat%2Fdog", params=query)
        assert reply.headers["content-type"] == "image/jpeg"
        assert open_picture(reply.content).size == (96, 64)
        assert (await http.get("/image/a%20cat")).status_code == 401
        assert (await http.get("/image/models")).json()[0]["name"] == "flux"


async def test_the_legacy_image_host_needs_no_key() -> None:
    async with client(pollinations, token="") as http:
        reply = await http.get("/prompt/a%20cat", params={"width": 96, "height": 64})
        assert open_picture(reply.content).size == (96, 64)
        notice = await http.get("/prompt/a [[notice]]")
        assert notice.headers["content-type"].startswith("text/html")
        limited = await http.get("/prompt/a [[limited]]")
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "2")


async def test_the_legacy_text_host_answers_a_key_with_a_notice() -> None:
    body = {"messages": [{"role": "user", "content": "hello"}]}
    async with client(pollinations, token="") as http:
        answer = (await http.post("/openai", json=body)).json()
        assert answer["choices"][0]["message"]["content"].startswith("You said: hello")
        reply = await http.post("/openai", json=body, headers={"Authorization": "Bearer any"})
        assert "deprecated" in reply.json()["choices"][0]["message"]["content"]
        assert reply.status_code == 200


# Hugging Face


async def test_hf_inference_answers_with_the_bytes_of_a_picture() -> None:
    path = "/hf-inference/models/black-forest-labs/FLUX.1-schnell"
    body = {"inputs": "a cat", "parameters": {"width": 96, "height": 64, "seed": 1}}
    async with client(hf_inference, "hf_good", Accept="image/png") as http:
        reply = await http.post(path, json=body)
        assert reply.headers["content-type"] == "image/png"
        assert open_picture(reply.content).size == (96, 64)
        loading = await http.post(path, json={"inputs": "a cat [[loading]]"})
        assert (loading.status_code, loading.json()["estimated_time"]) == (503, 20.0)
        edited = await http.post(path, content=PICTURE)
        assert open_picture(edited.content).size == (64, 48)


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        ("hf_quota", 402, "monthly included credits"),
        ("quota", 402, "monthly included credits"),
        ("hf_bad", 401, "Invalid username or password."),
        ("", 401, "Invalid username or password."),
    ],
)
async def test_hf_inference_words_its_errors(token: str, status: int, words: str) -> None:
    async with client(hf_inference, token) as http:
        reply = await http.post("/hf-inference/models/a/b", json={"inputs": "a cat"})
    assert reply.status_code == status
    assert words in reply.json()["error"]


async def test_the_hub_tells_the_zerogpu_quota() -> None:
    path = "/api/spaces/zero-gpu/quota"
    async with client(hf_inference, "hf_good") as http:
        full = (await http.get(path)).json()
        assert full == {"base": 210, "current": 210, "resetsAt": None, "overquotaUsed": 0}
    async with client(hf_inference, "hf_quota") as http:
        spent = (await http.get(path)).json()
        assert (spent["current"], spent["resetsAt"][-1]) == (0, "Z")
    async with client(hf_inference, "") as http:
        assert (await http.get(path)).status_code == 401


# chat


@pytest.mark.parametrize(
    ("provider", "path", "model"),
    [
        (gitee, CHAT, "DeepSeek-V3"),
        (a4f, CHAT, "provider-3/deepseek-v3"),
        (siliconflow, CHAT, "Qwen/Qwen3-8B"),
        (openai_standin, CHAT, "gpt-5.4"),
        (pollinations, CHAT, "openai"),
        (hf_inference, CHAT, "Qwen/Qwen2.5-72B-Instruct"),
        (deepseek, "/chat/completions", "deepseek-chat"),
    ],
)
async def test_chat_echoes_and_counts(provider: ModuleType, path: str, model: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "what is it"}, image]},
    ]
    body = {"model": model, "messages": messages, "max_tokens": 1000, "temperature": 0.7}
    async with client(provider) as http:
        answer = (await http.post(path, json=body)).json()
        reply = await http.post(
            path, json={**body, "stream": True, "stream_options": {"include_usage": True}}
        )
    expected = "You said: what is it [2 messages: system, user; 1 images]"
    assert answer["choices"][0]["message"]["content"] == expected
    assert isinstance(answer["usage"]["total_tokens"], int)
    chunks = events_of(reply.text)
    deltas = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]]
    assert "".join(deltas) == expected
    assert chunks[-1]["usage"] == answer["usage"]
    assert reply.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("token", "content", "status", "message"),
    [
        ("quota", "hi", 402, "Insufficient Balance"),
        ("bad", "hi", 401, "Authentication Fails"),
        ("good", "hi [[refuse]]", 400, "Content Exists Risk"),
    ],
)
async def test_deepseek_words_its_errors(
    token: str, content: str, status: int, message: str
) -> None:
    body = {"model": "deepseek-chat", "messages": [{"role": "user", "content": content}]}
    async with client(deepseek, token) as http:
        reply = await http.post(CHAT, json=body)
    assert reply.status_code == status
    assert message in reply.json()["error"]["message"]


async def test_a_chat_stream_fails_half_way() -> None:
    body = {
        "model": "gpt-5.4",
        "stream": True,
        "messages": [{"role": "user", "content": "[[fail]]"}],
    }
    async with client(openai_standin) as http:
        events = events_of((await http.post(CHAT, json=body)).text)
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert events[-1]["error"]["type"] == "server_error"


# the process


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "local.upstreams.apis", "--port", "0", "--step-seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in PROVIDERS]
        yield dict(line.split() for line in lines)
        # An open answer does not hold up the end.
        with openai_client(lines) as http, stalled(http):
            started = time.monotonic()
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(5) == 0
            assert time.monotonic() - started < 2


def openai_client(lines: list[str]) -> httpx.Client:
    url = re.search(r"openai (\S+)", "".join(lines))
    assert url
    return httpx.Client(base_url=url[1], headers={"Authorization": "Bearer good"})


def stalled(http: httpx.Client) -> AbstractContextManager[httpx.Response]:
    body = {
        "model": "gpt-5.4",
        "stream": True,
        "messages": [{"role": "user", "content": "[[stall]]"}],
    }
    return http.stream("POST", CHAT, json=body)


def test_each_standin_listens_on_a_port_of_its_own(servers: dict[str, str]) -> None:
    assert list(servers) == list(PROVIDERS)
    assert len(set(servers.values())) == len(servers)


def test_a_stream_stalls_after_its_first_event_and_the_log_tells_who_left(
    servers: dict[str, str],
) -> None:
    with httpx.Client(
        base_url=servers["openai"], headers={"Authorization": "Bearer good"}, timeout=0.5
    ) as http:
        chunks: list[str] = []
        with stalled(http) as reply, pytest.raises(httpx.ReadTimeout):
            chunks.extend(reply.iter_text())
        assert len(events_of("".join(chunks))) == 1
        with pytest.raises(httpx.ReadTimeout):
            http.post(IMAGES, json={"model": "gpt-image-2", "prompt": "a cat [[stall]]"})
        log = wait_for_log(http, 2)
    assert [entry["disconnected"] for entry in log] == [True, True]
    assert log[0]["status"] == 200


def test_openai_edits_what_its_sdk_sends(servers: dict[str, str]) -> None:
    files = [("a.png", PICTURE, "image/png"), ("b.png", PICTURE, "image/png")]
    with openai.OpenAI(api_key="good", base_url=f"{servers['openai']}/v1") as sdk:
        answer = sdk.images.edit(image=files, prompt="bluer", model="gpt-image-2", n=1)
        assert answer.size == "1536x1024"
        stream = sdk.images.edit(
            image=files, prompt="bluer", model="gpt-image-2", stream=True, partial_images=1
        )
        assert [event.type for event in stream] == [
            "image_edit.partial_image",
            "image_edit.completed",
        ]


def wait_for_log(http: httpx.Client, count: int) -> list[Fields]:
    for _ in range(50):
        log: list[Fields] = http.get("/_log").json()
        if len([entry for entry in log if entry["disconnected"]]) == count:
            return log
        time.sleep(0.02)
    raise AssertionError(log)
