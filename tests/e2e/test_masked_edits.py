"""Masks where no model takes them, in workerd: a guest gets the source back where it is kept."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import OpenAI
from PIL import Image

from local.processes import free_port
from local.stack import Plan, running
from tests.e2e.stack import Stack
from tests.support.pictures import SIZE, difference, file_of, left_erased, left_white, opened, photo

SOURCE = photo()
KEPT = (SIZE[0] // 2, 0, *SIZE)
CHANGED = (0, 0, SIZE[0] // 2, SIZE[1])


@pytest.fixture(scope="module")
def guests_only(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Worker at which guests have Spaces alone, none of which takes masks."""
    where = tmp_path_factory.mktemp("guests")
    spaces = {"HUGGINGFACE_SPACE_URL": f"{stack.spaces.url}/spaces/{{subdomain}}"}
    plan = Plan(free_port(), None, where / "state", where / "logs", vars=spaces)
    with running(plan):
        yield plan.url


def edit(url: str, **fields: Any) -> Any:
    with OpenAI(base_url=f"{url}/v1", api_key="not-needed", max_retries=0) as client:
        answer = client.images.edit(prompt="a door", response_format="b64_json", **fields)
        return list(answer) if fields.get("stream") else answer


def differs(made: Image.Image, source: Image.Image, box: tuple[int, int, int, int]) -> int:
    """The largest difference of two pictures within a box."""
    return difference(made.convert("RGB").crop(box), source.convert("RGB").crop(box))


@pytest.mark.parametrize("mask", [left_erased(), left_white()], ids=["erased", "white"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_guests_picture_changes_where_its_mask_lets_it(
    guests_only: str, kind: str, mask: bytes
) -> None:
    source = file_of(SOURCE, kind)
    answer = edit(guests_only, image=("a", source, f"image/{kind.lower()}"), mask=mask)
    made = opened(answer.data[0].b64_json)
    assert (made.format, made.size, answer.model) == ("PNG", SIZE, "qwen-image-edit")
    assert differs(made, opened(source), KEPT) <= (0 if kind == "PNG" else 3)
    assert differs(made, opened(source), CHANGED) > 60
    assert "laid over the result" in answer.adjusted["mask"]


def test_a_stream_in_another_format_ends_with_the_whole(guests_only: str) -> None:
    fields: dict[str, Any] = {"image": file_of(SOURCE), "mask": left_erased()}
    *_, last = edit(guests_only, stream=True, output_format="webp", **fields)
    made = opened(last.b64_json)
    assert (made.format, made.size, last.size) == ("WEBP", SIZE, "640x512")
    inside = (SIZE[0] // 2 + 16, 0, *SIZE)
    assert differs(made, SOURCE, inside) < 40
    assert differs(made, SOURCE, CHANGED) > 60


def test_automatic1111_overlays_the_source_too(guests_only: str) -> None:
    body = {
        "prompt": "a door", "width": 640, "height": 512,
        "init_images": [base64.b64encode(file_of(SOURCE)).decode()],
        "mask": base64.b64encode(left_white()).decode(),
    }  # fmt: skip
    answer = httpx.post(f"{guests_only}/sdapi/v1/img2img", json=body, timeout=100).json()
    assert differs(opened(answer["images"][0]), SOURCE, KEPT) == 0
    assert "laid over the result" in json.loads(answer["info"])["adjusted"]["mask"]


def test_a_model_that_was_named_refuses_the_mask(guests_only: str) -> None:
    fields = {"model": "qwen-image-edit", "prompt": "a door"}
    files = {"image": file_of(SOURCE), "mask": left_erased()}
    reply = httpx.post(f"{guests_only}/v1/images/edits", data=fields, files=files, timeout=60)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "mask")
