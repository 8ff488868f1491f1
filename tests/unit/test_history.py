"""Histories: what every dialect leaves there, who sees it, and how it is taken out again."""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.context import Work
from darkroom.errors import ContentRefused
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.png import Colours, Header, write_png
from darkroom.settings import Settings
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeProvider,
    MemoryHistory,
    MemoryMedia,
    body_of,
    failure,
    gateway,
    json_of,
    request,
)

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), seed=7)
ALICE = {"authorization": "Bearer hf:hf_alice"}
BOB = {"authorization": "Bearer hf:hf_bob"}
ANONYMOUS: dict[str, str] = {}
PNG_BASE64 = base64.b64encode(PNG).decode()


async def ask(
    gate: Gateway,
    method: str,
    path: str,
    headers: Mapping[str, str] = ALICE,
    body: object = None,
) -> Reply:
    return await handle(request(method, path, body, headers), gate, lambda entry: None)


async def reported(
    gate: Gateway, method: str, path: str, headers: Mapping[str, str] = ALICE
) -> Any:
    reply = await ask(gate, method, path, headers)
    assert reply.status == 200, await body_of(reply)
    return await json_of(reply)


async def paint(gate: Gateway, headers: Mapping[str, str] = ALICE, **body: Any) -> Reply:
    whole = {"model": "z-image-turbo", "prompt": "a cat", **body}
    reply = await ask(gate, "POST", "/v1/images/generations", headers, whole)
    await body_of(reply)
    return reply


async def prompts(gate: Gateway, query: str = "", headers: Mapping[str, str] = ALICE) -> list[str]:
    listed = await reported(gate, "GET", f"/api/history?inline=0{query}", headers)
    return [item["prompt"] for item in listed["history"]]


def remembering(**parts: Any) -> tuple[Gateway, MemoryHistory, MemoryMedia]:
    history, media = MemoryHistory(), MemoryMedia()
    provider = parts.pop("provider", FakeProvider([[HELD]]))
    return gateway(provider, media=media, history=history, **parts), history, media


async def test_a_picture_is_listed_with_what_it_was_painted_by() -> None:
    picture = write_png(Header(1024, 768, 8, Colours.GREY), zlib.compress(bytes(1025 * 768)))
    held = Finished((Picture(file=ImageFile(data=BytesBlob(picture))),), seed=7)
    gate, _, _ = remembering(provider=FakeProvider([[held]]))
    await paint(gate, prompt="a red cat", size="1024x768", steps=5, seed=7)
    listed = await reported(gate, "GET", "/api/history")
    (item,) = listed["history"]
    assert listed["total"] == 1
    assert item["prompt"] == "a red cat"
    assert (item["width"], item["height"], item["steps"], item["seed"]) == (1024, 768, 5, 7)
    assert (item["model_type"], item["model"]) == ("zimage", "z-image-turbo")
    assert (item["provider"], item["operation"]) == ("huggingface", "generate")
    assert item["timestamp"] == FakeClock().time()
    assert 0 < item["id"] < 2**53
    assert base64.b64decode(item["image_b64"]) == picture


async def test_the_newest_is_first_and_pages_go_on_from_there() -> None:
    gate, _, _ = remembering()
    for number in range(5):
        await paint(gate, prompt=f"cat {number}")
    assert await prompts(gate) == ["cat 4", "cat 3", "cat 2", "cat 1", "cat 0"]
    assert await prompts(gate, "&limit=2") == ["cat 4", "cat 3"]
    assert await prompts(gate, "&limit=2&offset=3") == ["cat 1", "cat 0"]
    assert await prompts(gate, "&offset=5") == []


async def test_without_inlining_a_picture_is_reported_by_its_address() -> None:
    gate, _, media = remembering()
    await paint(gate, response_format="b64_json")
    (item,) = (await reported(gate, "GET", "/api/history?inline=0"))["history"]
    assert "image_b64" not in item
    (name,) = media.kept
    assert item["image_url"] == f"https://darkroom.example/media/{name}"
    fetched = await ask(gate, "GET", f"/media/{name}", ANONYMOUS)
    assert await body_of(fetched) == PNG
    assert len(media.read) == 1, "the list did not read it"


@pytest.mark.parametrize("response_format", ["url", "b64_json"])
async def test_a_picture_is_kept_once(response_format: str) -> None:
    gate, _, media = remembering()
    reply = await paint(gate, response_format=response_format)
    assert reply.status == 200
    assert [stored.content.size for stored in media.kept.values()] == [len(PNG)]


async def test_every_picture_of_a_request_is_remembered_by_itself() -> None:
    gate, _, _ = remembering()
    await paint(gate, n=3)
    listed = (await reported(gate, "GET", "/api/history"))["history"]
    assert len({item["id"] for item in listed}) == 3
    assert len({item["image_url"] for item in listed}) == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/images/generations", {"prompt": "a cat", "stream": True}),
        (
            "/v1/chat/completions",
            {"model": "z-image-turbo", "messages": [{"role": "user", "content": "a cat"}]},
        ),
        (
            "/v1/responses",
            {"input": "a cat", "model": "z-image-turbo", "tools": [{"type": "image_generation"}]},
        ),
        ("/sdapi/v1/txt2img", {"prompt": "a cat"}),
        ("/hf-inference/models/z-image-turbo", {"inputs": "a cat"}),
    ],
)
async def test_the_request_is_kept_in_the_history_whatever_the_route(
    path: str, body: object
) -> None:
    gate, _, _ = remembering()
    reply = await ask(gate, "POST", path, ALICE, body)
    assert reply.status == 200, await body_of(reply)
    await body_of(reply)
    (item,) = (await reported(gate, "GET", "/api/history"))["history"]
    assert (item["prompt"], item["image_b64"]) == ("a cat", PNG_BASE64)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sdapi/v1/txt2img", {"prompt": "a cat"}),
        ("/v2/image/flux-1/generate", {"inputs": "a cat"}),
    ],
)
async def test_one_list_of_tokens_is_one_caller_wherever_only_some_of_them_count(
    path: str, body: object
) -> None:
    gate, _, _ = remembering()
    several = {"authorization": "Bearer gitee:a-token,hf:hf_alice"}
    reply = await ask(gate, "POST", path, several, body)
    assert reply.status == 200, await body_of(reply)
    assert await prompts(gate, headers=several) == ["a cat"]
    assert await prompts(gate, headers=ALICE) == []


@pytest.mark.parametrize("token", ["gitee:a-token", "hf_abcdefgh,gitee:a-token"])
async def test_a_picture_is_remembered_whichever_provider_painted_it(token: str) -> None:
    gate, _, _ = remembering()
    who = {"authorization": f"Bearer {token}"}
    reply = await ask(gate, "POST", "/sdapi/v1/txt2img", who, {"prompt": "a cat"})
    assert reply.status == 200, await body_of(reply)
    await body_of(reply)
    assert await prompts(gate, headers=who) == ["a cat"]


async def test_a_picture_that_was_recalled_is_remembered_and_not_kept_again() -> None:
    gate, _, media = remembering()
    await paint(gate, seed=7)
    kept = set(media.kept)
    again = await paint(gate, seed=7)
    assert again.headers["x-darkroom-cache"] == "hit"
    first, second = (await reported(gate, "GET", "/api/history"))["history"]
    assert first["image_url"] == second["image_url"]
    assert set(media.kept) == kept


async def test_a_failed_job_is_not_written_to_history() -> None:
    gate, history, _ = remembering(provider=FakeProvider([[failure(ContentRefused)]]))
    assert (await paint(gate)).status == 400
    assert not history.items


async def test_no_store_keeps_a_picture_out_of_the_history() -> None:
    gate, history, media = remembering()
    await paint(gate, {**ALICE, "cache-control": "no-store"}, response_format="b64_json")
    assert (history.items, media.kept) == ([], {})


async def test_a_caller_sees_nothing_of_anothers() -> None:
    gate, _, media = remembering()
    await paint(gate, ALICE, prompt="hers")
    await paint(gate, BOB, prompt="his")
    assert await prompts(gate, headers=ALICE) == ["hers"]
    assert await prompts(gate, headers=BOB) == ["his"]
    (hers,) = (await reported(gate, "GET", "/api/history", ALICE))["history"]
    for path in ("/api/history/1", f"/api/history/0?id={hers['id']}"):
        assert (await ask(gate, "GET", path, BOB)).status == 404
        assert (await ask(gate, "DELETE", path, BOB)).status == 404
    assert (await reported(gate, "DELETE", "/api/history", BOB))["cleared"] == 1
    assert await prompts(gate, headers=ALICE) == ["hers"]
    assert len(media.kept) == 1


@pytest.mark.parametrize("authorization", [None, "Bearer not-needed", "Basic dXNlcjpwdw=="])
async def test_callers_who_cannot_be_distinguished_have_no_history(
    authorization: str | None,
) -> None:
    gate, history, _ = remembering()
    headers = {"authorization": authorization} if authorization else {}
    assert (await paint(gate, headers)).status == 200
    assert not history.items
    assert (await reported(gate, "GET", "/api/history", headers))["history"] == []
    assert (await reported(gate, "DELETE", "/api/history", headers))["cleared"] == 0
    assert (await ask(gate, "DELETE", "/api/history/0", headers)).status == 404


async def test_callers_without_a_credential_learn_why_there_is_nothing() -> None:
    gate, _, _ = remembering()
    for method in ("GET", "DELETE"):
        assert "credential" in (await reported(gate, method, "/api/history", ANONYMOUS))["note"]


async def test_without_a_database_the_routes_say_that_history_is_off() -> None:
    gate = gateway(FakeProvider([[HELD]]))
    assert (await paint(gate)).status == 200
    listed = await reported(gate, "GET", "/api/history")
    assert (listed["history"], "off" in listed["note"]) == ([], True)
    assert "off" in (await reported(gate, "DELETE", "/api/history"))["note"]
    reply = await ask(gate, "DELETE", "/api/history/0")
    assert reply.status == 404
    assert "off" in (await json_of(reply))["detail"]


async def test_an_unknown_gateway_key_is_refused() -> None:
    gate, _, _ = remembering()
    reply = await ask(gate, "GET", "/api/history", {"authorization": "Bearer dk_unknown"})
    assert (reply.status, "detail" in await json_of(reply)) == (401, True)


async def test_an_item_is_deleted_by_its_position_with_its_picture() -> None:
    gate, _, media = remembering()
    for number in range(3):
        await paint(gate, prompt=f"cat {number}")
    deleted = await reported(gate, "DELETE", "/api/history/1")
    assert (deleted["deleted"]["prompt"], deleted["remaining"]) == ("cat 1", 2)
    assert deleted["deleted"]["image_b64"] == PNG_BASE64, "the whole item, as the original has it"
    assert await prompts(gate) == ["cat 2", "cat 0"]
    assert len(media.kept) == 2
    gone = await ask(
        gate, "GET", deleted["deleted"]["image_url"].removeprefix("https://darkroom.example")
    )
    assert gone.status == 404


async def test_a_position_can_be_counted_as_of_a_listing() -> None:
    gate, _, _ = remembering()
    for number in range(3):
        await paint(gate, prompt=f"cat {number}")
    listed = await reported(gate, "GET", "/api/history?inline=0")
    assert [item["prompt"] for item in listed["history"]][1] == "cat 1"
    await paint(gate, prompt="a dog that came meanwhile")
    assert await prompts(gate, f"&as_of={listed['as_of']}") == ["cat 2", "cat 1", "cat 0"]
    deleted = await reported(gate, "DELETE", f"/api/history/1?as_of={listed['as_of']}")
    assert deleted["deleted"]["prompt"] == "cat 1"
    assert deleted["remaining"] == 3


async def test_an_item_added_after_a_deletion_is_not_in_an_earlier_listing() -> None:
    gate, _, _ = remembering()
    await paint(gate, prompt="cat 0")
    await paint(gate, prompt="cat 1")
    listed = await reported(gate, "GET", "/api/history")
    await reported(gate, "DELETE", "/api/history/0")
    await paint(gate, prompt="a dog")
    assert await prompts(gate, f"&as_of={listed['as_of']}") == ["cat 0"]


async def test_an_item_is_found_and_deleted_by_its_own_id() -> None:
    gate, _, _ = remembering()
    await paint(gate, prompt="cat 0")
    listed = await reported(gate, "GET", "/api/history")
    await paint(gate, prompt="cat 1")
    which = f"/api/history/0?id={listed['history'][0]['id']}"
    assert (await reported(gate, "GET", which))["prompt"] == "cat 0"
    assert (await reported(gate, "DELETE", which))["deleted"]["prompt"] == "cat 0"
    assert (await ask(gate, "DELETE", which)).status == 404
    assert await prompts(gate) == ["cat 1"]


async def test_a_picture_stays_while_another_item_shows_it() -> None:
    gate, _, media = remembering()
    await paint(gate, seed=7)
    await paint(gate, seed=7)
    await reported(gate, "DELETE", "/api/history/0")
    (left,) = (await reported(gate, "GET", "/api/history"))["history"]
    assert left["image_b64"] == PNG_BASE64
    await reported(gate, "DELETE", "/api/history/0")
    assert not [name for name in media.kept if name.endswith(".png")]


async def test_clearing_takes_everything_along() -> None:
    gate, history, media = remembering()
    for _ in range(3):
        await paint(gate)
    assert await reported(gate, "DELETE", "/api/history") == {"cleared": 3}
    assert (history.items, media.kept) == ([], {})
    assert await reported(gate, "DELETE", "/api/history") == {"cleared": 0}


async def test_beyond_the_cap_the_oldest_go_with_their_pictures() -> None:
    gate, _, media = remembering(settings=Settings(history_cap=2))
    for number in range(4):
        await paint(gate, prompt=f"cat {number}", response_format="b64_json")
    await paint(gate, BOB, prompt="his", response_format="b64_json")
    assert await prompts(gate) == ["cat 3", "cat 2"]
    assert len(media.kept) == 3


async def test_an_address_that_an_answer_reported_outlives_the_cap_but_not_a_deletion() -> None:
    gate, _, media = remembering(settings=Settings(history_cap=1))
    for number in range(3):
        await paint(gate, prompt=f"cat {number}")
    assert await prompts(gate) == ["cat 2"]
    assert len(media.kept) == 3
    await reported(gate, "DELETE", "/api/history/0")
    assert len(media.kept) == 2


@pytest.mark.parametrize(
    ("method", "path", "where", "kind"),
    [
        ("GET", "/api/history?limit=many", ["query", "limit"], "int_parsing"),
        ("GET", "/api/history?limit=0", ["query", "limit"], "greater_than_equal"),
        ("GET", "/api/history?limit=501", ["query", "limit"], "less_than_equal"),
        ("GET", "/api/history?offset=-1", ["query", "offset"], "greater_than_equal"),
        ("GET", "/api/history?as_of=now", ["query", "as_of"], "int_parsing"),
        ("GET", "/api/history?inline=perhaps", ["query", "inline"], "bool_parsing"),
        ("DELETE", "/api/history/first", ["path", "index"], "int_parsing"),
        ("DELETE", "/api/history/1.0", ["path", "index"], "int_parsing"),
        ("DELETE", "/api/history/0?id=x", ["query", "id"], "int_parsing"),
    ],
)
async def test_an_invalid_number_is_reported_as_fastapi_does(
    method: str, path: str, where: list[str], kind: str
) -> None:
    gate, _, _ = remembering()
    reply = await ask(gate, method, path)
    (problem,) = (await json_of(reply))["detail"]
    assert (reply.status, problem["loc"], problem["type"]) == (422, where, kind)
    assert problem["msg"].startswith("Input should be")


@pytest.mark.parametrize("index", ["-1", "0", "99"])
async def test_nothing_stands_outside_the_list(index: str) -> None:
    gate, _, _ = remembering()
    assert (await ask(gate, "DELETE", f"/api/history/{index}")).status == 404


async def test_a_database_that_does_not_answer_fails_no_picture() -> None:
    media = MemoryMedia()
    gate = gateway(FakeProvider([[HELD]]), media=media, history=MemoryHistory(broken=True))
    assert (await paint(gate, response_format="b64_json")).status == 200
    assert not media.kept, "what no history names is not kept"
    reply = await ask(gate, "GET", "/api/history")
    assert (reply.status, "Try again" in (await json_of(reply))["detail"]) == (503, True)


class Stuck(MemoryMedia):
    """Takes pictures, gives none."""

    async def get(self, name: str, part: object = None) -> Any:
        raise StoreUnavailable


async def test_a_picture_that_cannot_be_read_now_is_null_and_the_list_goes_on() -> None:
    gate = gateway(FakeProvider([[HELD]]), media=Stuck(), history=MemoryHistory())
    await paint(gate, prompt="cat 0")
    await paint(gate, prompt="cat 1")
    listed = (await reported(gate, "GET", "/api/history"))["history"]
    assert [(item["prompt"], item["image_b64"]) for item in listed] == [
        ("cat 1", None),
        ("cat 0", None),
    ]


async def test_without_a_bucket_an_upstreams_address_is_remembered() -> None:
    provider = FakeProvider([[Finished((Picture(url="https://space.example.com/x.webp"),))]])
    gate = gateway(provider, history=MemoryHistory())
    await paint(gate)
    (item,) = (await reported(gate, "GET", "/api/history"))["history"]
    assert (item["image_url"], item["image_b64"]) == ("https://space.example.com/x.webp", None)


async def test_an_answer_does_not_wait_for_the_history() -> None:
    held: list[Work] = []

    async def defer(work: Work) -> None:
        held.append(work)

    gate, history, _ = remembering()
    body = json.dumps({"prompt": "a cat", "response_format": "b64_json"}).encode()
    requested = request("POST", "/v1/images/generations", body, ALICE)
    assert (await handle(requested, gate, lambda entry: None, defer)).status == 200
    assert not history.items
    for work in held:
        await work()
    assert len(history.items) == 1


async def test_a_list_is_whole_json_whatever_stands_in_its_prompts() -> None:
    gate, _, _ = remembering()
    prompt = 'a "cat"\n\\ \u2028 ],"total":0}'
    await paint(gate, prompt=prompt)
    await paint(gate, prompt=prompt)
    wire = await body_of(await ask(gate, "GET", "/api/history"))
    assert [item["prompt"] for item in json.loads(wire)["history"]] == [prompt, prompt]


async def test_the_headers_alone_read_no_picture() -> None:
    gate, _, media = remembering()
    await paint(gate)
    reply = await ask(gate, "HEAD", "/api/history")
    assert (reply.status, reply.body, media.read) == (200, [], [])
