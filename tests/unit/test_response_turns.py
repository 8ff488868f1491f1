"""`POST /v1/responses` turn by turn: finished calls, and pictures that are named by an id."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.dialects.openai.kept_pictures import LIFETIME_S
from darkroom.errors import ContentRefused
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.image import ImageFile
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import (
    PNG,
    WEBP,
    FakeClock,
    FakeProvider,
    MemoryMedia,
    Script,
    body_of,
    failure,
    gateway,
    request,
)
from tests.support.responses import PATH, TOOL, answer, checked, events

SAID = {"role": "user", "content": "a cat"}
NEXT = {"role": "user", "content": "make it blue"}
CALL = {"type": "image_generation_call", "id": "ig_1", "status": "completed"}
PAINTED = {**CALL, "result": base64.b64encode(PNG).decode()}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "ok"}
SPOKEN = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
          "content": [{"type": "output_text", "text": "Here it is.", "annotations": []}]}  # fmt: skip


def held(*contents: bytes) -> list[Script]:
    """A script for each call, with a picture of its own."""
    return [
        [Finished((Picture(file=ImageFile(data=BytesBlob(content))),), 42)] for content in contents
    ]


class BrokenMedia(MemoryMedia):
    """A bucket that does not answer."""

    async def put_parts(self, *args: object, **named: object) -> None:
        raise StoreUnavailable

    async def names(self, *args: object, **named: object) -> Any:
        raise StoreUnavailable


async def send(
    gate: Gateway, headers: Mapping[str, str] | None = None, **body: Any
) -> tuple[int, Any]:
    """What a request with the tool is answered."""
    fields = {"input": [SAID], "tools": [TOOL], **body}
    reply = await handle(request("POST", PATH, fields, headers), gate, lambda entry: None)
    parsed = json.loads(await body_of(reply))
    return reply.status, checked(parsed) if reply.status == 200 else parsed["error"]


async def source_of(provider: FakeProvider, call: int = -1) -> bytes | None:
    """The picture that a call worked on."""
    images = provider.calls[call][0].images
    content = await images[0].to_bytes() if images else None
    return content.head(content.size) if content else None


def words_of(response: Mapping[str, Any]) -> str:
    text: str = response["output"][-1]["content"][0]["text"]
    return text


@pytest.mark.parametrize(
    "items",
    [
        [SAID, PAINTED],
        [SAID, PAINTED, SPOKEN],
        [SAID, SPOKEN, PAINTED],
        [SAID, PAINTED, {"type": "reasoning", "id": "rs_1", "summary": []}],
        [SAID, {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, OUTPUT],
        [SAID, {**OUTPUT, "type": "custom_tool_call_output"}],
        [SAID, {"type": "web_search_call", "id": "ws_1", "status": "completed"}],
        [SAID, {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "{}"}],
        [OUTPUT],
    ],
)
async def test_an_input_that_a_call_has_answered_is_answered_without_a_new_picture(
    items: list[Any],
) -> None:
    provider = FakeProvider(held(PNG))
    body = await answer(gateway(provider), input=items)
    assert provider.calls == []
    assert [item["type"] for item in body["output"]] == ["message"]
    assert "nothing new was painted" in words_of(body)
    assert (body["model"], body["status"]) == ("z-image-turbo", "completed")
    found = await events(gateway(provider), input=items)
    assert provider.calls == []
    assert [event["type"].removeprefix("response.") for event in found] == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert found[-1]["response"]["output"] == [found[-2]["item"]]


@pytest.mark.parametrize(
    "items",
    [
        [SAID, SPOKEN],
        [PAINTED, SAID],
        [SAID, PAINTED, NEXT],
        [SAID, OUTPUT, NEXT],
        [SAID, {**CALL, "status": "failed"}],
        [SAID, {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}],
        [SAID, {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}],
    ],
)
async def test_an_input_that_no_call_has_answered_is_painted(items: list[Any]) -> None:
    provider = FakeProvider(held(PNG))
    await answer(gateway(provider), input=items)
    assert len(provider.calls) == 1


@pytest.mark.parametrize("how", ["reference", "call", "null", "response", "response alone"])
async def test_the_next_turn_names_the_picture_by_its_id(how: str) -> None:
    provider = FakeProvider(held(PNG, WEBP))
    gate = gateway(provider, media=MemoryMedia())
    first = await answer(gate)
    assert first["store"] is True
    named = first["output"][0]["id"]
    reference = {"type": "item_reference", "id": named}
    message = {"type": "item_reference", "id": first["output"][1]["id"]}
    body: dict[str, Any] = {
        "reference": {"input": [SAID, reference, message, NEXT]},
        "call": {"input": [SAID, {**CALL, "id": named}, SPOKEN, NEXT]},
        "null": {"input": [SAID, {**CALL, "id": named, "result": None}, NEXT]},
        "response": {"input": [NEXT], "previous_response_id": first["id"]},
        "response alone": {"input": "make it blue", "previous_response_id": first["id"]},
    }[how]
    second = await answer(gate, **body)
    assert await source_of(provider) == PNG
    assert provider.calls[-1][0].prompt == "make it blue"
    assert second["output"][0]["action"] == "edit"
    assert second["previous_response_id"] == body.get("previous_response_id")
    assert "ignored" not in second


async def test_a_streamed_and_a_remembered_picture_are_kept_too() -> None:
    provider = FakeProvider(held(PNG, WEBP))
    media = MemoryMedia()
    gate, seeded = gateway(provider, media=media), {"seed": 5, "tools": [TOOL]}
    found = await events(gate, **seeded)
    await answer(gate, input="make it blue", previous_response_id=found[-1]["response"]["id"])
    assert await source_of(provider) == PNG
    kept = [name for name in media.kept if name.startswith("responses/")]
    assert len(kept) == 2
    assert all(media.until[name] == gate.clock.time() + LIFETIME_S for name in kept)


async def test_the_last_of_several_pictures_is_that_of_the_response() -> None:
    provider = FakeProvider([*held(PNG, WEBP), [failure(ContentRefused)], *held(PNG)])
    gate = gateway(provider, media=MemoryMedia())
    first = await answer(gate, n=3)
    await answer(gate, input=[NEXT], previous_response_id=first["id"])
    assert await source_of(provider) == WEBP
    await answer(gate, input=[{**CALL, "id": first["output"][0]["id"]}, NEXT])
    assert await source_of(provider) == PNG


async def test_a_picture_of_the_input_comes_before_that_of_the_response_before() -> None:
    provider = FakeProvider(held(PNG))
    gate = gateway(provider, media=MemoryMedia())
    first = await answer(gate)
    newer = {**CALL, "result": base64.b64encode(WEBP).decode()}
    await answer(gate, input=[newer, NEXT], previous_response_id=first["id"])
    assert await source_of(provider) == WEBP


async def test_a_turn_without_a_picture_leads_on_to_the_one_before() -> None:
    provider = FakeProvider(held(PNG))
    gate = gateway(provider, media=MemoryMedia())
    first = await answer(gate)
    second = await answer(gate, input=[OUTPUT], previous_response_id=first["id"])
    third = await answer(gate, input=[OUTPUT], previous_response_id=second["id"])
    assert len({first["id"], second["id"], third["id"]}) == 3
    await answer(gate, input=[NEXT], previous_response_id=third["id"])
    assert len(provider.calls) == 2
    assert await source_of(provider) == PNG


async def test_a_model_that_cannot_edit_leaves_the_picture_before_alone() -> None:
    provider = FakeProvider(held(PNG))
    gate = gateway(provider, media=MemoryMedia())
    first = await answer(gate)
    second = await answer(
        gate, model="flux-1-schnell", input=[NEXT], previous_response_id=first["id"]
    )
    assert second["ignored"] == ["previous_response_id"]
    assert await source_of(provider) is None


@pytest.mark.parametrize("body", [{"store": False}, {"headers": {"cache-control": "no-store"}}])
async def test_a_response_that_must_not_be_stored_is_not_kept(body: dict[str, Any]) -> None:
    media = MemoryMedia()
    gate = gateway(FakeProvider(held(PNG)), media=media)
    _, first = await send(gate, **body)
    assert first["store"] is False
    assert not [name for name in media.kept if name.startswith("responses/")]
    status, error = await send(gate, input=[NEXT], previous_response_id=first["id"])
    assert (status, error["param"]) == (400, "previous_response_id")


async def test_a_picture_is_named_for_a_day() -> None:
    clock = FakeClock()
    gate = gateway(FakeProvider(held(PNG)), media=MemoryMedia(), clock=clock)
    first = await answer(gate)
    clock.now += LIFETIME_S - 1
    assert (await send(gate, input=[NEXT], previous_response_id=first["id"]))[0] == 200
    clock.now += 2
    status, error = await send(gate, input=[NEXT], previous_response_id=first["id"])
    assert (status, error["code"]) == (400, "previous_response_not_found")


@pytest.mark.parametrize("stranger", [None, "hf:another"])
async def test_nobody_names_a_picture_of_somebody_else(stranger: str | None) -> None:
    gate = gateway(FakeProvider(held(PNG)), media=MemoryMedia())
    _, first = await send(gate, {"authorization": "Bearer hf:one"})
    headers = {"authorization": f"Bearer {stranger}"} if stranger else {}
    reference = {"type": "item_reference", "id": first["output"][0]["id"]}
    status, error = await send(gate, headers, input=[reference, NEXT])
    assert (status, error["param"], error["code"]) == (400, "input[0]", "item_not_found")
    status, _ = await send(gate, {"authorization": "Bearer hf:one"}, input=[reference, NEXT])
    assert status == 200


REFERENCE = {"type": "item_reference", "id": "ig_0_0"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": [REFERENCE, NEXT]}, "input[0]"),
        ({"input": [SAID, {**CALL, "id": "ig_x"}, NEXT]}, "input[1]"),
        ({"input": [SAID, REFERENCE]}, "input[1]"),
        ({"previous_response_id": "resp_0"}, "previous_response_id"),
        ({"previous_response_id": "../../x"}, "previous_response_id"),
        ({"previous_response_id": "resp_0", "model": "flux-1-schnell"}, "previous_response_id"),
    ],
)
async def test_an_id_that_names_nothing_is_refused_with_what_to_send(
    body: dict[str, Any], param: str
) -> None:
    for media in (MemoryMedia(), None):
        provider = FakeProvider(held(PNG))
        status, error = await send(gateway(provider, media=media), **body)
        assert (status, error["param"]) == (400, param)
        assert "with its result" in error["message"]
        assert provider.calls == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"previous_response_id": 7}, "previous_response_id"),
        ({"store": "no"}, "store"),
        ({"input": [{"type": "image_generation_call", "id": 7}, SAID]}, "input[0]"),
    ],
)
async def test_a_wrong_field_of_a_turn_is_named(body: dict[str, Any], param: str) -> None:
    status, error = await send(gateway(FakeProvider(held(PNG))), **body)
    assert (status, error["param"]) == (400, param)


async def test_a_picture_that_cannot_be_kept_is_given_all_the_same() -> None:
    gate = gateway(FakeProvider(held(PNG)), media=BrokenMedia())
    first = await answer(gate)
    assert first["store"] is False
    status, error = await send(gate, input=[NEXT], previous_response_id=first["id"])
    assert (status, error["code"]) == (503, "upstream_unavailable")


async def test_store_has_no_effect_without_a_bucket_and_the_answer_says_so() -> None:
    gate = gateway(FakeProvider(held(PNG)))
    assert (await answer(gate, store=True))["ignored"] == ["store"]
    assert "ignored" not in await answer(gate, store=False)
