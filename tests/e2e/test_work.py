"""The work of a request inside an isolate, by counts: they grow only where somebody decides so.

`crossings` are calls into JavaScript and values that are made for it, `turns` the resumptions of
the event loop, `timers` those of JavaScript that are set, and `tasks` those of asyncio. Their prices
are in docs/performance.md.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bench.stage import API, TOKEN
from local.instant_api import CHATS
from tests.e2e.inside import Inside

KINDS = ("crossings", "turns", "timers", "tasks")
ATTEMPTS = 3  # the runtime may hand over a body in one piece or in two
STEP_S = 0.07  # between two events: longer than those are held back that come in a burst
HEADERS = {"authorization": f"Bearer {TOKEN}"}

Call = Callable[[httpx.Client], httpx.Response]


def picture(model: str, **fields: object) -> Call:
    """A request for a picture, by a model of the upstream that answers at once."""
    body = {"prompt": "a cat", "response_format": "b64_json", "model": model, **fields}
    headers = HEADERS if model.startswith(API) else {}

    def call(client: httpx.Client) -> httpx.Response:
        return client.post("/v1/images/generations", json=body, headers=headers)

    return call


def of_a_space(events: int, *, stream: bool, every_s: float = STEP_S) -> Call:
    """A request for a picture of a Space that reports so many events."""
    prompt = f"a cat [[progress:{events}:{every_s}]]"
    return picture("flux-1-schnell", prompt=prompt, stream=stream, response_format="url")


def work_of(inside: Inside, call: Call) -> dict[str, int]:
    """The least work that a request was."""
    with httpx.Client(base_url=inside.url, timeout=60) as client:
        call(client).raise_for_status()  # what is made once is there
        counts = (_count(client, call) for _ in range(ATTEMPTS))
        return min(counts, key=lambda work: (work["turns"], work["crossings"]))


def _count(client: httpx.Client, call: Call) -> dict[str, int]:
    work = _between(client, call)
    nothing = _between(client, None)
    return {kind: work.get(kind, 0) - nothing.get(kind, 0) for kind in KINDS}


def _between(client: httpx.Client, call: Call | None) -> dict[str, Any]:
    client.get("/inside/work/begin").raise_for_status()
    if call is not None:
        call(client).raise_for_status()
    reported: dict[str, Any] = client.get("/inside/work/end").raise_for_status().json()
    return reported


def beyond(work: dict[str, int], allowed: dict[str, int]) -> dict[str, int]:
    """The counts that are higher than they may be."""
    return {kind: count for kind, count in work.items() if count > allowed[kind]}


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        (picture(f"{API}/small"), {"crossings": 26, "turns": 5, "timers": 1, "tasks": 1}),
        (of_a_space(0, stream=False), {"crossings": 50, "turns": 16, "timers": 1, "tasks": 2}),
    ],
    ids=["plain", "Space"],
)
def test_a_request_is_no_more_work_than_it_was(
    call: Call, allowed: dict[str, int], inside: Inside
) -> None:
    work = work_of(inside, call)
    assert beyond(work, allowed) == {}, work


def test_another_event_is_no_more_work_than_it_was(inside: Inside) -> None:
    few, many = (work_of(inside, of_a_space(events, stream=True)) for events in (4, 24))
    each = {kind: round((many[kind] - few[kind]) / 20) for kind in KINDS}
    assert beyond(each, {"crossings": 5, "turns": 1, "timers": 0, "tasks": 0}) == {}, each


def test_events_that_nobody_watches_are_no_work(inside: Inside) -> None:
    few, some, many = (
        work_of(inside, of_a_space(events, stream=False, every_s=0.01)) for events in (2, 9, 25)
    )
    assert some == few
    again = {"crossings": 3, "turns": 3, "timers": 0, "tasks": 0}  # each 16 chunks are read ahead
    assert beyond(many, {kind: few[kind] + more for kind, more in again.items()}) == {}, many


def chat(events: int) -> Call:
    """A conversation that is streamed in so many events, by a provider that is sent a token."""
    words = [{"role": "user", "content": f"hello [[progress:{events}:0]]"}]
    body = {"model": f"{API}/{CHATS}", "messages": words, "stream": True}

    def call(client: httpx.Client) -> httpx.Response:
        reply = client.post("/v1/chat/completions", json=body, headers=HEADERS)
        assert reply.text.count("data: ") > events
        return reply

    return call


def test_a_relayed_stream_is_no_work_for_its_events(inside: Inside) -> None:
    few, many = (work_of(inside, chat(events)) for events in (20, 200))
    assert many == few


def test_a_timer_and_a_task_more_are_noticed(inside: Inside) -> None:
    with httpx.Client(base_url=inside.url, timeout=60) as client:
        work = _between(client, lambda client: client.get("/inside/work/more"))
        nothing = _between(client, lambda client: client.get("/inside/work/nothing"))
    assert {kind: work[kind] - nothing.get(kind, 0) for kind in KINDS} == {
        "crossings": 3,
        "turns": 4,
        "timers": 1,
        "tasks": 1,
    }
