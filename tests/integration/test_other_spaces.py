"""What Spaces beyond today's catalog do: a Space is a row, so these are rows of the tests' own."""

import base64
import io
import tomllib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.catalog.catalog import Catalog
from darkroom.catalog.rows import read_provider
from tests.integration.conftest import Caller, build_gateway
from tests.support.network import HttpxHttp
from tests.support.spaces import Spaces

PROVIDER = """
[provider]
id = "huggingface"
name = "Hugging Face Spaces"
model_prefix = "hf"
token_prefix = "hf"
token_pattern = "hf_.+"
token_required = false
bare_ids = true
urls = { space = "https://{subdomain}.hf.space", hub = "https://huggingface.co" }
"""
ROW = """
[[model]]
id = "{id}"
name = "{id}"
owned_by = "tests"
size = {{ minimum = 8, maximum = 2048, multiple = 8, default = "512x512" }}
steps = {{ minimum = 1, maximum = 50, default = 4 }}
[[model.upstream]]
id = "{space}"
api_name = "{api_name}"
inputs = {inputs}
"""
KITCHEN_SINK = ("b64_text", "b64_html", "img_png", "img_jpeg", "img_path", "gallery", "update_out")


def rows() -> Catalog:
    written = PROVIDER + ROW.format(
        id="previews",
        space="standin/preview-stream",
        api_name="infer",
        inputs='["{prompt}", "{seed}", "{width}", "{height}", "{steps}"]',
    )
    written += ROW.format(
        id="four-at-once",
        space="stabilityai/stable-diffusion",
        api_name="infer",
        inputs='["{prompt}", "", 9]',
    )
    for name in KITCHEN_SINK:
        written += ROW.format(id=name, space="standin/kitchen-sink", api_name=name, inputs="[]")
    return Catalog([read_provider("tests", tomllib.loads(written))])


@pytest.fixture
async def caller(spaces: Spaces) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(timeout=None) as client:
        yield Caller(build_gateway(spaces, HttpxHttp(client), rows(), default_model="previews"))


def picture(item: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(item["b64_json"])))


@pytest.mark.every_gradio
async def test_previews_come_as_partial_images_before_the_picture(caller: Caller) -> None:
    events = await caller.stream(model="previews", steps=6)
    kinds = [kind for kind, _ in events]
    previews = [fields for kind, fields in events if kind == "image_generation.partial_image"]
    assert kinds[-1] == "image_generation.completed"
    assert len(previews) >= 3
    assert [fields["partial_image_index"] for fields in previews] == list(range(len(previews)))
    assert len({fields["b64_json"] for fields in previews}) == len(previews)
    assert all(picture(fields).format == "JPEG" for fields in previews)
    assert all(fields["output_format"] == "jpeg" for fields in previews)


async def test_a_failure_after_previews_is_reported_at_the_end(caller: Caller) -> None:
    events = await caller.stream(model="previews", prompt="[[mid:failed half way]]")
    assert [kind for kind, _ in events][-1] == "error"
    assert "failed half way" in events[-1][1]["error"]["message"]


async def test_a_space_that_paints_four_gives_the_first(caller: Caller) -> None:
    answer = await caller.answer(model="four-at-once", response_format="b64_json")
    assert len(answer["data"]) == 1
    assert picture(answer["data"][0]).size == (512, 512)


@pytest.mark.every_gradio
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("b64_text", "PNG"),
        ("b64_html", "PNG"),
        ("img_png", "PNG"),
        ("img_jpeg", "JPEG"),
        ("img_path", "PNG"),
        ("gallery", "WEBP"),
    ],
)
async def test_a_picture_is_found_in_every_wrapping(caller: Caller, model: str, kind: str) -> None:
    answer = await caller.answer(model=model, response_format="b64_json")
    assert picture(answer["data"][0]).format == kind
    assert answer["output_format"] == kind.lower()


@pytest.mark.parametrize("model", ["img_path", "gallery"])
async def test_an_address_works_as_it_is_given(caller: Caller, model: str) -> None:
    url = (await caller.answer(model=model))["data"][0]["url"]
    assert httpx.get(url, timeout=30).headers["content-type"].startswith("image/")


async def test_words_are_no_picture(caller: Caller) -> None:
    status, error, _ = await caller.error(model="update_out")
    assert (status, error["code"]) == (502, "no_image")
