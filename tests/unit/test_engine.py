"""Attempts along a plan, and jobs side by side."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from darkroom.catalog.catalog import load_catalog
from darkroom.deadline import Deadline
from darkroom.engine.attempts import MAX_ATTEMPTS
from darkroom.engine.breaker import FAILURES, FIRST_PAUSE_S
from darkroom.engine.plan import Step, plan_routes
from darkroom.engine.run import Engine, merge, with_ticks
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    JobFailed,
    JobLost,
    QuotaExhausted,
    UpstreamGlitch,
    UpstreamUnavailable,
)
from darkroom.events import (
    AttemptFailed,
    AttemptStarted,
    Event,
    Failed,
    Finished,
    Picture,
    Queued,
    Started,
)
from darkroom.job import ImageJob, Operation, Size
from darkroom.settings import Secret
from tests.support.fakes import (
    FakeClock,
    FakeProvider,
    address_of,
    engine,
    failure,
)

MODEL = load_catalog().resolve("z-image-turbo", "").models[0]
JOB = ImageJob(Operation.GENERATE, MODEL.id, "a cat", Size(1024, 1024), seed=1)
URL = "https://x.example.com/y"
DONE = Finished((Picture(url=URL, address=address_of(URL)),), 1)


def steps(*tokens: str) -> list[Step]:
    return [Step(JOB, route) for route in plan_routes(MODEL, [Secret(token) for token in tokens])]


async def run(
    provider: FakeProvider, *tokens: str, live: bool = False, seconds: float = 60
) -> list[Event]:
    plan = steps(*tokens)
    whole = engine({"huggingface": provider})
    events = whole.run(plan, Deadline.after(seconds, FakeClock()), live=live)
    async with aclosing(events):
        return [event async for event in events if not isinstance(event, AttemptFailed)]


async def failing(provider: FakeProvider, *tokens: str, live: bool = False) -> Failure:
    with pytest.raises(Failure) as caught:
        await run(provider, *tokens, live=live)
    return caught.value


def attempts(events: list[Event]) -> list[str]:
    return [event.upstream for event in events if isinstance(event, AttemptStarted)]


def test_the_plan_is_every_upstream_with_every_credential_and_then_without_one() -> None:
    routes = plan_routes(MODEL, [Secret("a"), Secret("b")])
    assert [(route.upstream.id, route.token) for route in routes] == [
        ("mrfakename/Z-Image-Turbo", Secret("a")),
        ("mrfakename/Z-Image-Turbo", Secret("b")),
        ("mrfakename/Z-Image-Turbo", None),
        ("luca115/z-image-turbo", Secret("a")),
        ("luca115/z-image-turbo", Secret("b")),
        ("luca115/z-image-turbo", None),
    ]


@pytest.mark.parametrize("name", ["gitee/z-image-turbo", "a1111/default", "studio/z-image-turbo"])
def test_a_provider_that_needs_a_token_or_is_the_operators_has_no_route_without_one(
    name: str,
) -> None:
    model = load_catalog().find(name)
    assert model is not None
    assert [route.token for route in plan_routes(model, [Secret("a")])] == [Secret("a")]


async def test_a_job_that_goes_well_is_tried_once() -> None:
    events = await run(FakeProvider([[Queued(0), Started(), DONE]]))
    assert events == [
        AttemptStarted("huggingface", "z-image-turbo", "mrfakename/Z-Image-Turbo", 1),
        Queued(0),
        Started(),
        DONE,
    ]


@pytest.mark.parametrize("kind", [UpstreamUnavailable, JobFailed, QuotaExhausted])
async def test_a_failure_leads_to_the_next_route(kind: type[Failure]) -> None:
    events = await run(FakeProvider([[Queued(0), failure(kind)], [DONE]]))
    assert attempts(events) == ["mrfakename/Z-Image-Turbo", "luca115/z-image-turbo"]
    assert events[-1] == DONE


@pytest.mark.parametrize("kind", [ContentRefused, JobLost, DeadlineExceeded])
async def test_some_failures_end_it_at_once(kind: type[Failure]) -> None:
    caught = await failing(FakeProvider([[failure(kind)], [DONE]]))
    assert (type(caught), caught.attempts, caught.provider) == (kind, 1, "huggingface")


async def test_no_other_route_is_tried_once_the_caller_was_shown_something() -> None:
    provider = FakeProvider([[Queued(0), failure(UpstreamUnavailable)], [DONE]])
    assert (await failing(provider, live=True)).attempts == 1
    assert len(provider.calls) == 1


async def test_a_failure_before_anything_was_shown_still_leads_on() -> None:
    events = await run(FakeProvider([[failure(UpstreamUnavailable)], [Queued(0), DONE]]), live=True)
    assert events[-1] == DONE


async def test_a_transient_failure_is_retried_once_at_the_same_upstream() -> None:
    events = await run(FakeProvider([[failure(UpstreamGlitch)], [DONE]]))
    assert attempts(events) == ["mrfakename/Z-Image-Turbo"] * 2


async def test_two_hiccups_lead_to_the_next_route() -> None:
    transient_failure = [failure(UpstreamGlitch)]
    events = await run(FakeProvider([transient_failure, transient_failure, [DONE]]))
    assert attempts(events)[-1] == "luca115/z-image-turbo"


async def test_an_exhausted_credential_gives_way_to_the_next() -> None:
    provider = FakeProvider([[failure(QuotaExhausted)], [DONE]])
    await run(provider, "a", "b")
    assert [route.token for _, route in provider.calls] == [Secret("a"), Secret("b")]


async def test_a_refused_credential_gives_way_to_none_where_none_is_needed() -> None:
    provider = FakeProvider([[failure(CredentialRefused)], [DONE]])
    await run(provider, "a")
    calls = [(route.place, route.token) for _, route in provider.calls]
    space = "mrfakename/Z-Image-Turbo"
    assert calls == [(space, Secret("a")), (space, None)]


async def test_without_a_token_a_refusal_leads_to_the_next_upstream() -> None:
    events = await run(FakeProvider([[failure(CredentialRefused)], [DONE]]))
    assert attempts(events) == ["mrfakename/Z-Image-Turbo", "luca115/z-image-turbo"]


@pytest.mark.parametrize("kind", [UpstreamUnavailable, JobFailed])
async def test_an_upstream_that_failed_is_not_called_again_with_another_token(
    kind: type[Failure],
) -> None:
    events = await run(FakeProvider([[failure(kind)], [DONE]]), "a", "b", "c")
    assert attempts(events) == ["mrfakename/Z-Image-Turbo", "luca115/z-image-turbo"]


async def test_a_token_that_an_upstream_repeats_is_taken_out() -> None:
    provider = FakeProvider([[failure(ContentRefused, "token abcdef is bad")]])
    assert (await failing(provider, "abcdef")).message == "token [removed] is bad"


async def test_there_is_an_end_to_trying() -> None:
    provider = FakeProvider([[failure(QuotaExhausted)]])
    caught = await failing(provider, *"abcdefgh")
    assert len(provider.calls) == MAX_ATTEMPTS
    assert caught.attempts == MAX_ATTEMPTS


async def test_the_failure_reported_is_the_one_that_says_most() -> None:
    provider = FakeProvider([[failure(UpstreamUnavailable)], [failure(JobFailed, "out of memory")]])
    caught = await failing(provider)
    assert (caught.message, caught.attempts) == ("out of memory", 2)


async def test_every_run_is_closed() -> None:
    provider = FakeProvider([[failure(UpstreamUnavailable)], [Queued(0), DONE]])
    await run(provider)
    assert provider.closed == len(provider.calls) == 2


def runs(engine: Engine, count: int, deadline: Deadline) -> list[AsyncGenerator[Event]]:
    return [engine.run(steps(), deadline, live=False) for _ in range(count)]


async def side_by_side(provider: FakeProvider, count: int) -> list[tuple[int, Event] | None]:
    whole = engine({"huggingface": provider})
    deadline = Deadline.after(60, FakeClock())
    events = merge(runs(whole, count, deadline))
    async with aclosing(events):
        return [item async for item in events]


async def test_jobs_side_by_side_each_come_to_their_end() -> None:
    items = await side_by_side(FakeProvider([[Started(), 0, DONE]]), 4)
    finished = sorted(item[0] for item in items if item and isinstance(item[1], Finished))
    assert finished == [0, 1, 2, 3]


async def test_one_job_that_fails_leaves_the_others_alone() -> None:
    items = await side_by_side(FakeProvider([[failure(ContentRefused)], [0, DONE], [0, DONE]]), 3)
    results = {item[0]: type(item[1]) for item in items if item}
    assert results == {0: Failed, 1: Finished, 2: Finished}


async def test_leaving_in_the_middle_closes_every_job_and_leaves_no_task() -> None:
    provider = FakeProvider([[Started(), 60, DONE]])
    whole = engine({"huggingface": provider})
    deadline = Deadline.after(60, FakeClock())
    events = merge(runs(whole, 4, deadline))
    before = asyncio.all_tasks()
    async for item in events:
        if item and isinstance(item[1], Started):
            break
    await events.aclose()
    assert provider.closed == len(provider.calls)
    assert asyncio.all_tasks() == before


async def test_leaving_at_the_start_of_a_probe_makes_room_for_another() -> None:
    clock = FakeClock()
    whole = engine({"huggingface": FakeProvider([[DONE]])}, clock=clock)
    step = steps()[0]
    breaker = whole.breakers.of("huggingface", step.route.place)
    for _ in range(FAILURES):
        admission = breaker.admit()
        assert admission is not None
        admission.fail()
    clock.now += FIRST_PAUSE_S
    events = whole.run([step], Deadline.after(60, clock), live=False)
    assert isinstance(await anext(events), AttemptStarted)
    await events.aclose()
    assert breaker.admit() is not None


async def test_leaving_while_waiting_closes_every_job_too() -> None:
    provider = FakeProvider([[60, DONE]])
    whole = engine({"huggingface": provider})
    deadline = Deadline.after(60, FakeClock())

    async def read() -> None:
        events = merge(runs(whole, 2, deadline))
        async with aclosing(events):
            async for _ in events:
                pass

    before = asyncio.all_tasks()
    reading = asyncio.ensure_future(read())
    while len(provider.calls) < 2:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert provider.closed == 2
    assert asyncio.all_tasks() == before


async def test_silence_is_marked_tick_by_tick() -> None:
    heard_twice = asyncio.Event()

    async def silent() -> AsyncGenerator[Event]:
        await heard_twice.wait()
        yield DONE

    items = []
    async for item in with_ticks(silent(), 0.01):
        items.append(item)
        if items.count(None) == 2:
            heard_twice.set()
    assert items[:2] == [None, None]
    assert items[-1] == DONE


async def test_a_mistake_of_our_own_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        await side_by_side(FakeProvider([[ZeroDivisionError()]]), 2)
