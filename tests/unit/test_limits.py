"""Limits on requests and on painting, as callers meet them."""

import asyncio
import base64
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from darkroom.access import Bearer, Caller
from darkroom.access_errors import KeyNotRead
from darkroom.account import account_of, network_of
from darkroom.app import ENDPOINTS, handle
from darkroom.blob import BytesBlob
from darkroom.endpoint import Endpoint
from darkroom.errors import ContentRefused, JobFailed, Misconfigured
from darkroom.events import Finished, Picture, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply, Request
from darkroom.image import ImageFile
from darkroom.limit_settings import VARIABLES, Limits
from darkroom.png import Colours, Header, write_png
from darkroom.settings import Secret, Settings
from darkroom.stores.budget import Answer, Reservation
from darkroom.stores.request_counts import RequestCounts
from darkroom.stores.unavailable import StoreUnavailable
from local.stack import UNLIMITED as LOCALLY_UNLIMITED
from tests.support.background import with_background
from tests.support.contexts import context_of
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeProvider,
    MemoryMedia,
    Script,
    body_of,
    gateway,
    json_of,
    request,
)
from tests.support.limits import ADMIN, UNLIMITED, limited

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
DIGEST = hashlib.sha256(b"dk_mine").hexdigest()
HERE, THERE = {"cf-connecting-ip": "192.0.2.1"}, {"cf-connecting-ip": "192.0.2.2"}
BODY = {"model": "flux-1-schnell", "prompt": "a cat"}
GENERATIONS = "/v1/images/generations"


def stage(script: Script = (HELD,), *, clock: FakeClock | None = None, **limits: int) -> Gateway:
    gate = gateway(FakeProvider([list(script)]), clock=clock)
    return limited(gate, replace(UNLIMITED, **limits))[0]


async def call(
    gate: Gateway, method: str, path: str, *headers: Mapping[str, str], **fields: Any
) -> Reply:
    merged = {name: value for group in headers for name, value in group.items()}
    body = {**BODY, **fields} if method == "POST" else None
    return await handle(request(method, path, body, merged), gate, lambda entry: None)


async def paint(gate: Gateway, *headers: Mapping[str, str], **fields: Any) -> Reply:
    return await call(gate, "POST", GENERATIONS, *headers, **fields)


async def look(gate: Gateway, *headers: Mapping[str, str]) -> int:
    return (await call(gate, "GET", "/v1/models/flux-1-schnell", *headers)).status


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


# Requests a minute


async def test_requests_beyond_the_minutes_limit_hear_which_limit_and_until_when() -> None:
    gate = stage(clock=FakeClock(1020), requests_per_minute=3)  # 20 s into a minute
    replies = [await call(gate, "GET", "/v1/models/flux-1-schnell", HERE) for _ in range(5)]
    assert [reply.status for reply in replies] == [200] * 3 + [429] * 2
    left = [reply.headers["x-ratelimit-remaining-requests"] for reply in replies]
    assert left == ["2", "1", "0", "0", "0"]
    refused = replies[-1]
    error = (await json_of(refused))["error"]
    assert error["message"].startswith(
        "requests_per_minute: the limit of 3 requests a minute for one caller is reached."
    )
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert refused.headers["x-ratelimit-limit-requests"] == "3"
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["x-ratelimit-reset-requests"] == "40s"
    assert "x-should-retry" not in refused.headers
    assert await look(gate, THERE) == 200


async def test_a_new_minute_is_a_new_count() -> None:
    clock = FakeClock(1020)
    gate = stage(clock=clock, requests_per_minute=1)
    assert [await look(gate, HERE), await look(gate, HERE)] == [200, 429]
    clock.now += 39.9
    assert await look(gate, HERE) == 429
    clock.now += 0.1
    assert await look(gate, HERE) == 200


async def test_made_up_tokens_share_what_their_address_may() -> None:
    gate = stage(requests_per_minute=4)
    statuses = [await look(gate, HERE, bearer(f"hf:made-up-{n}")) for n in range(30)]
    assert Counter(statuses) == {200: 20, 429: 10}
    assert await look(gate, THERE, bearer("hf:made-up-1")) == 200


async def test_the_deployments_limit_holds_for_all_callers_together() -> None:
    gate = stage(total_requests_per_minute=5)
    addresses = [{"cf-connecting-ip": f"192.0.2.{n}"} for n in range(9)]
    assert Counter([await look(gate, here) for here in addresses]) == {200: 5, 429: 4}


async def test_callers_whose_address_is_not_known_share_one_count() -> None:
    gate = stage(requests_per_minute=2)
    forged = {"x-forwarded-for": "192.0.2.77"}
    assert [await look(gate), await look(gate, forged), await look(gate)] == [200, 200, 429]
    assert await look(gate, HERE) == 200


async def test_health_and_pictures_are_never_refused() -> None:
    gate = stage(requests_per_minute=1)
    assert await look(gate, HERE) == 200
    for _ in range(3):
        assert (await call(gate, "GET", "/health", HERE)).status == 200
        assert (await call(gate, "GET", "/media/none.png", HERE)).status == 404
        assert (await call(gate, "OPTIONS", "/v1/models", HERE)).status == 204


async def test_a_refused_request_leaves_the_deployments_count_alone() -> None:
    gate = stage(requests_per_minute=1, total_requests_per_minute=3)
    for _ in range(10):
        await look(gate, HERE)
    assert [await look(gate, THERE), await look(gate, THERE)] == [200, 429]


COUNTED = [
    (method, endpoint)
    for endpoint in ENDPOINTS
    for method, route in endpoint.routes.items()
    if route.counted
]


@pytest.mark.parametrize(
    ("method", "endpoint"), COUNTED, ids=[f"{m} {e.path}{e.verb}" for m, e in COUNTED]
)
async def test_every_route_says_so_in_its_dialects_own_json(
    method: str, endpoint: Endpoint
) -> None:
    gate = stage(requests_per_minute=1)
    await look(gate, HERE)
    headers = {endpoint.header: "1"} if endpoint.header else {}
    path = f"{endpoint.path}x{endpoint.verb}" if endpoint.path.endswith("/") else endpoint.path
    sent = request(method, path, BODY if method == "POST" else None, {**HERE, **headers})
    reply = await handle(sent, gate, lambda entry: None)
    assert reply.status == 429
    assert reply.headers["content-type"] == "application/json"
    assert "requests_per_minute" in json.dumps(await json_of(reply))
    assert int(reply.headers["retry-after"]) > 0


class Limiter:
    """A rate-limit binding that has had enough of some."""

    def __init__(self, enough: str) -> None:
        self.asked: list[str] = []
        self._enough = enough

    async def allow(self, name: str) -> bool:
        self.asked.append(name)
        return not name.startswith(self._enough)


@pytest.mark.parametrize(("enough", "scope"), [("address", "one caller"), ("deploy", "as a whole")])
async def test_the_runtimes_counts_are_heard_too(enough: str, scope: str) -> None:
    caller, whole = Limiter(enough), Limiter(enough)
    gate = replace(
        stage(requests_per_minute=9, total_requests_per_minute=9),
        caller_limiter=caller,
        deployment_limiter=whole,
    )
    reply = await call(gate, "GET", "/v1/models/flux-1-schnell", HERE)
    assert reply.status == 429
    assert scope in (await json_of(reply))["error"]["message"]
    assert reply.headers["x-ratelimit-remaining-requests"] == "0"
    assert (await call(gate, "GET", "/health")).status == 200
    assert all(name.startswith(("address:", "deployment")) for name in caller.asked + whole.asked)


def test_the_count_forgets_the_oldest_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom.stores.request_counts.MAX_COUNTED", 10)
    counts = RequestCounts()
    for n in range(100):
        counts.add([(f"{n}", 1)], 0)
    assert counts.add([("99", 1)], 0)[0].is_over
    assert not counts.add([("0", 1)], 0)[0].is_over
    assert len(counts._counts) <= 10


# Painting


async def test_two_hundred_at_once_get_exactly_the_pictures_of_a_day() -> None:
    gate = stage(images_per_day=23)
    replies = await asyncio.gather(*(paint(gate, HERE) for _ in range(200)))
    assert Counter(reply.status for reply in replies) == {200: 23, 429: 177}
    assert replies[0].headers["x-ratelimit-limit-images"] == "23"
    refused = next(reply for reply in replies if reply.status == 429)
    message = (await json_of(refused))["error"]["message"]
    assert "images_per_day: the limit of 23 pictures a day for one caller" in message
    assert "2023-11-15T00:00:00Z" in message
    assert refused.headers["x-should-retry"] == "false"  # nobody waits until midnight
    assert (await paint(gate, THERE)).status == 200


async def test_failures_do_not_count_and_neither_does_a_part_that_failed() -> None:
    gate = gateway(FakeProvider([[ContentRefused("no")], [HELD], [JobFailed("no")], [HELD]]))
    gate, _ = limited(gate, replace(UNLIMITED, images_per_day=2))
    assert (await paint(gate, HERE)).status == 400
    assert (await paint(gate, HERE)).status == 200
    assert (await paint(gate, HERE)).status == 502
    assert (await paint(gate, HERE)).status == 200
    assert (await paint(gate, HERE)).status == 429


async def test_invalid_requests_take_no_place() -> None:
    gate = stage(images_per_day=1, jobs_at_work=1)
    for _ in range(3):
        assert (await paint(gate, HERE, size="nonsense")).status == 400
    assert (await paint(gate, HERE)).status == 200


async def test_jobs_at_work_are_counted_while_they_work() -> None:
    gate = stage([Started(), 0.05, HELD], jobs_at_work=3)
    replies = await asyncio.gather(*(paint(gate, HERE) for _ in range(10)))
    assert Counter(reply.status for reply in replies) == {200: 3, 429: 7}
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.headers["retry-after"] == "5"
    assert (await paint(gate, HERE)).status == 200


async def test_a_stream_has_its_place_until_it_is_over() -> None:
    gate = stage(jobs_at_work=1, images_per_day=5)
    streamed = await paint(gate, HERE, stream=True)
    assert (await paint(gate, HERE)).status == 429
    await body_of(streamed)
    assert (await paint(gate, HERE)).status == 200


async def test_who_leaves_a_stream_has_paid_for_what_was_begun() -> None:
    gate = stage([Started(), 30.0, HELD], jobs_at_work=1, images_per_day=3)
    for _ in range(3):
        streamed = await paint(gate, HERE, stream=True)
        assert streamed.status == 200, await body_of(streamed)
        assert isinstance(streamed.body, AsyncIterator)
        body = aiter(streamed.body)
        reading = asyncio.ensure_future(anext(body))
        await asyncio.wait({reading}, timeout=0.05)
        reading.cancel()
        await asyncio.wait({reading})
        await body.aclose()  # type: ignore[attr-defined]
    reply = await paint(gate, HERE, stream=True)
    assert "images_per_day" in (await json_of(reply))["error"]["message"]


async def test_what_the_cache_gives_costs_nothing() -> None:
    gate = gateway(FakeProvider([[HELD]]), media=MemoryMedia())
    gate, _ = limited(gate, replace(UNLIMITED, images_per_day=2))
    me = bearer("hf:somebody")
    for _ in range(5):
        reply = await paint(gate, me, HERE, seed=7, response_format="url")
        assert reply.status == 200
        assert "expires_at" in (await json_of(reply))["data"][0]


async def test_one_address_paints_for_so_many_callers_a_day() -> None:
    gate = stage(callers_per_address=3)
    statuses = [(await paint(gate, HERE, bearer(f"hf:t{n}"))).status for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert (await paint(gate, HERE, bearer("hf:t0"))).status == 200
    assert (await paint(gate, THERE, bearer("hf:t9"))).status == 200


async def test_the_deployment_paints_for_so_many_callers_a_day() -> None:
    gate = stage(total_callers=2)
    addresses = [{"cf-connecting-ip": f"192.0.2.{n}"} for n in range(3)]
    assert [(await paint(gate, here)).status for here in addresses] == [200, 200, 429]


async def test_strangers_in_any_number_shut_out_no_holder_of_a_key() -> None:
    gate = stage(total_callers=1, callers_per_address=1)
    assert (await paint(gate, THERE)).status == 200
    assert (await paint(gate, HERE)).status == 429
    gate = replace(gate, settings=replace(gate.settings, gateway_keys=(DIGEST,)))
    assert (await paint(gate, HERE, bearer("dk_mine"))).status == 200


async def test_paths_and_methods_that_are_none_are_counted_too() -> None:
    gate = stage(requests_per_minute=2)
    replies = [
        await call(gate, "GET", "/v1/nowhere", HERE),
        await call(gate, "PUT", GENERATIONS, HERE),
        await call(gate, "GET", "/v1/nowhere", HERE),
    ]
    assert [reply.status for reply in replies] == [404, 405, 429]


async def test_a_count_that_does_not_come_is_a_failure_to_try_again() -> None:
    class Hanging:
        async def reserve(self, reservation: Reservation) -> Answer:
            await asyncio.sleep(3600)
            raise AssertionError

        async def settle(self, reservation_id: str, images: int) -> None:
            assert images == 0

        async def count_request(self, who: str, limit: int) -> bool:
            raise AssertionError

    gate = replace(stage(jobs_at_work=1), budget=Hanging())
    settings = replace(gate.settings, request_timeout_s=0.05)
    assert (await paint(replace(gate, settings=settings), HERE)).status in (503, 504)


@pytest.mark.parametrize("limit", ["images_per_day", "jobs_at_work"])
async def test_made_up_tokens_share_what_their_address_may_paint(limit: str) -> None:
    gate = stage([Started(), 0.05, HELD], clock=None, **{limit: 1})
    replies = await asyncio.gather(
        *(paint(gate, HERE, bearer(f"hf:made-up-{n}")) for n in range(9))
    )
    assert Counter(reply.status for reply in replies) == {200: 5, 429: 4}


async def test_the_deployments_pictures_and_jobs_are_for_all_together() -> None:
    for limits in ({"total_images_per_day": 4}, {"total_jobs_at_work": 4}):
        gate = stage([Started(), 0.05, HELD], clock=None, **limits)
        addresses = [{"cf-connecting-ip": f"192.0.2.{n}"} for n in range(9)]
        replies = await asyncio.gather(*(paint(gate, here) for here in addresses))
        assert Counter(reply.status for reply in replies) == {200: 4, 429: 5}
        refused = next(reply for reply in replies if reply.status == 429)
        assert "for this gateway as a whole" in (await json_of(refused))["error"]["message"]


async def test_tasks_are_counted_until_they_are_over() -> None:
    gate = stage([Started(), HELD], tasks_waiting=2, images_per_day=4)
    gate, store = with_background(gate, awake=False)
    accepted = await asyncio.gather(*(paint(gate, HERE, **{"async": True}) for _ in range(6)))
    assert Counter(reply.status for reply in accepted) == {202: 2, 429: 4}
    refused = next(reply for reply in accepted if reply.status == 429)
    assert "background tasks at a time" in (await json_of(refused))["error"]["message"]
    assert len(store.created) == 2  # nothing was kept of the others
    for submission in store.created:
        await store.wake(submission.id)
    assert (await paint(gate, HERE, **{"async": True})).status == 202


async def test_the_deployment_has_so_many_tasks() -> None:
    gate, _ = with_background(stage(total_tasks_waiting=1), awake=False)
    assert (await paint(gate, HERE, **{"async": True})).status == 202
    assert (await paint(gate, THERE, **{"async": True})).status == 429


async def test_a_task_is_charged_once_and_one_that_fails_gives_back() -> None:
    gate = gateway(FakeProvider([[ContentRefused("no")], [HELD]]))
    gate, _ = limited(gate, replace(UNLIMITED, images_per_day=1))
    gate, store = with_background(gate, awake=False)
    for count in (1, 2):
        assert (await paint(gate, HERE, **{"async": True})).status == 202
        assert (await paint(gate, HERE, **{"async": True})).status == 429
        assert len(store.created) == count
        await store.wake(store.created[-1].id)
    assert (await paint(gate, HERE)).status == 429  # the second was painted


async def test_idempotent_requests_are_charged_once() -> None:
    gate, _ = with_background(stage(images_per_day=1, jobs_at_work=1))
    headers = (HERE, bearer("hf:somebody"), {"idempotency-key": "one"})
    replies = [await paint(gate, *headers) for _ in range(3)]
    assert [reply.status for reply in replies] == [200] * 3
    assert (await paint(gate, *headers[:2])).status == 429


async def test_a_task_that_cannot_be_kept_gives_its_place_back() -> None:
    gate, store = with_background(stage(images_per_day=1, tasks_waiting=1), awake=False)
    create = store.create

    async def broken(*_: object) -> None:
        raise StoreUnavailable

    store.create = broken  # type: ignore[method-assign, assignment]
    assert (await paint(gate, HERE, **{"async": True})).status == 503
    store.create = create  # type: ignore[method-assign]
    assert (await paint(gate, HERE, **{"async": True})).status == 202


async def test_upscaling_takes_places_too() -> None:
    gate = stage(images_per_day=1)
    picture = write_png(Header(8, 8, 8, Colours.GREY), zlib.compress(bytes(9 * 8)))
    body = {"image": base64.b64encode(picture).decode(), "upscaler_1": "R-ESRGAN 4x+"}
    for status in (200, 429):
        sent = request("POST", "/sdapi/v1/extra-single-image", body, HERE)
        assert (await handle(sent, gate, lambda entry: None)).status == status


async def test_no_limit_holds_for_an_administrator() -> None:
    everything = Limits(*[1] * len(fields(Limits)))
    gate, _ = limited(gateway(FakeProvider([[HELD]])), everything)
    for _ in range(4):
        assert (await paint(gate, HERE, ADMIN, n=2)).status == 200
    assert (await paint(gate, HERE, n=2)).status == 429


# Who is charged


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", None),
        (None, None),
        ("192.0.2.7, 10.0.0.1", None),
        ("x" * 100_000, None),
        ("0x7f000001", None),
    ],
)
def test_an_address_counts_as_the_network_of_one_customer(
    address: str | None, network: str | None
) -> None:
    assert network_of(address) == network


def test_names_of_accounts_tell_nobody_who_they_are() -> None:
    account = account_of(None, "192.0.2.7")
    assert "192.0.2" not in account.who
    assert account.who != account_of(None, "192.0.2.8").who


# Settings


def test_limits_are_settings_of_their_names() -> None:
    settings = Settings.from_env({"IMAGES_PER_DAY": "7", "TOTAL_KEPT_BYTES": "0"})
    assert (settings.limits.images_per_day, settings.limits.total_kept_bytes) == (7, 0)
    assert settings.limits.requests_per_minute == Limits().requests_per_minute
    days = Settings.from_env({"MEDIA_LIFETIME_DAYS": "0.5e1"}).lifetimes.media_lifetime_days
    assert days == 5


@pytest.mark.parametrize("name", [*VARIABLES, "MEDIA_LIFETIME_DAYS", "HISTORY_LIFETIME_DAYS"])
@pytest.mark.parametrize("value", ["-1", "0.5", "many", "nan", "inf", "1e400"])
def test_an_invalid_limit_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.from_env({name: value})


def test_one_machine_is_not_limited_locally() -> None:
    assert set(LOCALLY_UNLIMITED) == set(VARIABLES)
    assert Settings.from_env(LOCALLY_UNLIMITED).limits == UNLIMITED


def test_every_limit_stands_in_the_table_of_the_documentation() -> None:
    text = Path("docs/operations.md").read_text("utf-8")
    for field in fields(Limits):
        row = next(
            line for line in text.splitlines() if line.startswith(f"| `{field.name.upper()}`")
        )
        assert f"| `{getattr(Limits(), field.name)}` |" in row, row
        reached = row.rstrip(" |").rpartition("|")[2].strip(" `")
        file, _, test = reached.partition("::")
        assert f"def {test}(" in Path("tests", file).read_text("utf-8"), row


def test_a_request_is_charged_to_a_key_once_the_key_is_read() -> None:
    gate = gateway()
    asked: list[object] = []

    def identify(requested: Request, gate: Gateway) -> Caller:
        asked.append(requested)
        if len(asked) == 1:
            raise KeyNotRead.of("of a key that somebody has issued")
        return Caller(Bearer((("gitee", Secret("good")),)), gate.settings, gate.catalog.providers)

    context = replace(context_of(gate), identify=identify)
    assert context.account.label == "anonymous"
    assert context.account.label == "token"
    assert context.account is context.account
