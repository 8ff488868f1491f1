"""The provider of Spaces, against servers that are written beforehand."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from darkroom.address import Address
from darkroom.catalog.catalog import load_catalog
from darkroom.deadline import Deadline
from darkroom.errors import Failure, JobFailed, JobLost, UpstreamUnavailable
from darkroom.events import Accepted, Event, Finished, Progress, Queued
from darkroom.http import Pause
from darkroom.job import ImageJob, Operation, Size
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.huggingface import HuggingFace, SpaceFunction
from darkroom.providers.provider import Route
from darkroom.settings import Secret
from tests.support.fakes import FakeClock, FakeHttp, FakeReply

CATALOG = load_catalog()
MODEL = CATALOG.resolve("flux-1-schnell", "").models[0]
JOB = ImageJob(Operation.GENERATE, MODEL.id, "a cat", Size(1024, 512), seed=7, steps=4)

CONFIG = json.dumps(
    {
        "api_prefix": "/gradio_api",
        "dependencies": [
            {"id": 2, "api_name": "infer", "inputs": [1] * 6, "targets": [[5, "click"]]}
        ],
    }
).encode()


def sse(*messages: dict[str, Any]) -> FakeReply:
    pieces = [f"data: {json.dumps(message)}\n\n".encode() for message in messages]
    return FakeReply(headers={"content-type": "text/event-stream"}, pieces=pieces)


QUEUED = {"msg": "estimation", "event_id": "E", "rank": 1, "queue_size": 2, "rank_eta": 3.0}
DONE = {
    "msg": "process_completed",
    "event_id": "E",
    "success": True,
    "output": {"data": [{"path": "/tmp/a.webp"}, 9]},
}


def space(stream: FakeReply | Exception, **answers: Any) -> FakeHttp:
    return FakeHttp(
        {
            "/config": answers.get("config", [FakeReply(pieces=[CONFIG])]),
            "/queue/join": answers.get("join", [FakeReply(pieces=[b'{"event_id":"E"}'])]),
            "/queue/data": [stream],
            "/cancel": [FakeReply(pieces=[b'{"success":true}'])],
        }
    )


def provider(
    cache: SignatureCache | None = None, header: str = "x-hf-authorization"
) -> HuggingFace:
    sessions = iter(f"session{number}" for number in range(9))
    return HuggingFace(
        token_header=header,
        new_session=lambda: next(sessions),
        signatures=cache or SignatureCache(),
    )


async def run(
    http: FakeHttp, hf: HuggingFace | None = None, token: str | None = None, job: ImageJob = JOB
) -> list[Event]:
    route = Route(MODEL, MODEL.upstreams[0], Secret(token) if token else None)
    events = (hf or provider()).run(job, route, http, Deadline.after(60, FakeClock()))
    async with aclosing(events):
        return [event async for event in events if not isinstance(event, Accepted)]


async def test_a_job_goes_out_as_the_row_says_and_comes_back_as_events() -> None:
    http = space(sse(QUEUED, DONE))
    queued, finished = await run(http)
    assert queued == Queued(position=1, size=2, eta_s=3.0)
    assert isinstance(finished, Finished)
    assert finished.seed == 9
    root = "https://black-forest-labs-flux-1-schnell.hf.space"
    assert finished.pictures[0].url == f"{root}/gradio_api/file=/tmp/a.webp"
    (join,) = http.sent_to("/queue/join")
    assert join.url == f"{root}/gradio_api/queue/join"
    assert join.json == {
        "data": ["a cat", 7, False, 1024, 512, 4],
        "fn_index": 2,
        "trigger_id": 5,
        "session_hash": "session0",
        "event_data": None,
    }
    assert not http.sent_to("/cancel")
    assert all(reply.closed for reply in http.replies)


@dataclass
class PausedReply(FakeReply):
    """A stream that notes the pause that its reader asks for before each piece."""

    pauses: list[float] = field(default_factory=list)

    async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        assert pause_s is not None
        for piece in self.pieces:
            self.pauses.append(pause_s())
            yield cast(bytes, piece)


@pytest.mark.parametrize(
    ("watched", "pauses"),
    [(True, [0.0, 0.0, 0.0, 0.05, 0.05]), (False, [0.0, 0.0, 2.0, 2.0, 2.0])],
    ids=["watched", "unwatched"],
)
async def test_what_follows_a_step_may_come_with_others(watched: bool, pauses: list[float]) -> None:
    starts = {"msg": "process_starts", "event_id": "E"}
    step = {"msg": "progress", "event_id": "E", "progress_data": [{"index": 1, "length": 4}]}
    stream = PausedReply(**vars(sse(QUEUED, starts, step, step, DONE)))
    await run(space(stream), job=replace(JOB, watched=watched))
    assert stream.pauses == pauses


async def test_the_jobs_seed_is_reported_when_the_space_tells_none() -> None:
    done = {**DONE, "output": {"data": [{"path": "/tmp/a.webp"}]}}
    finished = (await run(space(sse(done))))[-1]
    assert isinstance(finished, Finished)
    assert finished.seed == 7


@pytest.mark.parametrize("header", ["x-hf-authorization", "authorization"])
async def test_the_token_goes_on_every_hop_in_the_chosen_header(header: str) -> None:
    http = space(sse(DONE))
    finished = (await run(http, provider(header=header), token="hf_secret"))[-1]
    assert [sent.headers.get(header) for sent in http.sent] == ["Bearer hf_secret"] * 3
    assert isinstance(finished, Finished)
    credential = finished.pictures[0].credential
    assert credential is not None
    assert credential.headers == {header: "Bearer hf_secret"}


async def test_no_token_is_sent_where_there_is_none() -> None:
    http = space(sse(DONE))
    await run(http)
    assert not [sent for sent in http.sent if "authorization" in " ".join(sent.headers)]


async def test_each_job_has_a_session_of_its_own() -> None:
    hf, http = provider(), space(sse(DONE))
    await run(http, hf)
    await run(http, hf)
    first, second = http.sent_to("/queue/join")
    assert first.json["session_hash"] != second.json["session_hash"]


async def test_the_configuration_is_requested_once() -> None:
    hf, http = provider(), space(sse(DONE))
    await run(http, hf)
    await run(http, hf)
    assert len(http.sent_to("/config")) == 1


async def test_a_space_that_changed_is_called_again() -> None:
    hf = provider()
    await run(space(sse(DONE)), hf)
    crash = FakeReply(500, {"content-type": "text/plain"}, [b"Internal Server Error"])
    http = space(sse(DONE), join=[crash, FakeReply(pieces=[b'{"event_id":"E"}'])])
    assert isinstance((await run(http, hf))[-1], Finished)
    assert len(http.sent_to("/config")) == 1


async def test_a_space_that_moved_its_api_is_called_again() -> None:
    hf = provider()
    await run(space(sse(DONE)), hf)
    gone = FakeReply(404, pieces=[b'{"detail":"Not Found"}'])
    http = space(sse(DONE), join=[gone, FakeReply(pieces=[b'{"event_id":"E"}'])])
    assert isinstance((await run(http, hf))[-1], Finished)


async def test_after_a_failed_job_the_configuration_is_requested_anew() -> None:
    hf = provider()
    with pytest.raises(JobFailed):
        await run(space(sse({**DONE, "success": False, "output": {"error": None}})), hf)
    http = space(sse(DONE))
    await run(http, hf)
    assert len(http.sent_to("/config")) == 1


async def test_a_join_that_was_taken_and_broke_off_is_a_lost_job() -> None:
    http = space(sse(DONE), join=[FakeReply(pieces=[b'{"eve', ConnectionError()])])
    with pytest.raises(JobLost):
        await run(http)


async def test_after_the_join_everything_stays_with_the_same_replica() -> None:
    headers = {"content-type": "application/json", "x-proxied-replica": "oyerizs4-dspr4"}
    http = space(sse(DONE), join=[FakeReply(headers=headers, pieces=[b'{"event_id":"E"}'])])
    finished = (await run(http))[-1]
    pinned = "https://black-forest-labs-flux-1-schnell.hf.space/--replicas/dspr4/gradio_api"
    assert http.sent[-1].url.startswith(f"{pinned}/queue/data?")
    assert isinstance(finished, Finished)
    assert finished.pictures[0].url == f"{pinned}/file=/tmp/a.webp"


async def test_messages_of_other_jobs_are_passed_over() -> None:
    other = {**QUEUED, "event_id": "SOMEBODY"}
    assert [type(event) for event in await run(space(sse(other, DONE)))] == [Finished]


async def test_a_caller_who_leaves_cancels_the_job() -> None:
    http = space(sse(QUEUED, QUEUED, DONE))
    route = Route(MODEL, MODEL.upstreams[0])
    events = provider().run(JOB, route, http, Deadline.after(60, FakeClock()))
    await anext(events)
    await events.aclose()
    (cancel,) = http.sent_to("/cancel")
    assert cancel.json == {"event_id": "E", "session_hash": "session0", "fn_index": 2}
    assert all(reply.closed for reply in http.replies)


async def test_a_caller_who_leaves_during_the_join_cancels_the_job_too() -> None:
    joined = asyncio.Event()

    class SlowJoin(FakeHttp):
        async def send(self, method: str, address: Address, **rest: Any) -> FakeReply:
            if address.target.endswith("/queue/join"):
                joined.set()
                await asyncio.sleep(0.01)
            return await super().send(method, address, **rest)

    http = SlowJoin(
        {
            "/config": [FakeReply(pieces=[CONFIG])],
            "/queue/join": [FakeReply(pieces=[b'{"event_id":"E"}'])],
            "/cancel": [FakeReply()],
        }
    )
    task = asyncio.ensure_future(run(http))
    await joined.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert len(http.sent_to("/cancel")) == 1


@pytest.mark.parametrize(
    "stream",
    [
        sse(QUEUED),
        FakeReply(
            headers={"content-type": "text/event-stream"}, pieces=[b"data:", ConnectionError()]
        ),
        FakeReply(headers={"content-type": "text/event-stream"}, pieces=[TimeoutError()]),
        FakeReply(503, {"content-type": "text/html"}, [b"<html>"]),
        FakeReply(200, {"content-type": "text/html"}, [b"<html>"]),
        ConnectionError("refused"),
    ],
    ids=["end", "break", "silence", "503", "html", "unreachable"],
)
async def test_a_job_that_was_taken_and_then_lost_is_not_repeated(
    stream: FakeReply | Exception,
) -> None:
    http = space(stream)
    with pytest.raises(JobLost) as caught:
        await run(http)
    assert not caught.value.caller_may_retry
    assert len(http.sent_to("/queue/join")) == 1
    assert len(http.sent_to("/cancel")) == 1
    assert all(reply.closed for reply in http.replies)


@pytest.mark.parametrize("where", ["config", "join"])
async def test_a_space_that_cannot_be_reached_is_unavailable(where: str) -> None:
    http = space(sse(DONE), **{where: [ConnectionError("refused")]})
    with pytest.raises(UpstreamUnavailable, match="cannot be reached"):
        await run(http)


async def test_garbage_between_messages_does_no_harm() -> None:
    reply = sse(QUEUED, DONE)
    stream = FakeReply(
        headers=reply.headers, pieces=[b"data: [1,2\n\ndata: 5\n\n:x\n\n", *reply.pieces]
    )
    assert [type(event) for event in await run(space(stream))] == [Queued, Finished]


async def test_progress_is_relayed() -> None:
    message = {"msg": "progress", "event_id": "E", "progress_data": [{"index": 1, "length": 4}]}
    events = await run(space(sse(message, DONE)))
    assert events[0] == Progress(step=1, total=4, fraction=0.25)


async def test_every_failure_is_a_failure_of_the_tree() -> None:
    for body in (b"", b"null", b"[]", b'{"event_id":5}', b"\xff"):
        with pytest.raises(Failure):
            await run(space(sse(DONE), join=[FakeReply(pieces=[body])]))


def test_a_rows_inputs_are_filled_from_the_job() -> None:
    row = CATALOG.resolve("z-image", "").models[0]
    job = ImageJob(
        Operation.GENERATE, row.id, "a cat", Size(1024, 768), 7, steps=30, guidance_scale=4.0
    )
    data = SpaceFunction.of(row.upstreams[0]).data(job)
    assert data == ["a cat", "", 768, 1024, 30, 4.0, 7, False]


def test_the_qwen_row_fills_its_seven_inputs() -> None:
    row = CATALOG.resolve("Qwen/Qwen-Image", "").models[0]
    job = ImageJob(
        Operation.GENERATE,
        row.id,
        "a cat",
        Size(1664, 928),
        7,
        aspect_ratio="16:9",
        steps=50,
        guidance_scale=4.0,
        prompt_enhance=True,
    )
    data = SpaceFunction.of(row.upstreams[0]).data(job)
    assert data == ["a cat", 7, False, "16:9", 4.0, 50, True]
