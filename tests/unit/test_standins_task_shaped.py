"""The stand-ins for polled, native and self-hosted APIs do as the providers are known to do."""

import asyncio
import base64
import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import httpx
import pytest
from PIL import Image

from local.upstreams.apis import a1111, bfl, gemini, modelscope, qwen, studio
from local.upstreams.apis.painting import encode, paint
from local.upstreams.apis.shared_state import Studio

Fields = dict[str, Any]

PICTURE = base64.b64encode(paint("source", 1, 160, 96)).decode()
ORDERS: dict[ModuleType, tuple[str, Fields]] = {
    modelscope: ("/v1/images/generations", {"model": "Tongyi-MAI/Z-Image-Turbo", "prompt": "cat"}),
    bfl: ("/v1/flux-2-pro", {"prompt": "cat"}),
    gemini: (
        "/v1beta/models/gemini-2.5-flash-image:generateContent",
        {"contents": [{"parts": [{"text": "cat"}]}]},
    ),
    qwen: (
        "/api/v1/services/aigc/multimodal-generation/generation",
        {
            "model": "qwen-image-2.0",
            "input": {"messages": [{"role": "user", "content": [{"text": "cat"}]}]},
            "parameters": {"size": "512*512"},
        },
    ),
    a1111: ("/sdapi/v1/txt2img", {"prompt": "cat", "steps": 4, "width": 64, "height": 64}),
    studio: ("/api/generate", {"prompt": "cat", "steps": 1, "width": 64, "height": 64}),
}


def credentials(provider: ModuleType, token: str) -> dict[str, str]:
    if provider is bfl:
        return {"x-key": token}
    if provider is gemini:
        return {"x-goog-api-key": token}
    if provider is a1111:
        return {"Authorization": "Basic " + base64.b64encode(f"user:{token}".encode()).decode()}
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def client(provider: ModuleType, token: str = "good") -> AsyncIterator[httpx.AsyncClient]:
    app = provider.build(Studio(slow_s=0.01, poll_steps=2, step_s=0.002))
    headers = credentials(provider, token) if token else {}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://standin", headers=headers
    ) as http:
        yield http


def with_prompt(fields: Fields, prompt: str) -> Fields:
    changed: Fields = json.loads(json.dumps(fields).replace('"cat"', json.dumps(prompt)))
    return changed


async def image_request(
    provider: ModuleType, token: str = "good", prompt: str = "cat"
) -> httpx.Response:
    path, fields = ORDERS[provider]
    async with client(provider, token) as http:
        return await http.post(path, json=with_prompt(fields, prompt))


def size_of(picture: bytes | str) -> tuple[int, int]:
    data = base64.b64decode(picture) if isinstance(picture, str) else picture
    return Image.open(io.BytesIO(data)).size


@pytest.mark.parametrize(
    ("provider", "token", "status", "words"),
    [
        (modelscope, "", 401, "Authentication failed"),
        (modelscope, "bad", 401, "Authentication failed"),
        (modelscope, "ms-quota", 429, "exceeded today's quota"),
        (modelscope, "limited", 429, "Request limit exceeded"),
        (bfl, "", 403, "Not authenticated"),
        (bfl, "bad", 403, "Invalid Authentication"),
        (bfl, "quota", 402, "Insufficient credits"),
        (bfl, "limited", 429, "Too many requests"),
        (gemini, "", 403, "PERMISSION_DENIED"),
        (gemini, "bad", 400, "API_KEY_INVALID"),
        (gemini, "quota", 429, "QuotaFailure"),
        (gemini, "limited", 429, '"retryDelay":"2s"'),
        (qwen, "", 401, "InvalidApiKey"),
        (qwen, "bad", 401, "InvalidApiKey"),
        (qwen, "sk-quota", 429, "Throttling.AllocationQuota"),
        (qwen, "limited", 429, "Throttling.RateQuota"),
        (a1111, "bad", 401, "Incorrect username or password"),
        (a1111, "quota", 429, "used up"),
        (studio, "bad", 401, "password"),
        (studio, "limited", 429, "Too many requests"),
    ],
)
async def test_a_token_is_turned_away_in_the_providers_words(
    provider: ModuleType, token: str, status: int, words: str
) -> None:
    reply = await image_request(provider, token)
    assert reply.status_code == status
    assert words in reply.text
    assert reply.headers.get("retry-after") == ("2" if token == "limited" else None)


@pytest.mark.parametrize("provider", [a1111, studio])
async def test_a_self_hosted_server_is_open_to_those_without_a_password(
    provider: ModuleType,
) -> None:
    assert (await image_request(provider, "")).status_code == 200


@pytest.mark.parametrize(
    ("provider", "prompt", "status", "words"),
    [
        (modelscope, "[[refuse]]", 400, "inappropriate content"),
        (modelscope, "[[fail]]", 500, "Internal error"),
        (gemini, "[[refuse]]", 200, "IMAGE_SAFETY"),
        (gemini, "[[refuse:prompt]]", 200, '"blockReason":"PROHIBITED_CONTENT"'),
        (gemini, "[[finish:NO_IMAGE]]", 200, "NO_IMAGE"),
        (gemini, "[[fail]]", 500, "INTERNAL"),
        (qwen, "[[refuse]]", 400, "DataInspectionFailed"),
        (qwen, "[[quota:Arrearage]]", 400, "Arrearage"),
        (qwen, "[[inside200:Throttling]]", 200, '"code":"Throttling"'),
        (a1111, "[[fail]]", 500, '"error":"OutOfMemoryError"'),
        (a1111, "[[error:no such thing]]", 400, "no such thing"),
        (studio, "[[fail]]", 500, "CUDA out of memory"),
        (studio, "[[dead]]", 503, "Pipeline not loaded"),
    ],
)
async def test_a_directive_is_obeyed_in_the_providers_words(
    provider: ModuleType, prompt: str, status: int, words: str
) -> None:
    reply = await image_request(provider, prompt=prompt)
    assert (reply.status_code, "inlineData" in reply.text) == (status, False)
    assert words in reply.text


async def run_flux(prompt: str, **fields: Any) -> list[httpx.Response]:
    """The submission, every poll, and the picture if there is one."""
    async with client(bfl) as http:
        replies = [await http.post("/v1/flux-2-pro", json={"prompt": prompt, **fields})]
        while len(replies) < 6:
            replies.append(await http.get(replies[0].json()["polling_url"]))
            if replies[-1].json()["status"] != "Pending":
                break
        result = replies[-1].json()["result"] or {}
        if "sample" in result:
            replies.append(await http.get(result["sample"]))
        return replies


async def test_flux_is_pending_with_progress_then_ready_with_a_picture() -> None:
    _, first, second, ready, picture = await run_flux("cat [[preview]]", width=128, height=64)
    assert [poll.json()["progress"] for poll in (first, second)] == [0.0, 0.5]
    assert size_of(second.json()["preview"]) == (64, 64)
    assert ready.json()["status"] == "Ready"
    assert picture.headers["content-type"] == "image/jpeg"
    assert size_of(picture.content) == (128, 64)


@pytest.mark.parametrize(
    ("prompt", "polls", "http_status", "status"),
    [
        ("[[refuse]]", 1, 200, "Request Moderated"),
        ("[[refuse:output]]", 3, 200, "Content Moderated"),
        ("[[fail]]", 3, 503, "Error"),
        ("[[stall]]", 5, 200, "Pending"),
        ("[[none]]", 3, 200, "Ready"),
    ],
)
async def test_flux_ends_as_directed(
    prompt: str, polls: int, http_status: int, status: str
) -> None:
    _, *seen = await run_flux(prompt)
    assert len(seen) == polls
    assert (seen[-1].status_code, seen[-1].json()["status"]) == (http_status, status)


async def test_the_sample_of_flux_is_gone_after_its_ten_minutes() -> None:
    assert (await run_flux("[[gone]]"))[-1].status_code == 403


@pytest.mark.parametrize(
    ("endpoint", "fields", "place"),
    [
        ("flux-2-pro", {"width": 65}, "width"),
        ("flux-2-pro", {"safety_tolerance": 6}, "safety_tolerance"),
        ("flux-2-pro", {"output_format": "webp"}, "output_format"),
        ("flux-2-pro", {"input_image": "no picture"}, "input_image"),
        ("flux-2-flex", {"steps": 51}, "steps"),
        ("flux-pro-1.1-ultra", {"aspect_ratio": "22:9"}, "aspect_ratio"),
        ("flux-pro-1.0-fill", {}, "image"),
    ],
)
async def test_flux_refuses_what_is_out_of_bounds(
    endpoint: str, fields: Fields, place: str
) -> None:
    async with client(bfl) as http:
        reply = await http.post(f"/v1/{endpoint}", json={"prompt": "cat", **fields})
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["body", place]


async def run_modelscope(prompt: str, token: str = "good") -> list[httpx.Response]:
    path, fields = ORDERS[modelscope]
    async with client(modelscope) as http:
        headers = {"X-ModelScope-Async-Mode": "true"}
        submission = await http.post(path, json=with_prompt(fields, prompt), headers=headers)
        headers = {"X-ModelScope-Task-Type": "image_generation"} | credentials(modelscope, token)
        where = f"/v1/tasks/{submission.json()['task_id']}"
        return [await http.get(where, headers=headers) for _ in range(3)]


async def test_modelscope_goes_from_pending_to_succeed() -> None:
    polls = [poll.json() for poll in await run_modelscope("cat")]
    assert [poll["task_status"] for poll in polls] == ["PENDING", "RUNNING", "SUCCEED"]
    assert [len(poll["output_images"]) for poll in polls] == [0, 0, 1]


async def test_modelscope_survives_a_bad_poll_and_says_why_it_failed() -> None:
    _, second, third = await run_modelscope("[[fail:task_msg]] [[badpoll]]")
    assert (second.status_code, second.headers["content-type"][:9]) == (502, "text/html")
    assert third.json()["task_status"] == "FAILED"
    assert "ran out of memory" in third.json()["task_msg"]


async def test_modelscope_shows_a_task_to_its_owner_alone() -> None:
    assert {poll.status_code for poll in await run_modelscope("cat", "good-other")} == {404}


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 1},
        {"prompt": "x" * 2000},
        {"guidance": 1.0},
        {"seed": "1"},
        {"model": "black-forest-labs/FLUX.2-dev", "size": "1536x1024"},
        {"model": "Qwen/Qwen-Image-Edit-2509"},
    ],
)
async def test_modelscope_refuses_what_is_out_of_bounds(fields: Fields) -> None:
    path, sound = ORDERS[modelscope]
    async with client(modelscope) as http:
        reply = await http.post(path, json={**sound, **fields})
    assert reply.status_code == 400
    assert reply.json()["errors"]["message"]


async def imagine(model: str, **fields: Any) -> httpx.Response:
    contents = [{"parts": [{"text": "cat"}]}]
    async with client(gemini) as http:
        path = f"/v1beta/models/{model}:generateContent"
        return await http.post(path, json={"contents": contents, **fields})


async def test_gemini_thinks_in_a_picture_that_is_not_the_final_one() -> None:
    reply = await imagine("gemini-3-pro-image", generationConfig={"seed": 1})
    parts = reply.json()["candidates"][0]["content"]["parts"]
    thought, final = [part for part in parts if "inlineData" in part]
    assert thought["thought"]
    assert "thought" not in final
    assert thought["inlineData"]["data"] != final["inlineData"]["data"]


@pytest.mark.parametrize(
    ("model", "image_config", "size"),
    [
        ("gemini-2.5-flash-image", {"aspectRatio": "16:9"}, (1344, 768)),
        ("gemini-3-pro-image", {"aspect_ratio": "21:9", "imageSize": "1K"}, (1584, 672)),
        ("gemini-3.1-flash-image", {"aspectRatio": "1:8", "imageSize": "512"}, (192, 1536)),
    ],
)
async def test_gemini_paints_on_its_grid(
    model: str, image_config: Fields, size: tuple[int, int]
) -> None:
    reply = await imagine(model, generation_config={"imageConfig": image_config})
    part = reply.json()["candidates"][0]["content"]["parts"][-1]
    assert size_of(part["inlineData"]["data"]) == size


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"size": "1:1"}, 'Unknown name "size": Cannot find field.'),
        ({"generationConfig": {"n": 1}}, "Unknown name \"n\" at 'generation_config'"),
        ({"generationConfig": {"imageConfig": {"imageSize": "2K"}}}, "not supported"),
        ({"generationConfig": {"imageConfig": {"aspectRatio": "1:8"}}}, "Invalid aspect ratio"),
        ({"generationConfig": {"seed": 1.5}}, "(TYPE_INT32)"),
    ],
)
async def test_gemini_refuses_what_it_does_not_know(fields: Fields, words: str) -> None:
    reply = await imagine("gemini-2.5-flash-image", **fields)
    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert words in reply.json()["error"]["message"]


@pytest.mark.parametrize("instances", [{"prompt": "cat"}, [{"prompt": "cat"}]])
async def test_imagen_takes_an_instance_with_or_without_a_list(instances: Any) -> None:
    async with client(gemini) as http:
        path = "/v1beta/models/imagen-4.0-generate-001:predict"
        body = {"instances": instances, "parameters": {"sampleCount": 2}}
        predictions = (await http.post(path, json=body)).json()["predictions"]
    assert [prediction["mimeType"] for prediction in predictions] == ["image/png"] * 2


async def run_dashscope(prompt: str, **headers: str) -> list[httpx.Response]:
    body = {"model": "qwen-image", "input": {"prompt": prompt}}
    async with client(qwen) as http:
        path = "/api/v1/services/aigc/text2image/image-synthesis"
        submission = await http.post(path, json=body, headers=headers)
        if submission.status_code != 200:
            return [submission]
        where = f"/api/v1/tasks/{submission.json()['output']['task_id']}"
        return [await http.get(where) for _ in range(3)]


async def test_dashscope_has_tasks_that_succeed_in_part() -> None:
    polls = await run_dashscope("cat [[partial]]", **{"X-DashScope-Async": "enable"})
    outputs = [poll.json()["output"] for poll in polls]
    assert [output["task_status"] for output in outputs] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert "url" not in outputs[-1]["results"][-1]
    assert outputs[-1]["task_metrics"]["FAILED"] == 1


async def test_dashscope_wants_its_asynchronous_header() -> None:
    (reply,) = await run_dashscope("cat")
    assert (reply.status_code, reply.json()["code"]) == (403, "AccessDenied")


@pytest.mark.parametrize(
    "change",
    [
        {"model": "qwen-image"},
        {"model": "qwen-image-edit"},
        {"parameters": {"size": "512x512"}},
        {"parameters": {"n": 7}},
        {"parameters": {"negative_prompt": "x" * 501}},
        {"input": {"messages": []}},
    ],
)
async def test_dashscope_refuses_what_the_family_cannot_do(change: Fields) -> None:
    path, sound = ORDERS[qwen]
    async with client(qwen) as http:
        reply = await http.post(path, json={**sound, **change})
    assert (reply.status_code, reply.json()["code"]) == (400, "InvalidParameter")


async def test_the_web_ui_shows_its_progress_until_it_is_interrupted() -> None:
    path, fields = ORDERS[a1111]
    async with client(a1111) as http:
        stuck = with_prompt(fields, "cat [[stall]]")
        job = asyncio.create_task(http.post(path, json=stuck))
        progress: Fields = {"current_image": None}
        while not progress["current_image"]:
            await asyncio.sleep(0)  # else the job would never get its turn
            progress = (await http.get("/sdapi/v1/progress")).json()
        await http.post("/sdapi/v1/interrupt")
        reply = (await job).json()
        idle = (await http.get("/sdapi/v1/progress")).json()
    assert 0 < progress["progress"] < 1
    assert size_of(progress["current_image"]) == (16, 16)
    assert size_of(reply["images"][0]) == (64, 64)
    assert (idle["progress"], idle["state"]["job_count"]) == (0, 0)


async def test_the_web_ui_tells_its_seeds_in_a_text_of_json() -> None:
    path, fields = ORDERS[a1111]
    async with client(a1111) as http:
        reply = (await http.post(path, json={**fields, "batch_size": 2, "seed": 7})).json()
    assert len(reply["images"]) == 2
    assert json.loads(reply["info"])["all_seeds"] == [7, 8]


@pytest.mark.parametrize(
    ("route", "fields", "status", "words"),
    [
        ("txt2img", {"sampler_name": "Nope"}, 400, "Sampler not found"),
        ("txt2img", {"steps": "many"}, 422, "int_parsing"),
        ("img2img", {}, 404, "Init image not found"),
        ("img2img", {"init_images": ["no picture"]}, 500, "Invalid encoded image"),
    ],
)
async def test_the_web_ui_words_its_errors(
    route: str, fields: Fields, status: int, words: str
) -> None:
    async with client(a1111) as http:
        reply = await http.post(f"/sdapi/v1/{route}", json=fields)
    assert reply.status_code == status
    assert words in reply.text


async def test_the_web_ui_takes_a_picture_with_or_without_a_data_head() -> None:
    async with client(a1111) as http:
        for image in (PICTURE, f"data:image/png;base64,{PICTURE}"):
            body = {"init_images": [image], "steps": 1}
            reply = await http.post("/sdapi/v1/img2img", json=body)
            assert size_of(reply.json()["images"][0]) == (512, 512)


async def test_the_studio_sends_a_picture_and_hides_the_seed_zero() -> None:
    path, fields = ORDERS[studio]
    async with client(studio) as http:
        named = await http.post(path, json={**fields, "seed": 4})
        zero = await http.post(path, json={**fields, "seed": 0})
    assert (named.headers["x-seed"], zero.headers["x-seed"]) == ("4", "random")
    assert (named.headers["x-history-id"], zero.headers["x-history-id"]) == ("0", "1")
    assert size_of(named.content) == (64, 64)


async def test_the_studio_falls_over_a_size_that_is_no_multiple_of_16() -> None:
    async with client(studio) as http:
        reply = await http.post("/api/generate", json={"prompt": "cat", "width": 1000})
    assert reply.status_code == 500
    assert "Width must be divisible by 16 (got 1000)" in reply.json()["detail"]


async def test_the_studio_takes_a_picture_apart() -> None:
    picture = base64.b64encode(paint("a room", 1, 96, 64)).decode()
    fields = {"image": picture, "prompt": "a room", "layer_num": 3, "resolution": 640, "seed": 4}
    async with client(studio) as http:
        answer = (await http.post("/api/qwen-image/decompose", json=fields)).json()
        refused = await http.post("/api/qwen-image/decompose", json={**fields, "resolution": 800})
        (item,) = (await http.get("/api/history")).json()["history"]
    assert [layer["name"] for layer in answer["layers"]] == ["Composite", "Layer 1", "Layer 2"]
    layers = [base64.b64decode(layer["image"].rpartition(",")[2]) for layer in answer["layers"]]
    assert {size_of(layer) for layer in layers} == {(768, 512)}
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["zip_data"]))) as archive:
        names = ["composite.png", "layer_1.png", "layer_2.png"]
        assert [archive.read(name) for name in names] == layers
    assert (answer["seed"], answer["layer_count"], refused.status_code) == (4, 3, 400)
    assert (item["model_type"], item["layer_num"]) == ("qwenimage", 3)


async def test_the_studio_gives_an_edited_layer_its_transparency_back() -> None:
    image = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    image.paste((0, 0, 200, 255), (8, 8, 24, 24))
    text = base64.b64encode(encode(image, "png")).decode()
    async with client(studio) as http:
        edited = await http.post(
            "/api/qwen-image/edit-layer", json={"layer_image": text, "instruction": "red"}
        )
        combined = await http.post(
            "/api/qwen-image/edit-multi", json={"images": [text, text], "instruction": "one"}
        )
        alone = await http.post(
            "/api/qwen-image/edit-multi", json={"images": [text], "instruction": "one"}
        )
    made = Image.open(io.BytesIO(edited.content))
    assert made.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    assert edited.headers["content-disposition"].startswith("attachment; filename=edited_layer_")
    assert (combined.headers["x-image-count"], alone.status_code) == ("2", 400)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"prompt": "cat", "rewriter": "rewriter_official"}, 200, "cat"),
        ({"prompt": "cat", "custom_system_prompt": "Say more."}, 200, "Say more."),
        ({}, 400, "prompt or image"),
        ({"prompt": "cat"}, 400, "rewriter"),
        ({"image": "x"}, 400, "text-only"),
        ({"prompt": "cat", "model": "qwen3-vl"}, 400, "not configured"),
        ({"prompt": "cat", "rewriter": "nonsense"}, 404, "nonsense"),
        ({"prompt": "cat", "rewriter": "artistic"}, 400, "artistic"),
    ],
    ids=str,
)
async def test_the_studio_rewrites_prompts(fields: Fields, status: int, words: str) -> None:
    async with client(studio) as http:
        reply = await http.post("/api/rewrite", json=fields)
    assert reply.status_code == status
    assert words in (reply.json().get("rewritten_prompt") or reply.json()["detail"])


@pytest.mark.parametrize(
    ("fields", "chars"),
    [
        ({"prompt": "A cat sleeping"}, 64),
        ({"prompt": "A cat", "system_prompt": "You are a painter."}, 103),
        ({"prompt": "A house", "force_think_block": True}, 76),
        ({"prompt": "a\r\n\r\n\r\n\r\nb"}, 60),
        ({"prompt": "x", "system_prompt": '"  "', "strip_quotes": True}, 82),
    ],
)
async def test_the_studio_formats_prompts_as_the_original(fields: Fields, chars: int) -> None:
    async with client(studio) as http:
        reply = await http.post("/api/format-prompt", json=fields)
    assert reply.json()["char_count"] == chars


@pytest.mark.parametrize(
    ("provider", "change", "answer"),
    [
        (gemini, {"generationConfig": {"seed": 5}}, "candidates"),
        (modelscope, {"seed": 5}, "images"),
    ],
)
async def test_the_same_order_gives_the_same_picture(
    provider: ModuleType, change: Fields, answer: str
) -> None:
    path, fields = ORDERS[provider]
    async with client(provider) as http:
        first = await http.post(path, json={**fields, **change})
        second = await http.post(path, json={**fields, **change})
    assert first.json()[answer] == second.json()[answer]
