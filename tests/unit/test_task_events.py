"""The events of a task: told from the latest on, to whoever follows, until it is over."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from darkroom.blob import BytesBlob
from darkroom.deadline import Deadline
from darkroom.errors import QuotaExhausted
from darkroom.events import Event, Finished, Picture, Preview, Progress, Queued, Started
from darkroom.gateway import Gateway
from darkroom.http import Http, Remainder, Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from darkroom.providers.provider import Route
from darkroom.tasks.events import TaskEvents
from darkroom.tasks.following import read_event_id
from tests.support.background import MemoryTasks, with_background
from tests.support.fakes import PNG, FakeClock, FakeProvider, body_of, failure, gateway, json_of
from tests.support.routes import settle
from tests.unit.test_background import BEARER, BODY, GENERATIONS, UNKNOWN, call, error_of

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
PREVIEW = Preview(Picture(file=ImageFile(data=BytesBlob(PNG))))
STREAMED = {**BODY, "async": True, "stream": True}


def frames_of(wire: bytes) -> list[dict[str, Any]]:
    """The events of a stream: the data of each, its type and its id."""
    events = []
    for frame in wire.decode().split("\n\n"):
        lines = [line.partition(": ") for line in frame.splitlines() if not line.startswith(":")]
        fields = {name: value for name, _, value in lines}
        if fields:
            data = json.loads(fields["data"])
            assert data["type"] == fields["event"]
            events.append({**data, "event_id": int(fields["id"])})
    return events


async def first_part(reply: Reply) -> bytes:
    """The first part of a stream, which is left then."""
    assert not isinstance(reply.body, Sequence)
    async with aclosing(reply.body) as parts:  # type: ignore[type-var]
        part = await anext(aiter(parts))
    assert isinstance(part, bytes)
    return part


async def follow(gate: Gateway, name: str, seen: str | None = None) -> Reply:
    headers = {} if seen is None else {"last-event-id": seen}
    return await call(gate, "GET", f"/v1/tasks/{name}/events", headers=headers)


@dataclass
class Patient:
    """Shows a preview, and finishes when it is let."""

    may_finish: asyncio.Event = field(default_factory=asyncio.Event)
    previews: int | None = None

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        self.previews = job.previews
        yield Started()
        yield PREVIEW
        await self.may_finish.wait()
        yield HELD


def stage(*events: Event, clock: FakeClock | None = None) -> tuple[Gateway, MemoryTasks]:
    provider = FakeProvider([list(events) or [Queued(1), Started(), Progress(2, 4), HELD]])
    return with_background(gateway(provider, clock=clock or FakeClock()))


async def test_a_streamed_task_tells_its_id_first_and_its_result_last() -> None:
    gate, _ = stage()
    reply = await call(gate, "POST", GENERATIONS, STREAMED)
    assert (reply.status, reply.headers["content-type"]) == (
        200,
        "text/event-stream; charset=utf-8",
    )
    events = frames_of(await body_of(reply))
    assert [event["type"] for event in events][:1] == ["task.created"]
    assert events[0]["id"] == reply.headers["location"].rpartition("/")[2]
    assert events[-1]["type"] == "task.completed"
    picture = events[-1]["result"]["data"][0]
    assert base64.b64decode(picture["b64_json"]) == PNG
    assert picture["seed"] == 42
    ids = [event["event_id"] for event in events]
    assert ids == sorted(set(ids))
    poll = await json_of(await call(gate, "GET", reply.headers["location"]))
    assert poll == {name: events[-1][name] for name in poll}


async def test_a_caller_who_leaves_ends_nothing_and_takes_the_events_up() -> None:
    gate, _ = stage()
    reply = await call(gate, "POST", GENERATIONS, STREAMED)
    (created,) = frames_of(await first_part(reply))
    again = frames_of(await body_of(await follow(gate, created["id"], str(created["event_id"]))))
    assert "task.created" not in [event["type"] for event in again], "it was seen"
    assert again[-1]["type"] == "task.completed"
    late = frames_of(await body_of(await follow(gate, created["id"], "99999999999999")))
    assert [event["type"] for event in late] == ["task.completed"], "the end is always told"


async def test_any_task_can_be_followed_by_any_name() -> None:
    gate, _ = stage()
    accepted = await call(gate, "POST", GENERATIONS, {**BODY, "async": True})
    name = (await json_of(accepted))["id"]
    relays = name.replace("task_", "direct%3A")
    events = frames_of(await body_of(await follow(gate, relays)))
    assert (events[0]["object"], events[-1]["status"]) == ("task", "completed")


async def test_a_task_that_fails_tells_why_what_was_tried_and_when_to_come_back() -> None:
    provider = FakeProvider([[failure(QuotaExhausted, "used up", retry_after_s=61.5)]])
    gate, _ = with_background(gateway(provider))
    events = frames_of(await body_of(await call(gate, "POST", GENERATIONS, STREAMED, BEARER)))
    assert events[-1]["type"] == "task.failed"
    error = events[-1]["error"]
    assert (error["code"], error["retry_after"]) == ("insufficient_quota", 62)
    assert error["tried"][0] == (
        "huggingface:black-forest-labs/FLUX.1-schnell#1=insufficient_quota"
    )


async def test_an_unknown_task_has_no_events() -> None:
    gate, _ = stage()
    assert (await error_of(await follow(gate, f"task_{UNKNOWN}")))[:2] == (404, "task_not_found")
    assert (await error_of(await follow(gate, "nonsense")))[:2] == (404, "task_not_found")


async def test_a_key_brings_the_events_of_the_same_task_again() -> None:
    gate, store = stage()
    headers: Mapping[str, str] = {**BEARER, "idempotency-key": "one"}
    first = await call(gate, "POST", GENERATIONS, STREAMED, headers)
    await first_part(first)
    again = await call(gate, "POST", GENERATIONS, STREAMED, headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert frames_of(await body_of(again))[-1]["type"] == "task.completed"
    assert len(store.created) == 1


async def test_a_followed_task_that_is_cancelled_says_so() -> None:
    gate, store = stage()
    reply = await call(gate, "POST", GENERATIONS, {**STREAMED})
    location = reply.headers["location"]
    assert (await call(gate, "DELETE", location)).status == 200
    assert frames_of(await body_of(reply))[-1]["type"] == "task.cancelled"
    assert store.created


async def test_previews_are_shown_while_the_task_paints_and_only_the_latest_is_kept() -> None:
    events = TaskEvents(lambda: 5.0)
    for number in range(100):
        events.observe(0, Progress(number, 100))
        events.observe(1, Progress(number, 100))
    kept = events._newer_than(0)
    assert [event.fields["step"] for event in kept] == [99, 99]
    assert [event.id for event in kept] == [5198, 5199], "ids grow where time stands still"
    events.end()
    assert events._newer_than(0) == []


async def test_whoever_follows_sees_a_preview_before_the_end() -> None:
    painter = Patient()
    gate, _ = with_background(gateway(painter))
    reply = await call(gate, "POST", GENERATIONS, {**STREAMED, "partial_images": 1})
    assert not isinstance(reply.body, Sequence)
    wire = b""
    async for part in reply.body:
        assert not isinstance(part, Remainder)
        wire += part if isinstance(part, bytes) else part.head(part.size)
        if b"task.partial_image" in wire:
            painter.may_finish.set()
    events = frames_of(wire)
    (preview,) = [event for event in events if event["type"] == "task.partial_image"]
    assert base64.b64decode(preview["b64_json"]) == PNG
    assert events[-1]["type"] == "task.completed"
    assert painter.previews == 1, "the upstream was asked for one"


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1" * 16, "٣"])
def test_an_event_id_that_was_never_given_is_none(text: str) -> None:
    assert read_event_id(text) == 0


async def test_a_follower_who_waits_is_woken_by_the_end() -> None:
    gate, store = with_background(gateway(FakeProvider([[Started(), HELD]])), awake=False)
    reply = await call(gate, "POST", GENERATIONS, STREAMED)
    reading = asyncio.create_task(body_of(reply))
    await settle()
    assert not reading.done()
    await store.wake(store.created[0].id)
    assert frames_of(await reading)[-1]["type"] == "task.completed"
