"""A studio's painting routes in the background, and under idempotency keys."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Event, Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.providers.provider import Provider
from tests.support import fakes
from tests.support.background import with_background
from tests.support.fakes import FakeHttp, FakeProvider, body_of, json_of, request
from tests.support.pictures import picture

PNG = picture(size=(64, 64))
B64 = base64.b64encode(PNG).decode()
FILE = Picture(file=ImageFile(data=BytesBlob(PNG)))
CALLER = {"authorization": "Bearer hf:hf_anna"}
FILES: dict[str, dict[str, Any]] = {
    "/api/generate": {"prompt": "a cat", "seed": 7},
    "/api/qwen-image/edit-layer": {"layer_image": B64, "instruction": "make it red"},
    "/api/qwen-image/edit-multi": {"images": [B64, B64], "instruction": "put them together"},
    "/api/vl/generate": {"prompt": "a cat", "seed": 7},
}
DECOMPOSE = "/api/qwen-image/decompose"
ROUTES = {**FILES, DECOMPOSE: {"image": B64, "prompt": "a room"}}


def gateway() -> tuple[Gateway, FakeProvider]:
    events: list[Event] = [Finished((FILE, FILE), seed=7)]
    painter = FakeProvider([events])
    providers: dict[str, Provider] = dict.fromkeys(("huggingface", "modelscope", "gitee"), painter)
    gate = fakes.gateway(painter)
    gate = replace(gate, engine=fakes.engine(providers, FakeHttp({})))
    return with_background(gate)[0], painter


async def ask(gate: Gateway, method: str, path: str, body: object = None, **headers: str) -> Reply:
    sent = {**CALLER, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await handle(request(method, path, body, sent), gate, lambda entry: None)


async def result_of(gate: Gateway, accepted: Reply) -> Mapping[str, Any]:
    assert accepted.status == 202, await body_of(accepted)
    answer = await json_of(accepted)
    assert accepted.headers["location"] == answer["poll_url"]
    assert answer["status"] == "queued"
    polled = await json_of(await ask(gate, "GET", answer["poll_url"] + "?wait=30"))
    assert (polled["id"], polled["status"]) == (answer["task_id"], "completed"), polled
    result: Mapping[str, Any] = polled["result"]
    return result


@pytest.mark.parametrize("path", FILES)
async def test_a_file_of_a_task_is_told_in_base64(path: str) -> None:
    gate, _ = gateway()
    result = await result_of(gate, await ask(gate, "POST", path, {**FILES[path], "async": True}))
    assert result == {"content_type": "image/png", "b64_json": B64}


async def test_the_layers_of_a_task_are_told_as_they_are() -> None:
    gate, _ = gateway()
    body = {**ROUTES[DECOMPOSE], "async": True}
    result = await result_of(gate, await ask(gate, "POST", DECOMPOSE, body))
    assert (result["layer_count"], [layer["index"] for layer in result["layers"]]) == (2, [0, 1])


@pytest.mark.parametrize("path", ROUTES)
async def test_a_preference_is_heard(path: str) -> None:
    gate, _ = gateway()
    accepted = await ask(gate, "POST", path, ROUTES[path], prefer="respond-async")
    assert accepted.headers["preference-applied"] == "respond-async"
    await result_of(gate, accepted)


@pytest.mark.parametrize("path", ROUTES)
async def test_a_key_replays_the_very_same_answer(path: str) -> None:
    gate, painter = gateway()
    first, second = [
        await ask(gate, "POST", path, ROUTES[path], idempotency_key="k1") for _ in range(2)
    ]
    assert (first.status, second.status) == (200, 200), await body_of(first)
    assert await body_of(first) == await body_of(second)
    assert second.headers["idempotency-replayed"] == "true"
    told = [name for name in first.headers if name.startswith("x-") and name != "x-request-id"]
    assert [second.headers[name] for name in told] == [first.headers[name] for name in told]
    assert len(painter.calls) == 1


@pytest.mark.parametrize("path", ROUTES)
async def test_what_is_wrong_is_told_at_once_in_the_studios_words(path: str) -> None:
    gate, painter = gateway()
    reply = await ask(gate, "POST", path, {"async": True})
    assert reply.status == 422
    assert (await json_of(reply))["detail"][0]["loc"][0] == "body"
    assert not painter.calls


async def test_an_id_that_means_nothing_is_told_at_once() -> None:
    gate, painter = gateway()
    gate = replace(gate, media=fakes.MemoryMedia())
    body = {"prompt": "a cat", "vl_embeddings_id": "vl_00000000_0000_L-2", "async": True}
    assert (await ask(gate, "POST", "/api/vl/generate", body)).status == 404
    assert not painter.calls
