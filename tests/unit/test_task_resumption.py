"""Jobs of a task whose upstream told an id are asked on after a crash, and never begun twice."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.model import Upstream
from darkroom.engine.journal import AcceptedJob
from darkroom.engine.plan import Step
from darkroom.errors import JobLost
from darkroom.http import Pause
from darkroom.providers import huggingface
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import build_providers
from darkroom.settings import Settings
from darkroom.stores.tasks import Status, Submission, Task
from darkroom.tasks.journal import TaskJournal
from darkroom.tasks.record import Record
from tests.support.background import MemoryDisk, MemoryTasks, PlainSealer, with_background
from tests.support.fakes import PNG, FakeClock, FakeHttp, FakeReply, engine, gateway
from tests.support.routes import answer, settle
from tests.support.runs import job_of, route_to

ID = str(UUID(int=7, version=4))
PICTURE = "https://files.example.com/a.png"
SETTINGS = Settings(poll_delays_s=(0.0,))
PENDING: Mapping[str, Any] = {
    "bfl": {"id": "T", "status": "Pending"},
    "ms": {"task_status": "PROCESSING"},
    "gitee": {"task_id": "T", "status": "in_progress"},
    "qwen": {"output": {"task_id": "T", "task_status": "RUNNING"}},
}
DONE: Mapping[str, Any] = {
    "bfl": {"id": "T", "status": "Ready", "result": {"sample": PICTURE, "seed": 3}},
    "ms": {"task_status": "SUCCEED", "output_images": [PICTURE]},
    "gitee": {"task_id": "T", "status": "success", "output": {"file_url": PICTURE}},
    "qwen": {"output": {"task_id": "T", "task_status": "SUCCEEDED", "results": [{"url": PICTURE}]}},
}
FAILED: Mapping[str, Any] = {
    "bfl": {"id": "T", "status": "Error"},
    "ms": {"task_status": "FAILED"},
    "gitee": {"task_id": "T", "status": "failure"},
    "qwen": {"output": {"task_id": "T", "task_status": "FAILED"}},
}
# Of each provider: a model, the token, what takes the job, what it answers, what is asked after it.
PROVIDERS: Mapping[str, tuple[str, str, str, Any, str]] = {
    "bfl": ("bfl/flux-2-pro", "bfl:key-one", "/v1/flux-2-pro",
            {"id": "T", "polling_url": "https://api.eu2.bfl.ai/v1/get_result?id=T"}, "/get_result"),
    "ms": ("ms/z-image-turbo", "ms:key-one", "/images/generations", {"task_id": "T"}, "/tasks/T"),
    "gitee": ("gitee/FLUX.2-dev", "gitee:key-one", "/async/images/generations",
              {"task_id": "T", "status": "waiting"}, "/task/T"),
    "qwen": ("qwen/qwen-image", "qwen:key-one", "/image-synthesis",
             {"output": {"task_id": "T", "task_status": "PENDING"}}, "/tasks/T"),
}  # fmt: skip


def with_task_routes() -> Catalog:
    """The catalog with Gitee's models going by its task routes."""
    catalog = load_catalog()
    files = [
        replace(
            file,
            models=tuple(
                replace(
                    model,
                    upstreams=tuple(
                        Upstream(each.id, {**each.options, "task": True})
                        for each in model.upstreams
                    ),
                )
                for model in file.models
            ),
        )
        if file.provider.id == "gitee"
        else file
        for file in catalog.files
    ]
    return Catalog(files, catalog.aliases, catalog.pools.values(), catalog.rewriters.values())


CATALOG = with_task_routes()
EVERY = pytest.mark.parametrize("name", PROVIDERS)


class Line(FakeReply):
    """An answer that waits until it is let through."""

    def __init__(self, value: object) -> None:
        super().__init__(pieces=[json.dumps(value).encode()])
        self.asked, self.free = asyncio.Event(), asyncio.Event()

    async def read_blob(self, limit: int) -> Any:
        self.asked.set()
        await self.free.wait()
        return await super().read_blob(limit)


@dataclass
class Bench:
    """A task at one provider, and the network before it."""

    name: str
    http: FakeHttp
    clock: FakeClock
    store: MemoryTasks
    alarms: list[asyncio.Task[None]] = field(default_factory=list)

    async def submit(self, **body: Any) -> None:
        model, token, *_ = PROVIDERS[self.name]
        document = {"model": model, "prompt": "a cat", "response_format": "b64_json", **body}
        content = BytesBlob(json.dumps(document).encode())
        headers = json.dumps({"authorization": f"Bearer {token}"})
        submission = Submission(
            ID, "openai", model, self.clock.time(), 840.0, "POST",
            "https://darkroom.example/v1/images/generations", content.size,
            sealed=await PlainSealer().seal(headers, ID),
        )  # fmt: skip
        await self.store.create(submission, [content])

    def wake(self) -> asyncio.Task[None]:
        self.alarms.append(asyncio.create_task(self.store.wake(ID)))
        return self.alarms[-1]

    async def end(self) -> Task:
        """How the task ended, after its alarm went off."""
        async with asyncio.timeout(5):
            await self.wake()
        task = await self.store.read(ID)
        assert task is not None
        return task

    def answer_now(self, *polls: object) -> None:
        """Have questions after the job answered so from now on."""
        replies = [poll if isinstance(poll, FakeReply) else answer(poll) for poll in polls]
        self.http._answers[PROVIDERS[self.name][4]] = [*replies]

    @property
    def begun(self) -> int:
        """How often the upstream was asked to begin."""
        path = PROVIDERS[self.name][2]
        return len([sent for sent in self.http.sent_to(path) if sent.method == "POST"])

    @property
    def disk(self) -> MemoryDisk:
        """The disk of the task's object, which is made if it is not there."""
        self.store.life(ID)
        return self.store.disks[ID]

    @property
    def record(self) -> dict[str, Any]:
        written: dict[str, Any] = json.loads(self.store.disks[ID].texts["record"])
        return written

    async def crash_while_it_is_painted(self, **body: Any) -> None:
        """The upstream has told its id and is asked after the job; then all memory is gone."""
        line = Line(PENDING[self.name])
        self.answer_now(line)
        await self.submit(**body)
        self.wake()
        async with asyncio.timeout(5):
            await line.asked.wait()
        self.store.crash()


def make_bench(name: str, taken: Sequence[FakeReply | Exception] | None = None) -> Bench:
    _, _, path, told, asked = PROVIDERS[name]
    http = FakeHttp(
        {
            "/cancel": [answer({})],
            "a.png": [FakeReply(200, {"content-type": "image/png"}, [PNG])],
            asked: [answer(PENDING[name])],
            path: taken or [answer(told)],
        }
    )
    clock = FakeClock()
    providers = build_providers(SETTINGS, lambda: "boundary", SignatureCache())
    gate = replace(
        gateway(http=http, clock=clock, settings=SETTINGS, catalog=CATALOG),
        engine=engine(providers, http, clock),
    )
    _, store = with_background(gate, awake=False)
    return Bench(name, http, clock, store)


@pytest.fixture
async def bench(name: str) -> AsyncIterator[Bench]:
    yield make_bench(name)
    await let_go()


async def let_go() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}  # by objects that have crashed
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@EVERY
async def test_a_job_whose_id_is_known_is_asked_on_after_a_crash(bench: Bench) -> None:
    await bench.crash_while_it_is_painted()
    bench.answer_now(DONE[bench.name])
    task = await bench.end()
    assert (task.status, bench.begun) == (Status.COMPLETED, 1)
    assert task.result is not None
    document = json.loads(task.result.body.head(10_000))
    assert base64.b64decode(document["data"][0]["b64_json"]) == PNG
    assert (bench.record["accepted"], bench.record["begun"]) == ({}, [])
    (line,) = [entry for entry in bench.store.log if entry.get("outcome") == "completed"]
    assert (line["resumed"], line["starts"], line["attempts"]) == (True, 2, 1)


@EVERY
async def test_the_second_crash_is_survived_as_the_first(bench: Bench) -> None:
    await bench.crash_while_it_is_painted()
    line = Line(PENDING[bench.name])
    bench.answer_now(line)
    bench.wake()
    async with asyncio.timeout(5):
        await line.asked.wait()
    bench.store.crash()
    bench.answer_now(DONE[bench.name])
    assert ((await bench.end()).status, bench.begun) == (Status.COMPLETED, 1)


@EVERY
async def test_the_seed_of_a_job_is_the_same_after_a_crash(bench: Bench) -> None:
    await bench.crash_while_it_is_painted()
    (key,) = bench.record["accepted"]
    bench.answer_now(DONE[bench.name])
    task = await bench.end()
    assert task.result is not None
    seed = json.loads(task.result.body.head(10_000))["data"][0].get("seed")
    assert seed in (3 if bench.name == "bfl" else int(key.partition(".")[0]), None)


@EVERY
async def test_no_secret_is_written_beside_the_id(bench: Bench) -> None:
    await bench.crash_while_it_is_painted()
    (accepted,) = bench.record["accepted"].values()
    assert "key-one" not in json.dumps(bench.record)
    assert len(accepted["credential"]) == 64
    assert set(accepted["handle"]) in ({"task_id"}, {"polling_url"})
    reported = await bench.store.read(ID)
    assert "polling_url" not in repr(reported)


@EVERY
async def test_a_crash_between_the_answer_and_the_record_is_told_as_a_loss(bench: Bench) -> None:
    """The id was told, and everything died before it was written down."""
    storage = bench.disk
    save, stopped = storage.save, asyncio.Event()

    async def stop(name: str, text: str) -> None:
        if '"handle"' in text:
            stopped.set()
            await asyncio.Event().wait()
        await save(name, text)

    storage.save = stop  # type: ignore[method-assign]
    await bench.submit()
    bench.wake()
    async with asyncio.timeout(5):
        await stopped.wait()
    bench.store.crash()
    bench.answer_now(DONE[bench.name])
    task = await bench.end()
    assert isinstance(task.failure, JobLost)
    assert "not begun again" in task.failure.message
    assert bench.begun == 1


@EVERY
async def test_a_store_that_takes_no_id_does_not_stop_the_job(bench: Bench) -> None:
    storage = bench.disk
    save = storage.save

    async def fail(name: str, text: str) -> None:
        storage.broken = '"handle"' in text and '"running"' in text
        try:
            await save(name, text)
        finally:
            storage.broken = False

    storage.save = fail  # type: ignore[method-assign]
    bench.answer_now(DONE[bench.name])
    await bench.submit()
    assert ((await bench.end()).status, bench.begun) == (Status.COMPLETED, 1)


@EVERY
@pytest.mark.parametrize("refusal", [401, 403, 404])
async def test_a_token_that_was_revoked_meanwhile_loses_the_job_and_begins_no_other(
    bench: Bench, refusal: int
) -> None:
    await bench.crash_while_it_is_painted()
    bench.answer_now(answer({"error": {"message": "no"}}, refusal))
    task = await bench.end()
    assert task.status is Status.FAILED
    assert task.failure is not None
    assert task.failure.dispatched
    assert bench.begun == 1


@EVERY
async def test_another_token_is_never_shown_another_accounts_job(bench: Bench) -> None:
    """The operator's token was changed while everything was down."""
    await bench.crash_while_it_is_painted()
    gate = bench.store.gateway
    assert gate is not None
    texts = bench.store.disks[ID].texts
    record = json.loads(texts["record"])
    headers = json.dumps({"authorization": f"Bearer {bench.name}:key-two"})
    record["submission"]["sealed"] = await PlainSealer().seal(headers, ID)
    texts["record"] = json.dumps(record)
    sent = len(bench.http.sent)
    task = await bench.end()
    assert isinstance(task.failure, JobLost)
    assert "the token that it was begun with is no longer here" in task.failure.message
    assert len(bench.http.sent) == sent


async def test_an_address_on_another_host_is_not_asked_whatever_was_stored() -> None:
    bench = make_bench("bfl")
    await bench.crash_while_it_is_painted()
    texts = bench.store.disks[ID].texts
    texts["record"] = texts["record"].replace("api.eu2.bfl.ai", "bfl.ai.evil.example")
    sent = len(bench.http.sent)
    task = await bench.end()
    assert isinstance(task.failure, JobLost)
    assert len(bench.http.sent) == sent
    await let_go()


@EVERY
async def test_a_task_cancelled_while_everything_was_down_is_not_asked_on(bench: Bench) -> None:
    await bench.crash_while_it_is_painted()
    cancelled = await bench.store.cancel(ID)
    assert cancelled is not None
    sent = len(bench.http.sent)
    assert (await bench.end()).status is Status.CANCELLED
    assert len(bench.http.sent) == sent
    assert bench.record["accepted"] == {}
    assert [entry["outcome"] for entry in bench.store.log if "task" in entry][-1] == "cancelled"


@EVERY
async def test_a_job_that_failed_meanwhile_fails_and_is_not_begun_again(bench: Bench) -> None:
    await bench.crash_while_it_is_painted()
    bench.answer_now(FAILED[bench.name])
    task = await bench.end()
    assert (task.status, bench.begun) == (Status.FAILED, 1)


@EVERY
async def test_of_several_pictures_those_with_an_id_are_asked_on(bench: Bench) -> None:
    """One upstream answered, one did not: the first is had, and the other never begun again."""
    _, _, path, told, _ = PROVIDERS[bench.name]
    never = Line(told)
    bench.http._answers[path] = [answer(told), never]
    line = Line(PENDING[bench.name])
    bench.answer_now(line)
    await bench.submit(n=2)
    bench.wake()
    async with asyncio.timeout(5):
        await asyncio.gather(line.asked.wait(), never.asked.wait())
    bench.store.crash()
    bench.answer_now(DONE[bench.name])
    task = await bench.end()
    assert (task.status, bench.begun) == (Status.COMPLETED, 2)
    assert task.result is not None
    document = json.loads(task.result.body.head(10_000))
    assert len(document["data"]) == 1
    assert document["errors"][0]["error"]["code"] == "generation_lost"


async def test_a_picture_that_was_not_begun_before_a_crash_is_begun_after_it() -> None:
    bench = make_bench("ms")
    line = Line(PENDING["ms"])
    bench.answer_now(line)
    await bench.submit(n=6)  # of which four are made at a time
    bench.wake()
    async with asyncio.timeout(5):
        await line.asked.wait()
        while len(bench.record["accepted"]) < 4:
            await settle()
    bench.store.crash()
    bench.answer_now(DONE["ms"])
    task = await bench.end()
    assert task.result is not None
    assert len(json.loads(task.result.body.head(10_000))["data"]) == 6
    assert bench.begun == 6
    await let_go()


async def test_an_attempt_that_failed_is_not_what_is_asked_after() -> None:
    """A job that failed at one upstream and was begun at the next has the second one's id."""
    bench = make_bench("ms")
    line = Line(PENDING["gitee"])
    bench.http._answers = {
        "/async/images/generations": [answer({"task_id": "T2", "status": "waiting"})],
        "/task/T2": [line],
        **bench.http._answers,
    }
    bench.answer_now(FAILED["ms"])
    model = ["ms/z-image-turbo", "gitee/FLUX.2-dev"]
    body = BytesBlob(json.dumps({"model": model, "prompt": "a cat"}).encode())
    headers = json.dumps({"authorization": "Bearer ms:key-one,gitee:key-two"})
    await bench.store.create(
        Submission(
            ID, "openai", "auto", 1.0, 840.0, "POST",
            "https://darkroom.example/v1/images/generations", body.size,
            sealed=await PlainSealer().seal(headers, ID),
        ),
        [body],
    )  # fmt: skip
    bench.wake()
    async with asyncio.timeout(5):
        await line.asked.wait()
    (accepted,) = bench.record["accepted"].values()
    assert (accepted["provider"], accepted["handle"]) == ("gitee", {"task_id": "T2"})
    await let_go()


async def test_an_enhanced_prompt_is_not_asked_for_again_after_a_crash() -> None:
    bench = make_bench("ms")
    said = {"choices": [{"message": {"content": "a cat in the evening sun"}}]}
    bench.http._answers = {"/chat/completions": [answer(said)], **bench.http._answers}
    await bench.crash_while_it_is_painted(enhance=True)
    asked = len(bench.http.sent_to("/chat/completions"))
    bench.answer_now(DONE["ms"])
    task = await bench.end()
    assert task.result is not None
    document = json.loads(task.result.body.head(10_000))
    assert document["data"][0]["revised_prompt"] == "a cat in the evening sun"
    assert len(bench.http.sent_to("/chat/completions")) == asked == 1
    await let_go()


never = asyncio.Event()


def sse(*messages: Mapping[str, object]) -> FakeReply:
    pieces = [b"data: %b\n\n" % json.dumps(message).encode() for message in messages]
    return FakeReply(200, {"content-type": "text/event-stream"}, pieces)


def space() -> tuple[FakeHttp, MemoryTasks, FakeClock]:
    function = {"id": 2, "api_name": "infer", "inputs": [0] * 6, "targets": [[5, "click"]]}
    config = {"api_prefix": "/gradio_api", "dependencies": [function]}
    http = FakeHttp(
        {
            "/config": [answer(config)],
            "/queue/join": [answer({"event_id": "E"})],
            "/queue/data": [sse()],
            "/cancel": [answer({"success": True})],
            "a.webp": [FakeReply(200, {"content-type": "image/png"}, [PNG])],
        }
    )
    clock = FakeClock()
    providers = build_providers(SETTINGS, lambda: "S", SignatureCache())
    gate = gateway(http=http, clock=clock, settings=SETTINGS)
    _, store = with_background(replace(gate, engine=engine(providers, http, clock)), awake=False)
    return http, store, clock


async def crash_of_a_space(http: FakeHttp, store: MemoryTasks) -> None:
    class Silent(FakeReply):
        async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> Any:
            asked.set()
            await never.wait()
            yield b""

    asked = asyncio.Event()
    http._answers["/queue/data"] = [Silent(200, {"content-type": "text/event-stream"})]
    body = BytesBlob(json.dumps({"model": "flux-1-schnell", "prompt": "a cat"}).encode())
    url = "https://darkroom.example/v1/images/generations"
    submission = Submission(ID, "openai", "flux-1-schnell", 1.0, 840.0, "POST", url, body.size)
    await store.create(submission, [body])
    waking = asyncio.create_task(store.wake(ID))
    async with asyncio.timeout(5):
        await asked.wait()
    store.crash()
    waking.cancel()


async def test_a_session_that_a_space_still_holds_is_read_on_after_a_crash() -> None:
    http, store, _ = space()
    await crash_of_a_space(http, store)
    done = {
        "msg": "process_completed", "event_id": "E", "success": True,
        "output": {"data": [{"path": "/tmp/a.webp"}, 9]},
    }  # fmt: skip
    http._answers["/queue/data"] = [sse(done)]
    await store.wake(ID)
    task = await store.read(ID)
    assert task is not None
    assert (task.status, len(http.sent_to("/queue/join"))) == (Status.COMPLETED, 1)
    assert http.sent_to("/queue/data")[-1].url.endswith("session_hash=S")
    await let_go()


async def test_a_session_that_a_space_has_dropped_is_told_as_lost_and_taken_back() -> None:
    http, store, _ = space()
    await crash_of_a_space(http, store)
    gone = {"msg": "unexpected_error", "message": "404: Not Found", "session_not_found": True}
    http._answers["/queue/data"] = [sse({**gone, "event_id": None, "success": False})]
    await store.wake(ID)
    task = await store.read(ID)
    assert task is not None
    assert isinstance(task.failure, JobLost)
    assert "Gradio drops a job's result" in task.failure.message
    assert "may have been done and paid for" in task.failure.message
    assert len(http.sent_to("/queue/join")) == 1
    await let_go()


async def test_a_session_that_only_beats_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio 6 keeps the stream of a dropped session open, and sends heartbeats for ever."""
    monkeypatch.setattr(huggingface, "REJOINING_LIMIT_S", 0.05)
    http, store, _ = space()
    await crash_of_a_space(http, store)

    class Beating(FakeReply):
        async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> Any:
            while True:
                yield b'data: {"msg": "heartbeat", "event_id": null}\n\n'
                await asyncio.sleep(0.01)

    http._answers["/queue/data"] = [Beating(200, {"content-type": "text/event-stream"})]
    await store.wake(ID)
    task = await store.read(ID)
    assert task is not None
    assert isinstance(task.failure, JobLost)
    assert "Gradio drops a job's result" in task.failure.message
    assert http.sent_to("/cancel"), "it is taken back"
    await let_go()


async def test_two_jobs_of_one_seed_are_two_jobs() -> None:
    """A request may paint twice with one seed: neither is taken for the other."""
    step = Step(job_of(), route_to("bfl/flux-2-pro", "key-one"))
    saved: list[TaskJournal] = []

    async def save() -> None:
        saved.append(journal)

    journal = TaskJournal(save)
    first, second = journal.begin(7), journal.begin(7)
    assert (first.taken, second.taken) == (None, None)
    await first.accept(one := AcceptedJob.of(step, {"task_id": "1"}))
    await second.accept(two := AcceptedJob.of(step, {"task_id": "2"}))
    await second.accept(two)
    assert len(saved) == 2, "what is known is not written again"
    submission = Submission("id", "openai", "m", 1.0, 840.0, "POST", "https://d.example/v1/x", 3)
    written = Record.read(journal.write(Record(submission)).write())
    after = TaskJournal.of(written, save)
    assert [after.begin(7).taken for _ in range(2)] == [one, two]


async def test_an_id_without_measure_is_not_written_down() -> None:
    step = Step(job_of(), route_to("bfl/flux-2-pro", "key-one"))

    async def save() -> None:
        raise AssertionError

    journal = TaskJournal(save)
    await journal.begin(7).accept(AcceptedJob.of(step, {"task_id": "x" * 5_000}))
    assert journal.accepted == {}
