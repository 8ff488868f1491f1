"""How a job stands, as another request of the same caller sees it, and how it is ended."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import Blob, BytesBlob
from darkroom.deadline import Deadline
from darkroom.dialects.a1111 import progress_reporting as watching
from darkroom.events import Event, Finished, Picture, Preview, Progress, Queued, Started
from darkroom.gateway import Gateway
from darkroom.http import Http, Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from darkroom.providers.provider import Route
from darkroom.stores.preferences import MAX_REMEMBERED, MemoryPreferences
from darkroom.stores.progress import (
    FRESH_S,
    MAX_SCOPES,
    Interrupt,
    JobProgress,
    MemoryProgress,
    ProgressSnapshot,
)
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import PNG, FakeClock, gateway, json_of, request

ROOT = "/sdapi/v1"
SOMEBODY = {
    "authorization": f"Basic {base64.b64encode(b':open-sesame').decode()}",
    "cf-connecting-ip": "192.0.2.1",
}
ANOTHER = {
    "authorization": f"Basic {base64.b64encode(b':swordfish').decode()}",
    "cf-connecting-ip": "192.0.2.1",
}
SKETCH = PNG + b"half-way"


def picture(data: bytes) -> Picture:
    return Picture(file=ImageFile(data=BytesBlob(data)))


@dataclass
class Easel:
    """A provider that does what a test says, when it says so."""

    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    closed: int = 0

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        try:
            while not isinstance(event := await self.events.get(), Finished):
                yield event
            yield event
        finally:
            self.closed += 1


@dataclass
class Room:
    """A gateway with one job under way, and its clock."""

    easel: Easel
    gate: Gateway
    clock: FakeClock
    painting: asyncio.Future[Reply]

    async def tell(self, *events: Event) -> None:
        """Let things happen, a second apart so that each is shown."""
        for event in events:
            self.clock.now += 1
            await self.easel.events.put(event)
            await settle()

    async def progress(
        self, headers: Mapping[str, str] = SOMEBODY, query: str = ""
    ) -> dict[str, Any]:
        answer: dict[str, Any] = await json_of(
            await call(self.gate, "GET", f"progress{query}", None, headers)
        )
        return answer


async def settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def call(
    gate: Gateway, method: str, path: str, body: object, headers: Mapping[str, str]
) -> Reply:
    return await handle(request(method, f"{ROOT}/{path}", body, headers), gate, lambda _: None)


async def at_work(gate: Gateway | None = None, **body: Any) -> Room:
    easel, clock = Easel(), FakeClock()
    gate = gate or replace(gateway(easel), clock=clock, progress_store=MemoryProgress(clock))
    gate.engine.providers["huggingface"] = easel  # type: ignore[index]
    fields = {"prompt": "a cat", "model": "flux-1-schnell", **body}
    painting = asyncio.ensure_future(call(gate, "POST", "txt2img", fields, SOMEBODY))
    await settle()
    assert isinstance(gate.clock, FakeClock)
    return Room(easel, gate, gate.clock, painting)


IDLE = {
    "progress": 0.0,
    "eta_relative": 0.0,
    "state": {
        "skipped": False, "interrupted": False, "stopping_generation": False, "job": "",
        "job_count": 0, "job_timestamp": "0", "job_no": 0, "sampling_step": 0, "sampling_steps": 0,
    },
    "current_image": None,
    "textinfo": None,
}  # fmt: skip


async def test_a_job_shows_its_steps_and_previews_and_then_nothing() -> None:
    room = await at_work()
    assert (await room.progress())["state"]["job_count"] == 1
    await room.tell(Queued(position=3))
    assert (await room.progress())["textinfo"] == "Waiting, 3 ahead"
    await room.tell(Started(), Progress(2, 8, 0.25), Preview(picture(SKETCH)), Progress(4, 8, 0.5))
    seen = await room.progress()
    assert seen["progress"] == 0.5
    assert seen["state"]["sampling_step"] == 4
    assert seen["state"]["sampling_steps"] == 8
    assert seen["state"]["job"] == "scripts_txt2img"
    assert seen["eta_relative"] == 5.0, "half of it took five seconds"
    assert base64.b64decode(seen["current_image"], validate=True) == SKETCH
    assert (await room.progress(query="?skip_current_image=true"))["current_image"] is None
    assert await room.progress(ANOTHER) == IDLE, "and nobody else sees it"
    await room.tell(Finished((picture(PNG),), 7))
    assert (await room.painting).status == 200
    assert await room.progress() == IDLE


async def test_several_pictures_are_one_job() -> None:
    room = await at_work(batch_size=2)
    await room.tell(Started(), Started(), Finished((picture(PNG),)), Progress(1, 2, 0.5))
    seen = await room.progress()
    assert (seen["progress"], seen["state"]["job_count"], seen["state"]["job_no"]) == (0.75, 2, 1)
    room.painting.cancel()


async def test_a_job_that_fails_leaves_the_board() -> None:
    room = await at_work()
    room.painting.cancel()
    await asyncio.gather(room.painting, return_exceptions=True)
    assert room.easel.closed == 1
    assert await room.progress() == IDLE


@pytest.mark.parametrize(
    ("path", "answer", "flag"), [("interrupt", {}, "interrupted"), ("skip", None, "skipped")]
)
async def test_an_interrupted_job_gives_what_there_is(
    monkeypatch: pytest.MonkeyPatch, path: str, answer: object, flag: str
) -> None:
    monkeypatch.setattr(watching, "PAUSE_S", 0.01)
    room = await at_work(seed=9)
    await room.tell(Started(), Preview(picture(SKETCH)))
    reply = await call(room.gate, "POST", path, None, SOMEBODY)
    assert (reply.status, await json_of(reply)) == (200, answer)
    assert (await room.progress())["state"][flag] is True
    room.clock.now += 1
    painted = await json_of(await asyncio.wait_for(room.painting, 5))
    assert base64.b64decode(painted["images"][0]) == SKETCH
    assert json.loads(painted["info"])["seed"] == 9
    assert room.easel.closed == 1, "the upstream's job is taken back"
    assert await room.progress() == IDLE


async def test_a_job_interrupted_with_nothing_to_show_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "PAUSE_S", 0.01)
    room = await at_work()
    await call(room.gate, "POST", "interrupt", None, SOMEBODY)
    room.clock.now += 1
    reply = await asyncio.wait_for(room.painting, 5)
    assert reply.status == 502
    assert "Interrupted" in (await json_of(reply))["detail"]


async def test_somebody_elses_job_goes_on() -> None:
    room = await at_work()
    await call(room.gate, "POST", "interrupt", None, ANOTHER)
    await room.tell(Started(), Finished((picture(PNG),)))
    assert (await room.painting).status == 200


class BrokenBoards(MemoryProgress):
    """A store that cannot be reached."""

    async def show(
        self, scope: str, job: str, job_progress: JobProgress, preview: Blob | None = None
    ) -> Interrupt | None:
        raise StoreUnavailable

    async def clear(self, scope: str, job: str) -> None:
        raise StoreUnavailable

    async def look(self, scope: str) -> ProgressSnapshot | None:
        raise StoreUnavailable

    async def halt(self, scope: str, how: Interrupt) -> None:
        raise StoreUnavailable


async def test_a_board_that_is_away_costs_the_progress_and_not_the_picture() -> None:
    gate = gateway()
    room = await at_work(replace(gate, progress_store=BrokenBoards(FakeClock())))
    await room.tell(Started())
    assert await room.progress() == IDLE
    assert (await call(room.gate, "POST", "interrupt", None, SOMEBODY)).status == 503
    await room.tell(Finished((picture(PNG),)))
    assert (await room.painting).status == 200


async def test_callers_who_cannot_be_distinguished_see_nothing() -> None:
    room = await at_work()
    assert await room.progress({}) == IDLE
    assert (await call(room.gate, "POST", "interrupt", None, {})).status == 200
    await room.tell(Finished((picture(PNG),)))
    assert (await room.painting).status == 200


# The stores themselves.


def job_progress(began: float = 1.0, **more: Any) -> JobProgress:
    return JobProgress("txt2img", began, 1, **more)


async def test_a_board_shows_the_job_that_has_been_at_work_for_the_longest() -> None:
    progress_store = MemoryProgress(FakeClock())
    await progress_store.show("me", "second", job_progress(2.0))
    await progress_store.show("me", "first", job_progress(1.0), BytesBlob(b"sketch"))
    await progress_store.show("me", "first", job_progress(1.0, step=3))
    shown = await progress_store.look("me")
    assert shown == ProgressSnapshot(job_progress(1.0, step=3), BytesBlob(b"sketch"))
    await progress_store.clear("me", "first")
    assert await progress_store.look("me") == ProgressSnapshot(job_progress(2.0))
    assert await progress_store.look("you") is None


async def test_a_job_without_updates_expires_from_the_board() -> None:
    clock = FakeClock()
    progress_store = MemoryProgress(clock)
    await progress_store.show("me", "job", job_progress())
    clock.now += FRESH_S + 1
    assert await progress_store.look("me") is None


async def test_all_jobs_are_interrupted_and_later_ones_are_not() -> None:
    progress_store = MemoryProgress(FakeClock())
    await progress_store.show("me", "one", job_progress())
    await progress_store.show("me", "two", job_progress())
    await progress_store.halt("me", Interrupt.SKIP)
    assert [await progress_store.show("me", job, job_progress()) for job in ("one", "two", "three")] == [
        Interrupt.SKIP, Interrupt.SKIP, None,
    ]  # fmt: skip


async def test_stores_in_memory_have_an_end() -> None:
    progress_store, preferences = MemoryProgress(FakeClock()), MemoryPreferences()
    for number in range(MAX_SCOPES + 1):
        await progress_store.show(str(number), "job", job_progress())
    assert await progress_store.look("0") is None
    assert await progress_store.look(str(MAX_SCOPES)) is not None
    for number in range(MAX_REMEMBERED + 1):
        await preferences.write(str(number), {"a": number})
    assert await preferences.read("0") == {}
    assert await preferences.read(str(MAX_REMEMBERED)) == {"a": MAX_REMEMBERED}
