"""A queue that is full for a moment is waited for, where there is no other way."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from darkroom.app import handle, perform
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.deadline import Deadline
from darkroom.engine.budget import ALWAYS_ALLOWED
from darkroom.engine.plan import Step, plan_routes
from darkroom.engine.run import Engine
from darkroom.errors import (
    ContentRefused,
    Failure,
    JobFailed,
    QueueFull,
    RateLimited,
    UpstreamUnavailable,
)
from darkroom.events import AttemptStarted, Event, Finished, Picture
from darkroom.image import ImageFile
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import build_providers
from darkroom.settings import Secret, Settings
from darkroom.trace import Trace
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeHttp,
    FakeProvider,
    FakeReply,
    Script,
    engine,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.runs import job_of, route_to

CATALOG = load_catalog()
DONE = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 1)
SPACES = ["mrfakename/Z-Image-Turbo", "luca115/z-image-turbo"]
FULL = failure(QueueFull, "a/b takes no more jobs now: Queue is full", retry_after_s=10.0)


def full(asked_wait_s: float | None = None) -> QueueFull:
    turned_away = QueueFull("full")
    turned_away.asked_wait_s = asked_wait_s
    return turned_away


def steps(name: str, *tokens: str) -> list[Step]:
    model = CATALOG.resolve(name, "").models[0]
    routes = plan_routes(model, [Secret(token) for token in tokens])
    return [Step(job_of(), route) for route in routes]


async def run(
    scripts: Sequence[Script],
    name: str = "z-image-turbo",
    *tokens: str,
    seconds: float = 300,
    clock: FakeClock | None = None,
    whole: Engine | None = None,
) -> list[Event]:
    clock = clock or FakeClock()
    provider = FakeProvider(list(scripts))
    whole = whole or engine({"huggingface": provider}, clock=clock)
    events = whole.run(steps(name, *tokens), Deadline.after(seconds, clock), live=False)
    async with aclosing(events):
        return [event async for event in events]


def places(events: Sequence[Event]) -> list[str]:
    return [event.upstream for event in events if isinstance(event, AttemptStarted)]


async def failing(scripts: Sequence[Script], **options: object) -> Failure:
    with pytest.raises(Failure) as caught:
        await run(scripts, **options)  # type: ignore[arg-type]
    return caught.value


async def test_a_full_queue_leads_to_the_next_route_at_once() -> None:
    clock = FakeClock()
    events = await run([[full()], [DONE]], clock=clock)
    assert places(events) == SPACES
    assert clock.now == 1000.0


async def test_full_queues_are_retried_in_turn() -> None:
    clock = FakeClock()
    events = await run([[full()]] * 5 + [[DONE]], clock=clock)
    assert places(events) == SPACES * 3
    assert clock.now == 1000.0 + 1 + 2 + 4 + 8


async def test_a_queue_that_is_full_for_three_seconds_is_waited_for() -> None:
    clock = FakeClock()
    events = await run([[full()]] * 3 + [[DONE]], "flux-1-schnell", clock=clock)
    assert events[-1] == DONE
    assert len(set(places(events))) == 1
    assert clock.now == 1000.0 + 1 + 2 + 4


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1, []),
        (8, [1, 2]),
        (60, [1, 2, 4, 3]),
        (300, [1, 2, 4, 8, 15]),
        (840, [1, 2, 4, 8, 16, 32, 21]),
    ],
)
async def test_the_pauses_grow_and_leave_time_for_the_job(
    seconds: int, expected: list[float]
) -> None:
    clock, pauses = FakeClock(), []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        await clock.sleep(pause_s)

    whole = engine({"huggingface": FakeProvider([[full()]])}, clock=clock)
    object.__setattr__(whole, "sleep", sleep)
    caught = await failing([], name="flux-1-schnell", whole=whole, clock=clock, seconds=seconds)
    assert isinstance(caught, QueueFull)
    assert pauses == expected


async def test_the_wait_that_an_upstream_asks_for_is_kept() -> None:
    clock = FakeClock()
    await run([[full(20.0)], [DONE]], "flux-1-schnell", clock=clock)
    assert clock.now == 1020.0


async def test_a_full_queue_opens_no_circuit_breaker() -> None:
    clock = FakeClock()
    whole = engine({"huggingface": FakeProvider([[full()]])}, clock=clock)
    await failing([], name="flux-1-schnell", whole=whole, clock=clock)
    route = steps("flux-1-schnell")[0].route
    assert whole.breakers.of(route.provider.id, route.place).state.value == "closed"


@pytest.mark.parametrize("kind", [UpstreamUnavailable, JobFailed])
async def test_nothing_else_is_waited_for(kind: type[Failure]) -> None:
    clock = FakeClock()
    assert type(await failing([[failure(kind)]], clock=clock)) is kind
    assert clock.now == 1000.0


async def test_a_refusal_after_a_wait_ends_it() -> None:
    assert isinstance(
        await failing([[full()], [full()], [failure(ContentRefused)]]), ContentRefused
    )


async def test_waiting_for_a_full_queue_does_not_use_the_retry_budget() -> None:
    """As many as like may wait; those who try again at once are bounded."""
    clock = FakeClock()
    ready, all_wait, waiting = asyncio.Event(), asyncio.Event(), 0

    async def sleep(seconds: float) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == 8:
            all_wait.set()
        await ready.wait()

    whole = engine({"huggingface": FakeProvider([[full()]] * 8 + [[5.0, DONE]])}, clock=clock)
    object.__setattr__(whole, "sleep", sleep)
    jobs = [
        asyncio.ensure_future(run([], "flux-1-schnell", whole=whole, clock=clock)) for _ in range(8)
    ]
    await all_wait.wait()
    assert not whole.budget.retries
    ready.set()
    turned_away, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
    assert sum(whole.budget.retries.values()) <= ALWAYS_ALLOWED
    assert all(isinstance(job.exception(), QueueFull) for job in turned_away)
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)


async def test_a_caller_who_leaves_is_waited_for_no_longer() -> None:
    whole = engine({"huggingface": FakeProvider([[full()]])})
    object.__setattr__(whole, "sleep", asyncio.sleep)
    job = asyncio.ensure_future(run([], "flux-1-schnell", whole=whole))
    await asyncio.sleep(0)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert whole.budget.jobs == 0
    assert not whole.budget.retries


# From the wire.

PROVIDERS = build_providers(Settings(), lambda: "token", SignatureCache())
CONFIG = json.dumps(
    {"dependencies": [{"id": 2, "api_name": "infer", "inputs": [1] * 6, "targets": [[5, "x"]]}]}
).encode()

# A token helps those who have none.


QUOTA = "You have exceeded your GPU quota (120s requested vs. 47s left). Try again in 17:25:53"


def used_up() -> FakeHttp:
    """A Space whose quota is used up, and a host that has had too many requests."""
    message = {"msg": "process_completed", "event_id": "E", "success": False}
    stream = FakeReply(
        headers={"content-type": "text/event-stream"},
        pieces=[f"data: {json.dumps({**message, 'output': {'error': QUOTA}})}\n\n".encode()],
    )
    return FakeHttp(
        {
            "/config": [FakeReply(pieces=[CONFIG])],
            "/queue/join": [FakeReply(pieces=[b'{"event_id":"E"}'])],
            "/queue/data": [stream],
            "": [FakeReply(429, {"content-type": "application/json"}, [b'{"error":"slow down"}'])],
        }
    )


async def failing_for(name: str, *tokens: str) -> Failure:
    whole = engine(PROVIDERS, used_up())
    with pytest.raises(RateLimited) as caught:
        await run([], name, *tokens, whole=whole)
    return caught.value


@pytest.mark.parametrize("name", ["flux-1-schnell", "pollinations/flux"])
async def test_a_caller_without_a_token_is_pointed_to_the_page_that_issues_them(name: str) -> None:
    caught = await failing_for(name)
    row = route_to(name).provider
    assert "A token of your own has an allowance of its own" in caught.message
    assert f"Bearer {row.token_prefix}:TOKEN" in caught.message
    assert str(row.token_page) in caught.message


@pytest.mark.parametrize("name", ["flux-1-schnell", "pollinations/flux"])
async def test_a_caller_with_a_token_is_not_advised_to_get_one(name: str) -> None:
    assert "token of your own" not in (await failing_for(name, "hf_token")).message


# From the wire to the answer.

TURNED_AWAY = FakeReply(
    503,
    {"content-type": "application/json"},
    [b'{"detail":"Queue is full. Max size is 2 and size is 2."}'],
)
DONE_MESSAGE = {
    "msg": "process_completed",
    "event_id": "E",
    "success": True,
    "output": {"data": ["data:image/png;base64,iVBORw0KGgo=", 9]},
}


def space() -> FakeHttp:
    """A Space whose queue is full for the first three who come."""
    stream = FakeReply(
        headers={"content-type": "text/event-stream"},
        pieces=[f"data: {json.dumps(DONE_MESSAGE)}\n\n".encode()],
    )
    return FakeHttp(
        {
            "/config": [FakeReply(pieces=[CONFIG])],
            "/queue/join": [TURNED_AWAY] * 3 + [FakeReply(pieces=[b'{"event_id":"E"}'])],
            "/queue/data": [stream],
        }
    )


@pytest.mark.parametrize("background", [False, True])
async def test_a_space_that_is_full_for_a_moment_paints_for_callers_and_for_tasks(
    background: bool,
) -> None:
    http = space()
    gate = gateway(PROVIDERS["huggingface"], http=http)
    body = {"model": "flux-1-schnell", "prompt": "a cat", "response_format": "b64_json"}
    requested = request(
        "POST", "/v1/images/generations", body, {"content-type": "application/json"}
    )
    if background:
        reply = await perform(
            requested,
            gate,
            task_id="t",
            timeout_s=840.0,
            observer=lambda index, event: None,
            downloads={},
            trace=Trace(),
        )
    else:
        reply = await handle(requested, gate, lambda entry: None)
    assert reply.status == 200, await json_of(reply)
    assert len(http.sent_to("/queue/join")) == 4
    assert reply.headers["x-darkroom-attempts"] == "4"
