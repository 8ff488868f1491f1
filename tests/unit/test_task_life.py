"""The life of a task: done once at the most, told, and forgotten."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from relaygpu.webhooks import WebhookVerificationError, verify_webhook

from darkroom.blob import BytesBlob
from darkroom.deadline import LONGEST_CLOSING_S, Deadline
from darkroom.errors import ContentRefused, Failure, InternalFailure, JobLost
from darkroom.events import Event, Finished, Picture, Progress, Queued, Started
from darkroom.http import Http
from darkroom.image import ImageFile
from darkroom.job import ImageJob
from darkroom.providers.pollinations import Pollinations
from darkroom.providers.provider import Route
from darkroom.settings import Secret, Settings
from darkroom.stores.tasks import Status, Submission, Task
from darkroom.tasks.dispatch_recording import DispatchRecordingHttp
from darkroom.tasks.errors import NoBackground, TaskCancelled
from darkroom.tasks.journal import MAX_STARTS
from darkroom.tasks.runner import RETRY_S
from darkroom.tasks.webhooks import MAX_TRIES
from tests.support.background import MemoryDisk, MemoryTasks, PlainSealer, with_background
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeHttp,
    FakeReply,
    address_of,
    engine,
    failure,
    gateway,
)
from tests.support.routes import settle
from tests.support.runs import job_of, route_to, run

ID = str(UUID(int=7, version=4))
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
BODY = json.dumps({"model": "flux-1-schnell", "prompt": "a cat", "response_format": "b64_json"})
HOOK = "https://hooks.example.com/darkroom"
SECRET = Secret("whsec_" + base64.b64encode(b"k" * 24).decode())


@dataclass
class Painter:
    """Looks around, puts the job in line, and paints when it is let."""

    ends: list[Event | Failure] = field(default_factory=lambda: [HELD])
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    may_join: asyncio.Event = field(default_factory=asyncio.Event)
    may_paint: asyncio.Event = field(default_factory=asyncio.Event)
    tokens: list[str | None] = field(default_factory=list)
    cancelled: int = 0

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        self.tokens.append(route.token.reveal() if route.token else None)
        await http.send(
            "GET", address_of("https://space.example/config"), headers={}, deadline=deadline
        )
        self.looked.set()
        await self.may_join.wait()
        await http.send(
            "POST", address_of("https://space.example/join"), headers={}, deadline=deadline
        )
        self.joined.set()
        try:
            yield Queued(3, 4)
            yield Started()
            yield Progress(2, 4)
            await self.may_paint.wait()
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            await http.send(
                "POST", address_of("https://space.example/cancel"), headers={}, deadline=deadline
            )
            raise
        end = self.ends.pop(0)
        if isinstance(end, Failure):
            raise end
        yield end


@dataclass
class Bench:
    """A painter, the network, and the task that they are for."""

    painter: Painter
    http: FakeHttp
    clock: FakeClock
    store: MemoryTasks
    alarms: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def storage(self) -> MemoryDisk:
        return self.store.disks[ID]

    async def submit(self, **fields: Any) -> None:
        body = BytesBlob(BODY.encode())
        submission = Submission(
            **{
                "id": ID,
                "dialect": "openai",
                "model": "flux-1-schnell",
                "created_at": self.clock.time(),
                "timeout_s": 840.0,
                "method": "POST",
                "url": "https://darkroom.example/v1/images/generations",
                "body_size": body.size,
                **fields,
            }
        )
        await self.store.create(submission, [body])

    def wake(self) -> asyncio.Task[None]:
        """The alarm goes off, if it is time."""
        self.alarms.append(asyncio.create_task(self.store.wake(ID)))
        return self.alarms[-1]

    def let_it_paint(self) -> None:
        self.painter.may_join.set()
        self.painter.may_paint.set()

    async def reported(self, wait_s: float = 0) -> Task:
        task = await self.store.read(ID, wait_s)
        assert task is not None
        return task

    def joins(self) -> int:
        return len(self.http.sent_to("/join"))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = make_bench()
    yield bench
    left = asyncio.all_tasks() - {asyncio.current_task()}  # by objects that have crashed
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def make_bench(**settings: Any) -> Bench:
    painter, clock = Painter(), FakeClock()
    http = FakeHttp({f"/{end}": [FakeReply()] for end in ("config", "join", "cancel", "darkroom")})
    gate = gateway(painter, http=http, clock=clock, settings=Settings(**settings))
    _, store = with_background(gate, awake=False)
    return Bench(painter, http, clock, store)


async def test_a_task_is_queued_then_runs_and_then_holds_the_very_answer(bench: Bench) -> None:
    await bench.submit()
    assert (await bench.reported()).status is Status.QUEUED
    alarm = bench.wake()
    bench.painter.may_join.set()
    running = await bench.reported()
    async with asyncio.timeout(5):
        while running.progress is None or running.progress["step"] is None:
            await settle()
            running = await bench.reported()
    assert (running.status, running.started_at) == (Status.RUNNING, bench.clock.time())
    assert (running.progress["step"], running.progress["total_steps"]) == (2, 4)
    bench.clock.now += 5
    bench.painter.may_paint.set()
    await alarm
    done = await bench.reported()
    assert (done.status, done.progress) == (Status.COMPLETED, None)
    assert done.ended_at == bench.clock.time()
    assert done.result is not None
    assert done.result.headers["x-darkroom-provider"] == "huggingface"
    answer = json.loads(done.result.body.head(10_000))
    assert base64.b64decode(answer["data"][0]["b64_json"]) == PNG
    assert bench.storage.contents.keys() == {"result"}, "the request is needed no more"


async def test_a_failure_is_kept_as_it_was(bench: Bench) -> None:
    bench.painter.ends = [failure(ContentRefused, "no cats here", param="prompt")]
    bench.let_it_paint()
    await bench.submit()
    await bench.wake()
    task = await bench.reported()
    assert task.status is Status.FAILED
    assert isinstance(task.failure, ContentRefused)
    assert (task.failure.message, task.failure.param) == ("no cats here", "prompt")
    assert (task.failure.provider, task.failure.attempts) == ("huggingface", 1)
    assert [str(attempt) for attempt in task.failure.attempt_log] == [
        "huggingface:black-forest-labs/FLUX.1-schnell=moderation_blocked"
    ]


async def test_the_dispatch_is_recorded_before_the_job_is_sent(bench: Bench) -> None:
    written: list[bool] = []

    class Watching(FakeHttp):
        async def send(self, *arguments: Any, **rest: Any) -> FakeReply:
            written.append(json.loads(bench.storage.texts["record"])["dispatched"])
            return await super().send(*arguments, **rest)

    assert bench.store.gateway is not None
    http = Watching({"/config": [FakeReply()], "/join": [FakeReply()]})
    bench.store.gateway = replace(
        bench.store.gateway, engine=engine({"huggingface": bench.painter}, http, bench.clock)
    )
    bench.let_it_paint()
    await bench.submit()
    await bench.wake()
    assert written == [False, True]


async def test_a_job_sent_before_a_crash_is_lost_and_never_sent_again(bench: Bench) -> None:
    await bench.submit()
    bench.wake()
    bench.painter.may_join.set()
    await bench.painter.joined.wait()
    bench.store.crash()
    await bench.wake()
    task = await bench.reported()
    assert task.status is Status.FAILED
    assert isinstance(task.failure, JobLost)
    assert "may have been done and paid for" in task.failure.message
    assert not task.failure.caller_may_retry
    assert bench.joins() == 1


class CrashingDisk(MemoryDisk):
    """Stops for good while a result is kept, `after` it is there or before."""

    after: bool = False
    stopped: asyncio.Event | None = None

    async def keep(self, name: str, parts: Any) -> bool:
        if name != "result" or self.stopped is None:
            return await super().keep(name, parts)
        if self.after:
            await super().keep(name, parts)
        self.stopped.set()
        await asyncio.Event().wait()
        raise AssertionError("the object is gone")


async def crash_while_the_result_is_kept(bench: Bench, *, after: bool) -> None:
    await bench.submit()
    bench.store.disks[ID] = storage = CrashingDisk(**vars(bench.storage))
    bench.store.evict()
    storage.after, storage.stopped = after, asyncio.Event()
    bench.let_it_paint()
    bench.wake()
    await asyncio.wait_for(storage.stopped.wait(), 5)
    assert (await bench.reported()).status is Status.RUNNING
    assert (await bench.reported()).result is None, "it is not over yet"
    bench.store.crash()


async def test_a_result_that_was_kept_before_a_crash_is_what_the_task_ends_with(
    bench: Bench,
) -> None:
    await crash_while_the_result_is_kept(bench, after=True)
    await bench.wake()
    task = await bench.reported()
    assert (task.status, bench.joins()) == (Status.COMPLETED, 1)
    assert task.result is not None
    assert (task.result.status, task.result.headers["x-darkroom-provider"]) == (200, "huggingface")
    answer = json.loads(task.result.body.head(10_000))
    assert base64.b64decode(answer["data"][0]["b64_json"]) == PNG
    assert bench.storage.contents.keys() == {"result"}


async def test_a_result_that_was_not_kept_before_a_crash_is_lost(bench: Bench) -> None:
    await crash_while_the_result_is_kept(bench, after=False)
    await bench.wake()
    task = await bench.reported()
    assert isinstance(task.failure, JobLost)
    assert (task.result, bench.joins()) == (None, 1)


async def test_a_task_that_had_sent_nothing_is_restarted_after_a_crash(bench: Bench) -> None:
    await bench.submit()
    bench.wake()
    await bench.painter.looked.wait()
    bench.store.crash()
    bench.let_it_paint()
    await bench.wake()
    assert (await bench.reported()).status is Status.COMPLETED
    assert bench.joins() == 1


async def test_a_queued_task_survives_a_crash(bench: Bench) -> None:
    await bench.submit()
    bench.store.crash()
    bench.let_it_paint()
    await bench.wake()
    assert (await bench.reported()).status is Status.COMPLETED


async def test_a_task_that_crashes_its_object_repeatedly_fails(bench: Bench) -> None:
    await bench.submit()
    for _ in range(MAX_STARTS):
        bench.painter.looked.clear()
        bench.wake()
        await bench.painter.looked.wait()
        bench.store.crash()
    await bench.wake()
    task = await bench.reported()
    assert isinstance(task.failure, InternalFailure)
    assert bench.joins() == 0


async def test_an_alarm_that_goes_off_during_a_run_begins_no_other(bench: Bench) -> None:
    await bench.submit()
    first = bench.wake()
    await bench.painter.looked.wait()
    second = asyncio.create_task(bench.store.life(ID).wake())
    bench.let_it_paint()
    await asyncio.gather(first, second)
    assert (await bench.reported()).status is Status.COMPLETED
    assert bench.joins() == 1


async def test_a_task_submitted_twice_is_one_task(bench: Bench) -> None:
    await asyncio.gather(bench.submit(), bench.submit())
    bench.let_it_paint()
    await bench.wake()
    await bench.submit()
    await bench.wake()
    assert (await bench.reported()).status is Status.COMPLETED
    assert bench.joins() == 1


async def test_a_waiting_client_is_answered_at_the_end(bench: Bench) -> None:
    await bench.submit()
    waiting = [asyncio.create_task(bench.reported(wait_s=30)) for _ in range(3)]
    bench.let_it_paint()
    async with asyncio.timeout(5):
        await bench.wake()
        assert {task.status for task in await asyncio.gather(*waiting)} == {Status.COMPLETED}


async def test_a_wait_that_times_out_gets_the_status_and_leaves_nothing_behind(
    bench: Bench,
) -> None:
    await bench.submit()
    before = asyncio.all_tasks()
    assert (await bench.reported(wait_s=0.01)).status is Status.QUEUED
    leaving = asyncio.create_task(bench.reported(wait_s=30))
    await settle()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert asyncio.all_tasks() == before


async def test_a_task_that_is_taken_back_is_cancelled_upstream(bench: Bench) -> None:
    await bench.submit(sealed=await PlainSealer().seal("{}", ID))
    alarm = bench.wake()
    bench.painter.may_join.set()
    await bench.painter.joined.wait()
    await settle()
    waiting = asyncio.create_task(bench.reported(wait_s=30))
    await settle()
    cancelled = await bench.store.cancel(ID)
    assert cancelled is not None
    assert cancelled.status is Status.CANCELLED
    assert isinstance(cancelled.failure, TaskCancelled)
    assert bench.painter.cancelled == 1
    assert len(bench.http.sent_to("/cancel")) == 1
    assert (await waiting).status is Status.CANCELLED
    await alarm
    assert (await bench.reported()).status is Status.CANCELLED
    assert bench.storage.contents == {}
    assert '"sealed": null' in bench.storage.texts["record"]


async def test_a_task_that_is_taken_back_before_its_turn_never_runs(bench: Bench) -> None:
    await bench.submit()
    await bench.store.cancel(ID)
    bench.let_it_paint()
    await bench.wake()
    assert (await bench.reported()).status is Status.CANCELLED
    assert bench.http.sent == []


@pytest.mark.parametrize("remembered", [True, False])
@pytest.mark.parametrize("turns", range(11))
async def test_a_task_is_taken_back_at_whatever_moment_of_its_beginning(
    bench: Bench, turns: int, *, remembered: bool
) -> None:
    await bench.submit()
    if not remembered:
        bench.store.evict()
    bench.let_it_paint()
    bench.painter.may_paint.clear()
    alarm = bench.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    sent = len(bench.http.sent_to("/join"))
    cancelled = await bench.store.cancel(ID)
    assert cancelled is not None
    assert cancelled.status is Status.CANCELLED
    assert bench.joins() == sent, "nothing goes out for a task that is taken back"
    await alarm
    bench.store.crash()
    assert (await bench.reported()).status is Status.CANCELLED, "and so it is written down"


async def test_a_completed_task_cannot_be_cancelled(bench: Bench) -> None:
    bench.let_it_paint()
    await bench.submit()
    await bench.wake()
    task = await bench.store.cancel(ID)
    assert task is not None
    assert (task.status, task.result is not None) == (Status.COMPLETED, True)


async def test_a_task_is_forgotten_a_day_after_its_end(bench: Bench) -> None:
    bench.let_it_paint()
    await bench.submit()
    await bench.wake()
    bench.clock.now += 86_399
    await bench.wake()
    assert (await bench.reported()).status is Status.COMPLETED
    bench.clock.now += 1
    assert await bench.store.read(ID) is None, "even before the alarm has cleared it away"
    await bench.wake()
    assert (bench.storage.texts, bench.storage.contents, bench.storage.alarm) == ({}, {}, None)


async def test_a_submission_that_broke_off_is_cleared_away(bench: Bench) -> None:
    await bench.submit()
    del bench.storage.texts["record"]
    bench.store.crash()
    await bench.wake()
    assert (bench.storage.texts, bench.storage.contents) == ({}, {})


async def test_a_task_whose_alarm_was_lost_gets_another_when_it_is_polled(
    bench: Bench,
) -> None:
    await bench.submit()
    bench.storage.alarm = None
    bench.let_it_paint()
    await bench.reported()
    await bench.wake()
    assert (await bench.reported()).status is Status.COMPLETED


async def test_an_alarm_never_throws_and_comes_again(bench: Bench) -> None:
    class Failing(MemoryDisk):
        async def fetch(self, name: str) -> Any:
            raise RuntimeError("a mistake")

    bench.let_it_paint()
    await bench.submit()
    healthy = bench.storage
    bench.store.crash()
    bench.store.disks[ID] = Failing(healthy.texts, healthy.contents, healthy.alarm)
    await bench.wake()
    task = await bench.reported()
    assert isinstance(task.failure, InternalFailure), "a mistake while it ran is its end"
    assert any("traceback" in entry for entry in bench.store.log)


async def test_storage_that_fails_for_a_while_costs_no_task(bench: Bench) -> None:
    bench.let_it_paint()
    await bench.submit()
    bench.storage.broken = True
    await bench.store.life(ID).wake()
    bench.storage.broken = False
    assert (await bench.reported()).status is Status.QUEUED
    bench.clock.now += RETRY_S
    await bench.wake()
    assert (await bench.reported()).status is Status.COMPLETED


async def test_the_credential_is_opened_for_the_run_and_then_erased(bench: Bench) -> None:
    credentials = json.dumps({"authorization": "Bearer hf:hf_good"})
    await bench.submit(sealed=await PlainSealer().seal(credentials, ID))
    bench.let_it_paint()
    await bench.wake()
    assert bench.painter.tokens == ["hf_good"]
    assert '"sealed": null' in bench.storage.texts["record"]
    assert all("hf_good" not in text for text in bench.storage.saved)


async def test_a_seal_that_no_longer_opens_says_what_has_changed(bench: Bench) -> None:
    await bench.submit(sealed=await PlainSealer().seal("{}", "another task"))
    await bench.wake()
    task = await bench.reported()
    assert isinstance(task.failure, NoBackground)
    assert "TASK_SECRET was changed" in task.failure.message


async def test_the_task_has_its_own_time(bench: Bench) -> None:
    seen: list[float] = []

    class Timed(Painter):
        async def run(
            self, job: ImageJob, route: Route, http: Http, deadline: Deadline
        ) -> AsyncGenerator[Event]:
            seen.append(deadline.remaining_s())
            yield HELD

    assert bench.store.gateway is not None
    bench.store.gateway = replace(
        bench.store.gateway, engine=engine({"huggingface": Timed()}, bench.http, bench.clock)
    )
    await bench.submit(timeout_s=700.0)
    await bench.wake()
    assert seen == [700.0 - LONGEST_CLOSING_S]


async def test_a_request_that_paints_for_a_mere_get_counts_as_work() -> None:
    history_fields: list[str] = []

    async def note() -> None:
        history_fields.append("noted")

    http = DispatchRecordingHttp(FakeHttp({"": [FakeReply(headers={}, pieces=[PNG])]}), note)
    await run(Pollinations(), job_of(), route_to("pollinations/flux"), http)
    assert history_fields == ["noted"]


async def test_a_plain_get_is_not_recorded_as_a_dispatch() -> None:
    async def note() -> None:
        raise AssertionError("nothing may begin by this")

    http = DispatchRecordingHttp(FakeHttp({"/config": [FakeReply()]}), note)
    deadline = Deadline.after(1, FakeClock())
    await http.send(
        "GET",
        address_of("https://s.example.com/config"),
        headers={"accept": "*/*"},
        deadline=deadline,
    )


async def test_the_webhook_is_sent_at_once_and_signed() -> None:
    bench = make_bench(webhook_secret=SECRET)
    bench.let_it_paint()
    await bench.submit(webhook_url=HOOK)
    await bench.wake()
    (reported,) = bench.http.sent_to("/darkroom")
    assert reported.body is not None
    signed = f"msg_task_{ID}.{int(bench.clock.time())}.".encode() + reported.body
    signature = base64.b64encode(hmac.digest(b"k" * 24, signed, hashlib.sha256)).decode()
    assert reported.headers["webhook-id"] == f"msg_task_{ID}"
    assert reported.headers["cdn-loop"] == "darkroom"
    assert reported.headers["webhook-timestamp"] == str(int(bench.clock.time()))
    assert reported.headers["webhook-signature"] == f"v1,{signature}"
    assert (reported.json["event"], reported.json["status"]) == ("task.completed", "completed")
    assert reported.json["result"]["data"][0]["seed"] == 42
    assert "error" not in reported.json
    bench.clock.now += 60
    await bench.wake()
    assert len(bench.http.sent_to("/darkroom")) == 1


async def test_a_webhook_without_an_answer_is_sent_eight_times_across_crashes() -> None:
    bench = make_bench(webhook_secret=SECRET)
    bench.let_it_paint()
    bench.http._answers["/darkroom"] = [FakeReply(status=500), ConnectionError("away")] * 9
    await bench.submit(webhook_url=HOOK)
    await bench.wake()
    pauses = []
    while len(bench.http.sent_to("/darkroom")) < MAX_TRIES:
        bench.store.evict()
        before = len(bench.http.sent_to("/darkroom"))
        assert bench.storage.alarm is not None
        pauses.append(bench.storage.alarm - bench.clock.time())
        bench.clock.now += pauses[-1]
        await bench.wake()
        assert len(bench.http.sent_to("/darkroom")) == before + 1
    assert pauses == [30, 60, 120, 240, 480, 960, 1800]
    assert bench.storage.alarm == (await bench.reported()).expires_at


async def test_an_address_is_checked_again_before_each_try() -> None:
    house = "http://127.0.0.1:9000"
    bench = make_bench(webhook_secret=SECRET, source_origins=(house,))
    bench.let_it_paint()
    bench.http._answers["/darkroom"] = [FakeReply(status=500)]
    await bench.submit(webhook_url=f"{house}/darkroom")
    await bench.wake()
    assert len(bench.http.sent_to("/darkroom")) == 1
    gate = bench.store.gateway
    assert gate is not None
    bench.store.gateway = replace(gate, settings=replace(gate.settings, source_origins=()))
    bench.store.evict()
    bench.clock.now += 30
    await bench.wake()
    assert len(bench.http.sent_to("/darkroom")) == 1, "the operator has changed their mind"
    assert bench.storage.alarm == bench.clock.time() + 60, "and may do so again"


async def test_a_webhook_redirect_is_not_followed_and_counts_as_undelivered() -> None:
    bench = make_bench(webhook_secret=SECRET)
    bench.let_it_paint()
    elsewhere = {"location": "http://169.254.169.254/darkroom"}
    bench.http._answers["/darkroom"] = [FakeReply(status=307, headers=elsewhere)]
    await bench.submit(webhook_url=HOOK)
    await bench.wake()
    assert [sent.url for sent in bench.http.sent_to("/darkroom")] == [HOOK]
    assert bench.storage.alarm == bench.clock.time() + 30


async def test_a_webhook_is_sent_to_the_normalised_address() -> None:
    bench = make_bench(webhook_secret=SECRET)
    bench.let_it_paint()
    await bench.submit(webhook_url="HTTPS://Hooks.Example.com/darkroom#fragment")
    await bench.wake()
    (reported,) = bench.http.sent_to("/darkroom")
    assert reported.url == HOOK


async def test_the_official_client_verifies_the_webhooks_signature() -> None:
    bench = make_bench(webhook_secret=SECRET)
    bench.let_it_paint()
    await bench.submit(webhook_url=HOOK, dialect="relay")
    await bench.wake()
    (reported,) = bench.http.sent_to("/darkroom")
    assert reported.body is not None
    now = bench.clock.time()
    event = verify_webhook(reported.body, reported.headers, SECRET.reveal(), now=now)
    assert (event["event"], event["task_id"]) == ("task.completed", f"direct:{ID}")
    with pytest.raises(WebhookVerificationError):
        verify_webhook(reported.body + b" ", reported.headers, SECRET.reveal(), now=now)


async def test_a_large_result_is_left_out_of_the_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom.tasks.runner.MAX_RESULT_BYTES", 10)
    bench = make_bench(webhook_secret=SECRET)
    bench.let_it_paint()
    await bench.submit(webhook_url=HOOK)
    await bench.wake()
    (reported,) = bench.http.sent_to("/darkroom")
    assert (reported.json["result"], reported.json["result_omitted"]) == (None, True)
    assert (await bench.reported()).result is not None


async def test_a_failure_is_sent_to_the_webhook_as_one() -> None:
    bench = make_bench(webhook_secret=SECRET)
    bench.painter.ends = [failure(ContentRefused)]
    bench.let_it_paint()
    await bench.submit(webhook_url=HOOK, dialect="relay")
    await bench.wake()
    (reported,) = bench.http.sent_to("/darkroom")
    assert reported.headers["webhook-id"] == f"msg_direct:{ID}"
    assert reported.json["event"] == "task.failed"
    assert reported.json["error_code"] == "CONTENT_POLICY_DECLINED"
    assert "result" not in reported.json
