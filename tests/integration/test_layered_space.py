"""Layers by the stand-in Space on real Gradio 6, 5 and 4, and by the stand-in studio."""

import base64
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.app import handle
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.settings import Settings
from tests.integration.conftest import build_gateway
from tests.support.apis import Apis
from tests.support.fakes import body_of, json_of, request
from tests.support.gateways import real_gateway
from tests.support.network import HttpxHttp
from tests.support.spaces import Spaces

DECOMPOSE = "/api/qwen-image/decompose"
LAYERED = "qwen-qwen-image-layered"


def encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


PHOTO = text_of(encoded(Image.new("RGB", (300, 200), "teal")))


def layer() -> Image.Image:
    image = Image.new("RGBA", (96, 64), (200, 0, 0, 0))
    image.paste((200, 0, 0, 255), (16, 16, 80, 48))
    return image


@dataclass(frozen=True, slots=True)
class GatewayClient:
    """Somebody who asks the gateway about layers."""

    gateway: Gateway

    async def post(self, path: str, bearer: str = "", **body: Any) -> Reply:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return await handle(request("POST", path, body, headers), self.gateway, lambda entry: None)

    async def decompose(self, **body: Any) -> dict[str, Any]:
        fields = {"image": PHOTO, "prompt": "a room", "steps": 2, "seed": 5, **body}
        reply = await self.post(DECOMPOSE, **fields)
        answer: dict[str, Any] = await json_of(reply)
        assert reply.status == 200, answer
        return answer


@pytest.fixture
async def at_spaces(spaces: Spaces) -> AsyncIterator[GatewayClient]:
    async with httpx.AsyncClient(timeout=None) as client:
        yield GatewayClient(build_gateway(spaces, HttpxHttp(client)))


@pytest.fixture
async def at_a_studio(apis: Apis) -> AsyncIterator[GatewayClient]:
    async with httpx.AsyncClient(timeout=None) as client:
        catalog = configure(load_catalog(), {"STUDIO_URL": apis.urls["studio"]}).catalog
        settings = Settings(public_providers=("studio",))
        yield GatewayClient(real_gateway(catalog, HttpxHttp(client), settings))


def layers_of(answer: dict[str, Any]) -> list[bytes]:
    prefix = "data:image/png;base64,"
    return [base64.b64decode(row["image"].removeprefix(prefix)) for row in answer["layers"]]


def archived(answer: dict[str, Any]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["zip_data"]))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.every_gradio
async def test_a_space_takes_a_picture_apart(at_spaces: GatewayClient, spaces: Spaces) -> None:
    spaces.forget()
    answer = await at_spaces.decompose(layer_num=3)
    layers = layers_of(answer)
    assert [opened(file).mode for file in layers] == ["RGBA"] * 3
    assert {opened(file).size for file in layers} == {(768, 512)}, "the ratio at 640 by 640"
    assert opened(layers[0]).getchannel("A").getextrema() == (255, 255)
    assert opened(layers[2]).getchannel("A").getextrema()[0] == 0
    assert archived(answer) == dict(
        zip(["composite.png", "layer_1.png", "layer_2.png"], layers, strict=True)
    )
    assert (answer["layer_count"], answer["seed"], answer["resolution"]) == (3, 5, 640)
    (upload,) = spaces.log("/upload", status=200)
    assert upload["body"]["files"][0]["size"] == len(base64.b64decode(PHOTO))
    (joined,) = spaces.log("/queue/join", status=200)
    assert joined["body"]["data"][1:] == [5, False, "a room", " ", 4.0, 2, 3, True, True]


async def test_the_same_seed_gives_the_same_layers(at_spaces: GatewayClient) -> None:
    first, again = await at_spaces.decompose(), await at_spaces.decompose()
    assert layers_of(first) == layers_of(again)
    assert layers_of(first) != layers_of(await at_spaces.decompose(seed=6))


@pytest.mark.parametrize(
    ("directive", "status"),
    [("[[quota]]", 429), ("[[refuse]]", 400), ("[[none]]", 502), ("[[fail]]", 502)],
)
async def test_a_space_that_fails_is_an_error_with_its_status(
    at_spaces: GatewayClient, directive: str, status: int
) -> None:
    reply = await at_spaces.post(DECOMPOSE, image=PHOTO, prompt=f"a room {directive}", steps=2)
    detail = (await json_of(reply))["detail"]
    assert (reply.status, isinstance(detail, str)) == (status, True), detail


async def test_a_space_edits_a_layer(at_spaces: GatewayClient) -> None:
    reply = await at_spaces.post(
        "/api/qwen-image/edit-layer",
        layer_image=text_of(encoded(layer())),
        instruction="make it blue",
        steps=2,
        seed=5,
    )
    content = await body_of(reply)
    assert reply.status == 200, content
    # These Spaces answer in WebP, which nothing here can turn into a PNG.
    assert (reply.headers["content-type"], reply.headers["x-ignored"]) == ("image/webp", "alpha")
    assert opened(content).format == "WEBP"


async def test_a_studio_takes_a_picture_apart(at_a_studio: GatewayClient, apis: Apis) -> None:
    apis.forget("studio")
    answer = await at_a_studio.decompose(layer_num=2, resolution=1024)
    layers = layers_of(answer)
    assert {opened(file).size for file in layers} == {(1248, 832)}
    assert archived(answer) == dict(zip(["composite.png", "layer_1.png"], layers, strict=True))
    (sent,) = apis.log("studio")
    assert (sent["body"]["layer_num"], sent["body"]["resolution"]) == (2, 1024)
    assert answer["provider"] == "studio"


async def test_a_studio_edits_a_layer(at_a_studio: GatewayClient) -> None:
    reply = await at_a_studio.post(
        "/api/qwen-image/edit-layer",
        layer_image=text_of(encoded(layer())),
        instruction="make it blue",
        seed=5,
    )
    made = opened(await body_of(reply))
    assert made.getchannel("A").tobytes() == layer().getchannel("A").tobytes()
    assert (reply.headers["x-seed"], reply.headers["content-type"]) == ("5", "image/png")


async def test_a_studio_combines_pictures(at_a_studio: GatewayClient) -> None:
    reply = await at_a_studio.post(
        "/api/qwen-image/edit-multi", images=[PHOTO, PHOTO], instruction="one of two"
    )
    assert opened(await body_of(reply)).size == (300, 200)
    assert reply.headers["x-image-count"] == "2"


async def test_a_studio_gets_every_field_of_a_picture(
    at_a_studio: GatewayClient, apis: Apis
) -> None:
    apis.forget("studio")
    fields: dict[str, Any] = {
        "prompt": "A cat sleeping",
        "system_prompt": "You are a painter.",
        "thinking_content": "Orange fur, green eyes.",
        "assistant_content": "Here is your cat:",
        "strip_quotes": True,
        "width": 512,
        "height": 384,
        "steps": 2,
        "seed": 42,
        "shift": 2.5,
        "slg_scale": 2.5,
        "slg_layers": [7, 8, 9],
        "dype": {"enabled": False, "multipass": "single"},
    }
    reply = await at_a_studio.post("/api/generate", **fields)
    assert opened(await body_of(reply)).size == (512, 384)
    (sent,) = apis.log("studio")
    assert {name: sent["body"][name] for name in fields if name != "dype"} == {
        name: value for name, value in fields.items() if name != "dype"
    }
    assert sent["body"]["dype"]["multipass"] == "single"
    assert (reply.headers["x-seed"], "x-ignored" in reply.headers) == ("42", False)
