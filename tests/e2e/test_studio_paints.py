"""The studio's routes that paint, as their clients reach them in workerd."""

import base64
import io
import json
import zipfile
from typing import Any

import httpx
from PIL import Image

from darkroom.prompts.template import TEMPLATES
from darkroom.sse import EventReader
from tests.e2e.stack import Stack
from tests.support.spaces import eventually

# Asks a Space, where a studio of the operator's would otherwise come first.
SPACE = {"model": "z-image-turbo"}


def post(stack: Stack, path: str, bearer: str = "", **body: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    reply = httpx.post(f"{stack.url}{path}", json=body, headers=headers, timeout=60)
    assert reply.status_code == 200, reply.text[:500]
    return reply


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def text_of(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def layer() -> Image.Image:
    noise = [Image.effect_noise((480, 320), 60 + band) for band in range(3)]
    image = Image.merge("RGB", noise)
    image.putalpha(Image.radial_gradient("L").resize((480, 320)))
    return image


def test_a_studio_paints_in_full(stack: Stack) -> None:
    httpx.delete(f"{stack.apis['studio']}/_log", timeout=30)
    fields: dict[str, Any] = {
        "prompt": "A cat sleeping", "width": 512, "height": 384, "steps": 2, "seed": 42,
        "shift": 2.5, "slg_scale": 2.5, "slg_layers": [7, 8, 9], "template": "photorealistic",
        "strip_quotes": True, "dype": {"enabled": False},
    }  # fmt: skip
    reply = post(stack, "/api/generate", **fields)
    assert (opened(reply.content).format, opened(reply.content).size) == ("PNG", (512, 384))
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["x-seed"] == "42"
    assert float(reply.headers["x-generation-time"]) > 0
    assert reply.headers["x-darkroom-provider"] == "studio"
    assert "x-ignored" not in reply.headers
    (sent,) = httpx.get(f"{stack.apis['studio']}/_log", timeout=30).json()
    assert sent["body"]["system_prompt"] == TEMPLATES["photorealistic"].system_prompt
    assert (sent["body"]["shift"], sent["body"]["slg_layers"]) == (2.5, [7, 8, 9])


def test_a_space_paints_what_it_can_and_a_png_comes_of_it(stack: Stack) -> None:
    fields: dict[str, Any] = {
        "prompt": '"A cat"',
        "steps": 2,
        "shift": 2.5,
        "strip_quotes": True,
        **SPACE,
    }
    reply = post(stack, "/api/generate", width=512, height=512, **fields)
    assert (opened(reply.content).format, opened(reply.content).size) == ("PNG", (512, 512))
    assert reply.headers["x-ignored"] == "shift"
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert int(reply.headers["x-seed"]) >= 0
    assert "x-history-id" not in reply.headers


def test_a_picture_is_found_in_the_history_by_the_id_that_was_reported(stack: Stack) -> None:
    bearer = "hf:good-history-of-a-studio"
    fields: dict[str, Any] = {"prompt": "A cat", "steps": 2, "width": 512, "height": 512, **SPACE}
    reply = post(stack, "/api/generate", bearer, thinking_content="Orange fur.", **fields)
    headers = {"authorization": f"Bearer {bearer}"}

    def listed() -> list[dict[str, Any]]:
        answer = httpx.get(f"{stack.url}/api/history", headers=headers, timeout=30)
        return list(answer.json()["history"])

    eventually(lambda: len(listed()) == 1)
    (item,) = listed()
    assert item["id"] == int(reply.headers["x-history-id"])
    assert base64.b64decode(item["image_b64"]) == reply.content
    assert item["thinking_content"] == "Orange fur."
    assert "<think>\nOrange fur.\n</think>" in item["formatted_prompt"]


def test_progress_is_streamed_to_clients_that_accept_events(stack: Stack) -> None:
    fields = {"prompt": "A cat", "steps": 4, "width": 512, "height": 512, **SPACE}
    with httpx.stream(
        "POST",
        f"{stack.url}/api/generate",
        json=fields,
        headers={"accept": "text/event-stream"},
        timeout=60,
    ) as reply:
        wire = reply.read()
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [(event.type, json.loads(event.data)) for event in EventReader().feed(wire)]
    steps = [data["step"] for name, data in events if name == "generate.progress"]
    assert max(step for step in steps if step is not None) >= 1
    name, done = events[-1]
    assert (name, done["media_type"]) == ("generate.completed", "image/png")
    assert opened(base64.b64decode(done["image_b64"])).size == (512, 512)


def test_a_wrong_size_is_reported_as_fastapi_tells_it(stack: Stack) -> None:
    reply = httpx.post(f"{stack.url}/api/generate", json={"prompt": "x", "width": 1000}, timeout=30)
    (problem,) = reply.json()["detail"]
    assert (reply.status_code, problem["loc"]) == (422, ["body", "width"])
    assert (problem["type"], problem["ctx"]) == ("multiple_of", {"multiple_of": 16})


def check_layers(answer: dict[str, Any], count: int, size: tuple[int, int]) -> None:
    prefix = "data:image/png;base64,"
    files = [base64.b64decode(row["image"].removeprefix(prefix)) for row in answer["layers"]]
    assert [(opened(file).mode, opened(file).size) for file in files] == [("RGBA", size)] * count
    names = ["composite.png", *(f"layer_{number}.png" for number in range(1, count))]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["zip_data"]))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == dict(
            zip(names, files, strict=True)
        )


def test_a_picture_is_taken_apart_by_a_space_and_by_a_studio(stack: Stack) -> None:
    photo = Image.effect_noise((640, 480), 80).convert("RGB")
    fields: dict[str, Any] = {
        "image": text_of(photo),
        "prompt": "a room",
        "layer_num": 3,
        "steps": 2,
        "seed": 5,
    }
    by_a_space = post(
        stack, "/api/qwen-image/decompose", "hf:good-layers", model="qwen-image-layered", **fields
    )
    check_layers(by_a_space.json(), 3, (736, 544))
    by_a_studio = post(stack, "/api/qwen-image/decompose", resolution=1024, **fields)
    assert by_a_studio.headers["x-darkroom-provider"] == "studio"
    check_layers(by_a_studio.json(), 3, (1184, 896))
    headers = {"authorization": "Bearer hf:good-layers"}

    def kinds() -> list[str]:
        answer = httpx.get(f"{stack.url}/api/history", headers=headers, timeout=30).json()
        return [item["model_type"] for item in answer["history"]]

    eventually(lambda: kinds() == ["qwenimage"])


def test_a_layer_that_a_space_edits_keeps_its_transparency(stack: Stack) -> None:
    original = layer()
    reply = post(
        stack,
        "/api/qwen-image/edit-layer",
        layer_image=f"data:image/png;base64,{text_of(original)}",
        instruction="make it blue",
        model="qwen-image-edit",
        steps=2,
    )
    made = opened(reply.content)
    assert (made.mode, made.size) == ("RGBA", original.size)
    assert made.getchannel("A").tobytes() == original.getchannel("A").tobytes()
    assert made.convert("RGB").tobytes() != original.convert("RGB").tobytes()
    assert "x-ignored" not in reply.headers
    assert float(reply.headers["x-edit-time"]) > 0


def test_pictures_are_combined_by_whoever_can(stack: Stack) -> None:
    pictures = [text_of(Image.new("RGB", (320, 256), colour)) for colour in ("red", "blue")]
    for model, provider in ((None, "studio"), ("qwen-image-edit", "huggingface")):
        reply = post(
            stack,
            "/api/qwen-image/edit-multi",
            images=pictures,
            instruction="one of two",
            model=model,
            steps=2,
        )
        assert opened(reply.content).format == "PNG"
        assert reply.headers["x-image-count"] == "2"
        assert reply.headers["x-darkroom-provider"] == provider
