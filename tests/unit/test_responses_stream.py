"""`POST /v1/responses` as a stream."""

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.errors import ContentRefused, Failure, JobLost, QuotaExhausted, UpstreamUnavailable
from darkroom.events import Finished, Picture, Preview, Progress, Queued, Started
from darkroom.image import ImageFile
from tests.support.fakes import (
    PNG,
    FakeProvider,
    Script,
    body_of,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.responses import PATH, TOOL, events, events_in, post
from tests.support.streams import hurry_heartbeats, sent

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
SHOWN = Preview(HELD.pictures[0])
CALL = "response.image_generation_call"
OPENING = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    f"{CALL}.in_progress",
]
CLOSING = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in found]


async def test_a_stream_tells_everything_in_order() -> None:
    script: Script = [Queued(2, 3, 12.34), Started(4.0), Progress(1, 4, 0.25), SHOWN, HELD]
    found = await events(gateway(FakeProvider([script])), temperature=1)
    assert kinds(found) == [
        *OPENING,
        f"{CALL}.generating",
        f"{CALL}.generating",
        f"{CALL}.generating",
        f"{CALL}.partial_image",
        f"{CALL}.completed",
        "response.output_item.done",
        *CLOSING,
    ]
    created, _, added, _, queued, _, step, partial, _, done, *message, completed = found
    assert (created["response"]["status"], created["response"]["output"]) == ("in_progress", [])
    assert added["item"] == {
        "id": added["item"]["id"], "type": "image_generation_call", "status": "in_progress",
        "result": None,
    }  # fmt: skip
    item_id = added["item"]["id"]
    assert all(e["item_id"] == item_id for e in found if e["type"].startswith(CALL))
    assert all(e["output_index"] == 0 for e in found if e["type"].startswith(CALL))
    assert (queued["stage"], queued["queue_position"], queued["eta_seconds"]) == ("queued", 2, 12.3)
    assert (step["step"], step["total_steps"], step["progress"]) == (1, 4, 0.25)
    assert base64.b64decode(partial["partial_image_b64"]) == PNG
    assert (partial["partial_image_index"], partial["output_format"]) == (0, "png")
    assert base64.b64decode(done["item"]["result"]) == PNG
    assert completed["response"]["output"] == [done["item"], message[-1]["item"]]
    assert completed["response"]["id"] == created["response"]["id"]
    assert (completed["response"]["seed"], completed["response"]["ignored"]) == (
        42,
        ["temperature"],
    )


async def test_a_picture_that_comes_without_a_word_was_being_made_all_the_same() -> None:
    found = await events(gateway(FakeProvider([[HELD]])))
    assert kinds(found) == [
        *OPENING, f"{CALL}.generating", f"{CALL}.completed", "response.output_item.done", *CLOSING,
    ]  # fmt: skip


@pytest.mark.parametrize(("requested", "sent"), [(None, 3), (0, 0), (2, 2)])
async def test_no_more_previews_are_sent_than_were_requested(
    requested: int | None, sent: int
) -> None:
    gate = gateway(FakeProvider([[Started(), SHOWN, SHOWN, SHOWN, HELD]]))
    found = await events(gate, tools=[{**TOOL, "partial_images": requested}])
    assert kinds(found).count(f"{CALL}.partial_image") == sent


async def test_each_of_several_pictures_has_an_item_of_its_own() -> None:
    provider = FakeProvider([[Started(), 0.01, HELD], [Started(), failure(ContentRefused, "no")]])
    found = await events(gateway(provider), n=2)
    done = {e["output_index"]: e["item"] for e in found if e["type"].endswith("item.done")}
    assert [done[index]["status"] for index in (0, 1)] == ["completed", "failed"]
    assert done[1]["error"]["message"] == "no"
    assert found[-1]["type"] == "response.completed"
    assert found[-1]["response"]["output"] == [done[0], done[1], done[2]]
    assert done[2]["content"][0]["text"] == "1 of 2 pictures were painted, the others failed."


async def test_a_job_that_no_upstream_takes_keeps_its_status() -> None:
    reply = await post(gateway(FakeProvider([[failure(UpstreamUnavailable)]])), stream=True)
    assert reply.status == 503
    assert reply.headers["content-type"] == "application/json"
    assert (await json_of(reply))["error"]["code"] == "upstream_unavailable"


@pytest.mark.parametrize(
    ("kind", "code", "reported"),
    [
        (JobLost, "generation_lost", "server_error"),
        (QuotaExhausted, "insufficient_quota", "rate_limit_exceeded"),
        (ContentRefused, "moderation_blocked", "image_content_policy_violation"),
    ],
)
async def test_a_failure_after_the_start_is_shown_to_clients_and_raised_by_sdks(
    kind: type[Failure], code: str, reported: str
) -> None:
    provider = FakeProvider([[Started(), failure(kind, "gone")]])
    found = await events(gateway(provider))
    assert kinds(found)[-3:] == ["response.output_item.done", "response.failed", "error"]
    item_done, failed, error = found[-3:]
    assert item_done["item"]["status"] == "failed"
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"]["code"] == reported
    assert failed["response"]["output"] == [item_done["item"]]
    assert error["error"] == {
        "message": "gone", "type": kind.type, "param": None, "code": code,
    }  # fmt: skip
    assert (error["code"], error["message"]) == (code, "gone")


async def test_a_mistake_of_our_own_ends_a_stream_in_its_shape_without_our_insides() -> None:
    provider = FakeProvider([[Started(), RuntimeError("secret insides")]])
    log: list[Mapping[str, object]] = []
    requested = request("POST", PATH, {"input": "a cat", "tools": [TOOL], "stream": True})
    reply = await handle(requested, gateway(provider), log.append)
    wire = await body_of(reply)
    assert b"secret" not in wire
    found = events_in(wire)
    assert kinds(found)[-2:] == ["response.failed", "error"]
    assert found[-1]["code"] == "internal_error"
    assert reply.headers["x-request-id"] in found[-1]["message"]
    assert log[-1]["outcome"] == "failed"


async def test_a_silent_job_is_kept_alive_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry_heartbeats(monkeypatch)
    reply = await post(gateway(FakeProvider([[Started(), 0.05, HELD]])), stream=True)
    wire = await sent(reply)
    assert b": still working\n\n" in wire
    assert kinds(events_in(wire))[-1] == "response.completed"


async def test_a_caller_who_leaves_ends_the_job() -> None:
    provider = FakeProvider([[Started(), 60, HELD]])
    reply = await post(gateway(provider), stream=True)
    assert isinstance(reply.body, AsyncGenerator)
    await anext(reply.body)
    await reply.body.aclose()
    assert provider.closed == len(provider.calls)
