"""Formats, lifetimes and results that are remembered: what becomes of a finished picture."""

import base64
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import Blob, BytesBlob
from darkroom.dialects.openai import images
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.settings import Settings
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import (
    PNG,
    WEBP,
    FakeClock,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    gateway,
    json_of,
    request,
)

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), seed=7)
URL = "https://space.example.com/x.webp"
ANONYMOUS: dict[str, str] = {}
ALICE = {"authorization": "Bearer hf:hf_alice"}
BOB = {"authorization": "Bearer hf:hf_bob"}


class FakeConverter:
    """Makes WebPs of anything."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.requested: list[tuple[str, int | None]] = []

    async def convert(
        self, content: Blob, output_format: str, compression: int | None, size: object = None
    ) -> Blob:
        if self.broken:
            raise StoreUnavailable
        self.requested.append((output_format, compression))
        return BytesBlob(WEBP)


async def generate(gate: Gateway, headers: dict[str, str] = ANONYMOUS, **body: Any) -> Reply:
    whole = {"model": "z-image-turbo", "prompt": "a cat", **body}
    return await handle(
        request("POST", "/v1/images/generations", whole, headers), gate, lambda entry: None
    )


async def entry_of(gate: Gateway, **body: Any) -> dict[str, Any]:
    (entry,) = (await json_of(await generate(gate, **body)))["data"]
    found: dict[str, Any] = {name: entry[name] for name in ("url", "b64_json") if name in entry}
    return found


@pytest.mark.parametrize("model", ["z-image-turbo", "dall-e-3"])
@pytest.mark.parametrize("unnamed", [{}, {"response_format": None}, {"response_format": "png"}])
async def test_without_a_response_format_both_base64_and_url_are_sent(
    model: str, unnamed: dict[str, Any]
) -> None:
    media = MemoryMedia()
    gate = gateway(FakeProvider([[HELD]]), media=media)
    found = await entry_of(gate, model=model, **unnamed)
    assert base64.b64decode(found["b64_json"]) == PNG
    assert found["url"] == f"https://darkroom.example/media/{next(iter(media.kept))}"
    for name in ("url", "b64_json"):
        assert (await entry_of(gate, model=model, response_format=name)).keys() == {name}


async def test_a_remembered_picture_comes_as_both_too() -> None:
    provider, media = FakeProvider([[HELD]]), MemoryMedia()
    gate = gateway(provider, media=media)
    first, second = [(await json_of(await generate(gate, ALICE, seed=5)))["data"] for _ in range(2)]
    assert first == second
    assert first[0].keys() >= {"url", "b64_json"}
    assert len(provider.calls) == 1


async def test_without_a_response_format_an_upstreams_address_is_fetched_too() -> None:
    remote = Finished((Picture(url=URL),))
    http = FakeHttp({"x.webp": [FakeReply(pieces=[WEBP])]})
    found = await entry_of(gateway(FakeProvider([[remote]]), http=http))
    assert (found["url"], base64.b64decode(found["b64_json"])) == (URL, WEBP)
    assert await entry_of(
        gateway(FakeProvider([[remote]]), http=FakeHttp({})), response_format="url"
    ) == {"url": URL}


@pytest.mark.parametrize("failing", [FakeReply(404), ConnectionError(), FakeReply(pieces=[b"x"])])
async def test_an_address_that_cannot_be_fetched_is_given_alone(failing: Any) -> None:
    http = FakeHttp({"x.webp": [failing]})
    gate = gateway(FakeProvider([[Finished((Picture(url=URL),))]]), http=http)
    assert await entry_of(gate) == {"url": URL}


async def test_a_gpt_image_id_is_answered_in_base64_alone_and_nothing_is_kept() -> None:
    media = MemoryMedia()
    found = await entry_of(gateway(FakeProvider([[HELD]]), media=media), model="gpt-image-1")
    assert found.keys() == {"b64_json"}
    assert not media.kept


async def test_without_an_address_both_are_the_picture_itself() -> None:
    found = await entry_of(gateway(FakeProvider([[HELD]])))
    assert found.keys() == {"url", "b64_json"}
    assert all(base64.b64decode(value.rpartition(",")[2]) == PNG for value in found.values())


async def test_base64_beside_an_address_stays_within_what_memory_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(images, "BOTH_WITHIN_BYTES", 2 * len(PNG))
    gate = gateway(FakeProvider([[HELD]]), media=MemoryMedia())
    for count, both in ((1, True), (2, True), (3, False)):
        data = (await json_of(await generate(gate, n=count)))["data"]
        assert [("b64_json" in entry, "url" in entry) for entry in data] == [(both, True)] * count


async def test_a_picture_is_converted_where_that_can_be_done() -> None:
    converter = FakeConverter()
    gate = gateway(FakeProvider([[HELD]]), converter=converter)
    body = await json_of(
        await generate(
            gate, output_format="webp", output_compression=70, response_format="b64_json"
        )
    )
    assert base64.b64decode(body["data"][0]["b64_json"]) == WEBP
    assert converter.requested == [("webp", 70)]
    assert body["output_format"] == "webp"
    assert "ignored" not in body


@pytest.mark.parametrize("converter", [None, FakeConverter(broken=True)])
async def test_a_format_that_cannot_be_had_is_reported_and_not_faked(
    converter: FakeConverter | None,
) -> None:
    gate = gateway(FakeProvider([[HELD]]), converter=converter)
    fields: dict[str, Any] = {"output_format": "webp", "output_compression": 70}
    body = await json_of(await generate(gate, **fields, response_format="b64_json"))
    assert base64.b64decode(body["data"][0]["b64_json"]) == PNG
    assert body["output_format"] == "png"
    assert body["ignored"] == ["output_format", "output_compression"]


async def test_a_picture_of_the_right_format_is_left_alone() -> None:
    converter = FakeConverter()
    gate = gateway(FakeProvider([[HELD]]), converter=converter)
    body = await json_of(await generate(gate, output_format="png", response_format="b64_json"))
    assert not converter.requested
    assert "ignored" not in body


async def test_an_address_is_kept_where_pictures_can_be_kept() -> None:
    media = MemoryMedia()
    http = FakeHttp({"x.webp": [FakeReply(200, {"content-type": "image/webp"}, [WEBP])]})
    provider = FakeProvider([[Finished((Picture(url=URL),))]])
    body = await json_of(await generate(gateway(provider, http=http, media=media)))
    (name,) = media.kept
    assert body["data"][0]["url"] == f"https://darkroom.example/media/{name}"
    assert body["output_format"] == "webp"


async def test_without_a_bucket_an_address_tells_how_long_it_lives() -> None:
    provider = FakeProvider([[Finished((Picture(url=URL, lasts_s=7200.0),))]])
    (entry,) = (await json_of(await generate(gateway(provider))))["data"]
    assert entry["url"] == URL
    assert entry["expires_at"] == int(FakeClock().time()) + 7200


def remembering(media: MemoryMedia | None = None, **settings: Any) -> tuple[Gateway, FakeProvider]:
    provider = FakeProvider([[HELD]])
    return gateway(provider, media=media or MemoryMedia(), settings=Settings(**settings)), provider


async def test_the_same_request_with_the_same_seed_is_painted_once() -> None:
    gate, provider = remembering()
    first = await generate(gate, ALICE, seed=7)
    again = await generate(gate, ALICE, seed=7)
    assert first.headers["x-darkroom-cache"] == "miss"
    assert again.headers["x-darkroom-cache"] == "hit"
    assert again.headers["x-darkroom-provider"] == "huggingface"
    assert await json_of(first) == await json_of(again)
    assert len(provider.calls) == 1


async def test_a_remembered_picture_comes_as_base64_and_in_a_stream_too() -> None:
    gate, provider = remembering()
    await generate(gate, ALICE, seed=7)
    body = await json_of(await generate(gate, ALICE, seed=7, response_format="b64_json"))
    assert base64.b64decode(body["data"][0]["b64_json"]) == PNG
    stream = await generate(gate, ALICE, seed=7, stream=True)
    assert stream.headers["x-darkroom-cache"] == "hit"
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    "other",
    [{"prompt": "a dog"}, {"seed": 8}, {"steps": 5}, {"size": "512x512"}, {"model": "z-image"}, {"output_format": "jpeg"}],
)  # fmt: skip
async def test_another_request_is_painted_anew(other: dict[str, Any]) -> None:
    gate, provider = remembering()
    await generate(gate, ALICE, seed=7)
    await generate(gate, ALICE, **{"seed": 7, **other})
    assert len(provider.calls) == 2


async def test_nobody_gets_what_was_painted_for_somebody_else() -> None:
    gate, provider = remembering()
    for headers in (ALICE, BOB, ANONYMOUS, ANONYMOUS):
        reply = await generate(gate, headers, seed=7)
        assert reply.headers.get("x-darkroom-cache") in ("miss", None)
    assert len(provider.calls) == 4


async def test_the_operator_may_let_all_share() -> None:
    gate, provider = remembering(share_results=True)
    for headers in (ALICE, BOB, ANONYMOUS):
        await generate(gate, headers, seed=7)
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    ("directive", "calls_then", "calls_after"), [("no-cache", 2, 2), ("no-store", 2, 2)]
)
async def test_a_caller_may_want_it_painted_anew(
    directive: str, calls_then: int, calls_after: int
) -> None:
    gate, provider = remembering()
    await generate(gate, ALICE, seed=7)
    await generate(gate, {**ALICE, "cache-control": directive}, seed=7)
    assert len(provider.calls) == calls_then
    await generate(gate, ALICE, seed=7)
    assert len(provider.calls) == calls_after


async def test_no_store_keeps_a_picture_out_of_storage() -> None:
    media = MemoryMedia()
    gate, _ = remembering(media)
    reply = await generate(
        gate, {**ALICE, "cache-control": "no-store"}, seed=7, response_format="b64_json"
    )
    assert reply.status == 200
    assert not media.kept


async def test_without_a_seed_of_the_callers_nothing_is_remembered() -> None:
    gate, provider = remembering()
    for _ in range(2):
        reply = await generate(gate, ALICE)
        assert "x-darkroom-cache" not in reply.headers
    assert len(provider.calls) == 2


async def test_a_cached_result_expires() -> None:
    gate, provider = remembering(result_lifetime_s=60.0)
    await generate(gate, ALICE, seed=7)
    clock = gate.clock
    assert isinstance(clock, FakeClock)
    clock.now += 61
    await generate(gate, ALICE, seed=7)
    assert len(provider.calls) == 2


async def test_a_picture_that_is_gone_is_painted_anew() -> None:
    media = MemoryMedia()
    gate, provider = remembering(media)
    await generate(gate, ALICE, seed=7)
    for name in [name for name in media.kept if name.endswith(".png")]:
        del media.kept[name]
    assert (await generate(gate, ALICE, seed=7)).status == 200
    assert len(provider.calls) == 2


async def test_a_cached_result_cannot_be_fetched_as_a_picture() -> None:
    media = MemoryMedia()
    gate, _ = remembering(media)
    await generate(gate, ALICE, seed=7)
    (record,) = [name for name in media.kept if name.startswith("results/")]
    reply = await handle(request("GET", f"/media/{record}"), gate, lambda entry: None)
    assert reply.status == 404
