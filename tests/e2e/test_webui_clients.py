"""AUTOMATIC1111's clients against the Worker: `webuiapi` unchanged, and Open WebUI's calls."""

import base64
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import webuiapi
from PIL import Image, ImageDraw

from tests.e2e.stack import Stack
from tests.support.spaces import eventually

MODEL = "flux-1-schnell"
SLOW = "slow [[steps:300]]"  # six seconds


def client_of(stack: Stack, **arguments: Any) -> Any:
    return webuiapi.WebUIApi(baseurl=f"{stack.url}/sdapi/v1", steps=4, **arguments)


@pytest.fixture
def api(stack: Stack, request: pytest.FixtureRequest) -> Any:
    """A client of somebody whom no other test is."""
    return client_of(stack, username="me", password=f"somebody-{request.node.name}")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def title_of(api: Any, name: str) -> str:
    titles = {item["model_name"]: item["title"] for item in api.get_sd_models()}
    return str(titles[name])


def photograph(size: tuple[int, int] = (512, 512)) -> Image.Image:
    return Image.effect_noise(size, 90).convert("RGB")


def test_a_client_is_made_and_finds_no_extensions(stack: Stack) -> None:
    api = client_of(stack)
    assert api.has_controlnet is False
    assert api.get_scripts() == {"txt2img": [], "img2img": []}


def test_a_picture_comes_from_a_text(api: Any) -> None:
    result = api.txt2img(prompt="a lighthouse", seed=1003, width=512, height=512)
    assert result.image.size == (512, 512)
    assert (result.info["seed"], result.info["all_seeds"]) == (1003, [1003])
    assert result.info["sd_model_name"] == "z-image-turbo"
    assert result.info["infotexts"][0].startswith("a lighthouse\nSteps: 4, ")
    assert result.parameters["prompt"] == "a lighthouse"


def test_the_same_seed_gives_the_same_picture(api: Any) -> None:
    pictures = [api.txt2img(prompt="a fox", seed=7).image.tobytes() for _ in range(2)]
    assert pictures[0] == pictures[1]


def test_minus_one_is_answered_with_the_seed_that_it_was(api: Any) -> None:
    drawn = api.txt2img(prompt="a fox", seed=-1)
    assert drawn.info["seed"] >= 0
    again = api.txt2img(prompt="a fox", seed=drawn.info["seed"])
    assert again.image.tobytes() == drawn.image.tobytes()


def test_batches_and_iterations_multiply(api: Any) -> None:
    result = api.txt2img(prompt="a fox", batch_size=2, n_iter=3, seed=40)
    assert len(result.images) == 6
    assert result.info["all_seeds"] == list(range(40, 46))


def test_an_option_chooses_the_model_of_what_follows(api: Any) -> None:
    api.set_options({"sd_model_checkpoint": title_of(api, MODEL)})
    assert api.util_get_current_model() == title_of(api, MODEL)
    assert api.txt2img(prompt="a fox").info["sd_model_name"] == MODEL
    api.util_set_model("ovis-image")
    assert api.txt2img(prompt="a fox").info["sd_model_name"] == "ovis-image"


def test_an_option_of_one_caller_is_nobody_elses(api: Any, stack: Stack) -> None:
    api.set_options({"sd_model_checkpoint": MODEL})
    other = client_of(stack, username="me", password="somebody-else-entirely")
    assert other.util_get_current_model() == title_of(other, "z-image-turbo")


def test_an_override_comes_before_the_option(api: Any) -> None:
    api.set_options({"sd_model_checkpoint": MODEL})
    override = {"sd_model_checkpoint": "z-image"}
    result = api.txt2img(prompt="a fox", override_settings=override)
    assert result.info["sd_model_name"] == "z-image"
    assert api.util_get_current_model() == title_of(api, MODEL)


def test_the_lists_are_what_the_client_reads(api: Any) -> None:
    assert "Euler a" in api.util_get_sampler_names()
    assert "karras" in api.util_get_scheduler_names()
    assert title_of(api, MODEL) in api.util_get_model_names()
    for name in (
        "sd_vae", "upscalers", "latent_upscale_modes", "loras", "hypernetworks", "face_restorers",
        "realesrgan_models", "prompt_styles", "embeddings", "memory", "cmd_flags", "schedulers",
    ):  # fmt: skip
        assert getattr(api, f"get_{name}")() is not None, name
    assert api.refresh_checkpoints() is None
    assert api.interrupt() == {}
    assert api.skip() is None


def test_a_picture_is_edited(api: Any) -> None:
    result = api.img2img(images=[photograph()], prompt="make it blue", denoising_strength=0.4)
    assert result.image.size == (512, 512)
    assert result.info["sd_model_name"] == "qwen-image-edit"
    assert "denoising_strength" in result.info["ignored"]
    assert result.parameters["init_images"] is None


def last_request(stack: Stack, path: str) -> dict[str, Any]:
    log = httpx.get(f"{stack.apis['a1111']}/_log", timeout=30).json()
    body: dict[str, Any] = [entry["body"] for entry in log if entry["path"].endswith(path)][-1]
    return body


@pytest.mark.parametrize("mode", ["L", "RGBA"])
@pytest.mark.parametrize("invert", [0, 1])
def test_a_mask_says_where_a_picture_may_change(
    api: Any, stack: Stack, mode: str, invert: int
) -> None:
    """White, or opaque, on the left; what goes upstream is transparent there, or elsewhere."""
    mask = Image.new(mode, (512, 512), 0 if mode == "L" else (0, 0, 0, 0))
    ImageDraw.Draw(mask).rectangle((0, 0, 255, 511), 255 if mode == "L" else (9, 9, 9, 255))
    result = api.img2img(
        images=[photograph()], mask_image=mask, inpainting_mask_invert=invert, prompt="a door",
        denoising_strength=0.4, override_settings={"sd_model_checkpoint": "a1111/default"},
    )  # fmt: skip
    assert result.image.size == (512, 512)
    sent = last_request(stack, "img2img")
    assert sent["denoising_strength"] == 0.4
    seen = Image.open(io.BytesIO(base64.b64decode(sent["mask"]))).getchannel("A")
    left, right = seen.getpixel((10, 10)), seen.getpixel((500, 10))
    assert (left, right) == ((255, 0) if invert else (0, 255))


def test_a_mask_without_a_model_goes_to_one_that_takes_masks(api: Any) -> None:
    mask = Image.new("L", (512, 512), 255)
    result = api.img2img(images=[photograph()], mask_image=mask, prompt="a")
    assert result.info["sd_model_name"] == "a1111/default"


def test_a_mask_that_a_named_model_does_not_support_is_refused(api: Any) -> None:
    mask, named = Image.new("L", (512, 512), 255), {"sd_model_checkpoint": "qwen-image-edit"}
    with pytest.raises(RuntimeError) as caught:
        api.img2img(images=[photograph()], mask_image=mask, prompt="a", override_settings=named)
    status, text = caught.value.args
    assert status == 400
    assert "mask" in json.loads(text)["detail"]


def test_progress_is_seen_while_a_job_runs_and_is_idle_after_it(
    api: Any, pool: ThreadPoolExecutor
) -> None:
    painting = pool.submit(
        api.txt2img, prompt=SLOW, override_settings={"sd_model_checkpoint": MODEL}
    )
    steps: list[int] = []
    eventually(lambda: api.get_progress()["state"]["sampling_step"] > 0)
    while not painting.done() and len(steps) < 2:
        seen = api.get_progress()
        if seen["state"]["job_count"] and seen["state"]["sampling_step"] not in steps:
            assert 0 < seen["progress"] <= 1
            assert seen["state"]["sampling_steps"] == 300
            assert seen["eta_relative"] >= 0
            steps.append(seen["state"]["sampling_step"])
    assert steps == sorted(steps)
    assert len(steps) == 2
    assert painting.result().image.size == (512, 512)
    api.util_wait_for_ready(check_interval=0.2)
    seen = api.get_progress()
    assert (seen["progress"], seen["state"]["job_count"], seen["current_image"]) == (0.0, 0, None)


def test_previews_are_seen_while_a_job_runs(api: Any, pool: ThreadPoolExecutor) -> None:
    override = {"sd_model_checkpoint": "a1111/default"}
    painting = pool.submit(api.txt2img, prompt="[[steps:100]] a fox", override_settings=override)
    seen: list[str] = []

    def look() -> bool:
        seen.extend(filter(None, [api.get_progress()["current_image"]]))
        return bool(seen) or painting.done()

    eventually(look)
    assert Image.open(io.BytesIO(base64.b64decode(seen[0], validate=True))).size
    assert painting.result().image.size == (512, 512)


def test_nobody_else_sees_a_job(api: Any, stack: Stack, pool: ThreadPoolExecutor) -> None:
    painting = pool.submit(
        api.txt2img, prompt=SLOW, override_settings={"sd_model_checkpoint": MODEL}
    )
    eventually(lambda: api.get_progress()["state"]["job_count"] == 1)
    other = client_of(stack, username="me", password="somebody-else-entirely")
    assert other.get_progress()["state"]["job_count"] == 0
    api.interrupt()
    ended(painting)


def ended(painting: "Future[Any]") -> Exception | None:
    error = painting.exception(timeout=30)
    assert error is None or isinstance(error, RuntimeError)
    return error


def test_an_interrupted_job_ends_with_what_there_is(
    api: Any, stack: Stack, pool: ThreadPoolExecutor
) -> None:
    prompt = "interrupted [[steps:1000]]"
    override = {"sd_model_checkpoint": "a1111/default"}
    painting = pool.submit(api.txt2img, prompt=prompt, seed=3, override_settings=override)
    eventually(lambda: api.get_progress()["current_image"] is not None)
    began = time.monotonic()
    api.interrupt()
    result = painting.result(timeout=30)
    assert time.monotonic() - began < 10
    assert len(result.images) == 1
    assert result.info["seed"] == 3
    assert api.get_progress()["state"]["job_count"] == 0


def test_an_interrupted_job_with_nothing_to_show_says_so_and_is_taken_back(
    api: Any, stack: Stack, pool: ThreadPoolExecutor
) -> None:
    stack.spaces.forget()
    override = {"sd_model_checkpoint": MODEL}
    painting = pool.submit(api.txt2img, prompt="[[steps:900]]", override_settings=override)
    eventually(lambda: api.get_progress()["state"]["job_count"] == 1)
    api.interrupt()
    error = ended(painting)
    assert error is not None
    status, text = error.args
    assert status == 502
    assert json.loads(text)["error"] == "JobFailed"
    eventually(lambda: bool(stack.spaces.log("/cancel")))


def test_a_picture_is_enlarged(api: Any) -> None:
    result = api.extra_single_image(
        image=photograph((64, 48)), upscaler_1=webuiapi.Upscaler.ESRGAN_4x, upscaling_resize=4
    )
    assert result.image.size == (256, 192)
    batch = api.extra_batch_images(
        images=[photograph((32, 32)), photograph((48, 32))], upscaler_1="R-ESRGAN 4x+"
    )
    assert [image.size for image in batch.images] == [(128, 128), (192, 128)]


def test_a_picture_tells_how_it_was_made(api: Any) -> None:
    override = {"sd_model_checkpoint": "a1111/default"}
    result = api.txt2img(prompt="a fox, 狐狸", override_settings=override)
    read = api.png_info(result.image)
    assert read.info == result.info["infotexts"][0]
    assert read.parameters["Prompt"] == "a fox, 狐狸"


def test_a_picture_is_described(api: Any) -> None:
    with pytest.raises(RuntimeError) as caught:
        api.interrogate(photograph((64, 64)))
    assert caught.value.args[0] == 503
    assert "DEFAULT_VISION_MODEL" in caught.value.args[1]
    assert api.interrogate(photograph((64, 64)), model="pollinations/openai-fast").info


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"sampler_name": "Brush"}, 400), ({"batch_size": 11}, 422), ({"steps": "many"}, 422),
        ({"prompt": ""}, 400), ({"override_settings": {"sd_model_checkpoint": "nope"}}, 404),
        ({"prompt": "[[refuse]]"}, 400), ({"prompt": "[[quota]]"}, 429), ({"prompt": "[[fail]]"}, 502),
        ({"override_settings": {"sd_model_checkpoint": "gitee/z-image-turbo"}}, 401),
    ],
)  # fmt: skip
def test_a_failure_raises_with_its_status_and_the_servers_words(
    stack: Stack, fields: dict[str, Any], status: int
) -> None:
    api = client_of(stack)
    fields.setdefault("override_settings", {"sd_model_checkpoint": MODEL})
    with pytest.raises(RuntimeError) as caught:
        api.txt2img(**{"prompt": "a fox", **fields})
    assert caught.value.args[0] == status
    error = json.loads(caught.value.args[1])
    if status == 422:
        assert error["detail"][0]["loc"][0] == "body"
    else:
        assert set(error) == {"error", "detail", "body", "errors"}
        assert error["body"] == ""


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def post(stack: Stack, path: str, body: object, **headers: str) -> httpx.Response:
    return httpx.post(f"{stack.url}/sdapi/v1/{path}", json=body, headers=headers, timeout=60)


@pytest.mark.parametrize(
    "header", ["", "Basic", basic("user:pass"), basic("gitee:good-a:x"), basic(":x"), "Bearer x"]
)
def test_any_header_will_do_where_no_token_is_needed(stack: Stack, header: str) -> None:
    reply = post(stack, "txt2img", {"prompt": "a fox", "model": MODEL}, authorization=header)
    assert reply.status_code == 200, reply.text[:300]
    assert float(reply.headers["x-process-time"]) > 0


@pytest.mark.parametrize(
    "pair",
    ["me:gitee:good-key", "gitee:good-key", "gitee:good-key:x", ":gitee:bad,good-key",
     "me:ms:good,gitee:good-key,hf:hf_x", "good-key:"],
)  # fmt: skip
def test_a_token_in_either_half_reaches_its_provider(stack: Stack, pair: str) -> None:
    body = {"prompt": "a fox", "model": "gitee/z-image-turbo"}
    reply = post(stack, "txt2img", body, authorization=basic(pair))
    assert reply.status_code == 200, reply.text[:300]
    assert reply.headers["x-darkroom-provider"] == "gitee"


def test_a_refused_token_is_answered_with_a_basic_challenge(stack: Stack) -> None:
    body = {"prompt": "a fox", "model": "gitee/z-image-turbo"}
    reply = post(stack, "txt2img", body, authorization=basic("me:gitee:bad-a1111"))
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Basic")
    assert "bad-a1111" not in reply.text


def test_open_webui_gets_what_it_looks_for(stack: Stack) -> None:
    """Its four calls in order, with the empty header that it sends (wire-formats C0)."""
    base, headers = f"{stack.url}/sdapi/v1", {"authorization": ""}
    with httpx.Client(headers=headers, timeout=60) as client:
        options = client.get(f"{base}/options").json()
        wanted = title_of(client_of(stack), MODEL)
        assert options["sd_model_checkpoint"] != wanted
        options["sd_model_checkpoint"] = wanted
        try:
            assert client.post(f"{base}/options", json=options).status_code == 200
            assert client.get(f"{base}/options").json()["sd_model_checkpoint"] == wanted
            models = client.get(f"{base}/sd-models").json()
            assert {"id": wanted, "name": MODEL} in [
                {"id": model["title"], "name": model["model_name"]} for model in models
            ]
            body = {"prompt": "a fox", "batch_size": 2, "width": 512, "height": 512, "steps": 4,
                    "negative_prompt": "a dog"}  # fmt: skip
            answer = client.post(f"{base}/txt2img", json=body).json()
        finally:
            client.post(f"{base}/options", json={"sd_model_checkpoint": "z-image-turbo"})
    assert len(answer["images"]) == 2
    for text in answer["images"]:
        assert Image.open(io.BytesIO(base64.b64decode(text, validate=True))).size == (512, 512)
    assert json.loads(answer["info"])["sd_model_name"] == MODEL


def test_many_callers_at_once_each_get_their_own(stack: Stack, pool: ThreadPoolExecutor) -> None:
    def paint(number: int) -> int:
        api = client_of(stack, username="me", password=f"one-of-many-{number}")
        override = {"sd_model_checkpoint": MODEL}
        result = api.txt2img(prompt=f"number {number}", seed=number, override_settings=override)
        return int(result.info["seed"])

    assert list(pool.map(paint, range(12))) == list(range(12))


def test_a_large_picture_goes_there_and_back(api: Any) -> None:
    source = photograph((2048, 1536))  # about nine megabytes of base64
    result = api.img2img(images=[source], prompt="make it blue", width=1024, height=768)
    assert result.image.size == (1024, 768)
