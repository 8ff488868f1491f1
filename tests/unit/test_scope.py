"""What one request leaves behind for the next is its caller's, whatever key an SDK demanded."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.settings import Settings
from tests.support.background import with_background
from tests.support.fakes import (
    PNG,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryHistory,
    MemoryMedia,
    gateway,
    json_of,
    request,
)

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
B64 = base64.b64encode(PNG).decode()
DUMMY = {"authorization": "Bearer not-needed"}
HERE, THERE = {"cf-connecting-ip": "192.0.2.1"}, {"cf-connecting-ip": "192.0.2.2"}
SAID = b'{"choices": [{"message": {"role": "assistant", "content": "A barn"}}]}'
BODY = {"model": "flux-1-schnell", "prompt": "a cat", "seed": 7}


def stage(**parts: Any) -> Gateway:
    answers = {"/openai": [FakeReply(pieces=[SAID])]}
    settings = Settings(default_vision_model="pollinations/openai")
    provider = FakeProvider([[HELD]])
    parts = {"media": MemoryMedia(), "settings": settings, **parts}
    return gateway(provider, http=FakeHttp(answers), **parts)


async def ask(
    gate: Gateway, method: str, path: str, body: object, *headers: Mapping[str, str]
) -> Reply:
    merged = {name: value for group in headers for name, value in group.items()}
    return await handle(request(method, path, body, merged), gate, lambda entry: None)


async def paint(gate: Gateway, *headers: Mapping[str, str]) -> Reply:
    return await ask(gate, "POST", "/v1/images/generations", BODY, *headers)


async def test_embeddings_are_hidden_from_another_address_with_the_same_placeholder_key() -> None:
    gate = stage()
    kept = await ask(gate, "POST", "/api/vl/extract", {"image": B64}, DUMMY, HERE)
    name = (await json_of(kept))["embeddings_id"]
    fields = {"prompt": "a cat", "vl_embeddings_id": name}
    for who, status in ((THERE, 404), (HERE, 200)):
        painted = await ask(gate, "POST", "/api/vl/generate", fields, DUMMY, who)
        assert painted.status == status
        deleted = await ask(gate, "DELETE", f"/api/vl/cache/{name}", None, DUMMY, who)
        assert deleted.status == status


async def test_options_are_hidden_from_another_address_with_the_same_placeholder_key() -> None:
    gate = stage()
    path, change = "/sdapi/v1/options", {"CLIP_stop_at_last_layers": 2}
    assert (await ask(gate, "POST", path, change, DUMMY, HERE)).status == 200
    for who, chosen in ((THERE, 1), (HERE, 2)):
        options = await json_of(await ask(gate, "GET", path, None, DUMMY, who))
        assert options["CLIP_stop_at_last_layers"] == chosen


async def test_cached_results_are_hidden_from_another_address_with_the_same_placeholder_key() -> (
    None
):
    gate = stage()
    caches = [
        (await paint(gate, DUMMY, who)).headers.get("x-darkroom-cache")
        for who in (HERE, THERE, HERE, {})
    ]
    assert caches == ["miss", "miss", "hit", None]


async def test_idempotency_keys_are_separate_for_another_address_with_the_same_placeholder_key() -> (
    None
):
    gate, store = with_background(stage())
    key = {"idempotency-key": "order-1", "prefer": "respond-async"}
    replayed = [
        "idempotency-replayed" in (await paint(gate, DUMMY, who, key)).headers
        for who in (HERE, THERE, HERE)
    ]
    assert replayed == [False, False, True]
    assert len(store.created) == 2


@pytest.mark.parametrize("who", [DUMMY, {"authorization": "Bearer hf:hf_anna"}])
async def test_nothing_links_a_history_to_an_address(who: Mapping[str, str]) -> None:
    history = MemoryHistory()
    gate = stage(history=history)
    await paint(gate, who, HERE)
    listed = await json_of(await ask(gate, "GET", "/api/history?inline=0", None, who, THERE))
    assert len(listed["history"]) == len(history.items) == (0 if who is DUMMY else 1)
    assert ("note" in listed) is (who is DUMMY)


@pytest.mark.parametrize(
    ("header", "believed"), [(None, "cf-connecting-ip"), ("x-real-ip", "x-real-ip"), ("", None)]
)
async def test_only_the_header_that_the_operator_names_tells_an_address(
    header: str | None, believed: str | None
) -> None:
    gate = stage(settings=Settings(client_address_header=header))
    path, change = "/sdapi/v1/options", {"CLIP_stop_at_last_layers": 2}
    everywhere = ("cf-connecting-ip", "x-real-ip", "x-forwarded-for", "true-client-ip")
    for number, name in enumerate(everywhere):
        who = {name: f"192.0.2.{number}"}
        await ask(gate, "POST", path, change, who)
        options = await json_of(await ask(gate, "GET", path, None, who))
        assert options["CLIP_stop_at_last_layers"] == (2 if name == believed else 1)


async def test_the_same_text_under_two_prefixes_is_two_histories() -> None:
    gate = stage(history=MemoryHistory())
    seen: list[int] = []
    for token in ("hf:hf_abcdefghijkl", "hf_abcdefghijkl", "gitee:hf_abcdefghijkl"):
        who = {"authorization": f"Bearer {token}"}
        if not seen:
            await paint(gate, who)
        listed = await json_of(await ask(gate, "GET", "/api/history?inline=0", None, who))
        seen.append(len(listed["history"]))
    assert seen == [1, 1, 0]
