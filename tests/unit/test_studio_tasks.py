"""A studio's painting requests that are meant for the background, but wrong: told at once."""

import pytest

from darkroom.app import handle
from darkroom.gateway import Gateway
from darkroom.http import Reply
from tests.support import fakes
from tests.support.background import MemoryTasks, with_background
from tests.support.fakes import FakeProvider, MemoryMedia, json_of, request

PATHS = (
    "/api/generate",
    "/api/qwen-image/decompose",
    "/api/qwen-image/edit-layer",
    "/api/qwen-image/edit-multi",
    "/api/vl/generate",
)
CALLER = {"authorization": "Bearer hf:hf_anna"}


def gateway() -> tuple[Gateway, MemoryTasks]:
    return with_background(fakes.gateway(FakeProvider([[]]), media=MemoryMedia()))


async def post(gate: Gateway, path: str, body: object) -> Reply:
    return await handle(request("POST", path, body, CALLER), gate, lambda entry: None)


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_missing_is_told_in_the_studios_words(path: str) -> None:
    gate, tasks = gateway()
    reply = await post(gate, path, {"async": True})
    assert reply.status == 422
    assert (await json_of(reply))["detail"][0]["loc"][0] == "body"
    assert not tasks.created


async def test_an_id_under_which_nothing_is_kept_is_not_found() -> None:
    gate, tasks = gateway()
    body = {"prompt": "a cat", "vl_embeddings_id": "vl_00000000_0000_L-2", "async": True}
    assert (await post(gate, "/api/vl/generate", body)).status == 404
    assert not tasks.created
