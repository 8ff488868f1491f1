"""Work in the background, as callers in OpenAI's and in the relay's shape meet it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import Blob, BytesBlob
from darkroom.errors import ContentRefused, JobLost, UpstreamUnavailable
from darkroom.events import Finished, Picture, Queued, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.settings import Secret, Settings
from darkroom.stores.idempotency import ClaimState, Ticket
from darkroom.stores.tasks import Submission
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.idempotency import LEASE_S, REMEMBERED_S
from tests.support.background import MemoryKeys, MemoryTasks, with_background
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeProvider,
    MemoryMedia,
    Script,
    body_of,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.forms import form_request
from tests.support.routes import settle

GENERATIONS = "/v1/images/generations"
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
BODY = {"model": "flux-1-schnell", "prompt": "a cat"}
BEARER = {"authorization": "Bearer hf:hf_good"}
OTHER = {"authorization": "Bearer hf:hf_other"}
KEY = {"idempotency-key": "one"}
UNKNOWN = "2a8c4c56-8d1b-4d0a-9f3e-0123456789ab"


class Deaf(MemoryTasks):
    """A store that may take tasks on, and does not say so."""

    async def create(self, submission: Submission, contents: Sequence[Blob]) -> None:
        self.created.append(submission)
        raise StoreUnavailable


def stage(*scripts: Script, **parts: Any) -> tuple[Gateway, MemoryTasks, FakeProvider]:
    provider = FakeProvider(list(scripts) or [[Queued(1), Started(), HELD]])
    gate, store = with_background(gateway(provider, **parts))
    return gate, store, provider


async def call(
    gate: Gateway,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    return await handle(request(method, path, body, headers), gate, lambda entry: None)


async def paint(gate: Gateway, *headers: Mapping[str, str], **fields: Any) -> Reply:
    merged = {name: value for group in headers for name, value in group.items()}
    return await call(gate, "POST", GENERATIONS, {**BODY, **fields}, merged)


async def error_of(reply: Reply) -> tuple[int, str, str | None]:
    error = (await json_of(reply))["error"]
    return reply.status, error["code"], error["param"]


# Submitting and asking after


async def test_async_is_answered_at_once_with_a_task_to_poll() -> None:
    gate, _, _ = stage()
    reply = await paint(gate, **{"async": True})
    task = await json_of(reply)
    assert reply.status == 202
    assert reply.headers["location"] == f"/v1/tasks/{task['id']}"
    assert reply.headers["retry-after"] == "2"
    assert reply.headers["cache-control"] == "no-store"
    assert task == {
        "id": "task_00000000-0000-4000-8000-000000000001",
        "object": "task",
        "status": "queued",
        "model": "flux-1-schnell",
        "created_at": 1_700_001_000,
        "started_at": None,
        "ended_at": None,
        "expires_at": None,
        "progress": None,
        "result": None,
        "error": None,
    }


async def test_the_result_is_the_answer_that_a_caller_who_waits_is_given() -> None:
    gate, _, _ = stage()
    accepted = await paint(gate, seed=7, **{"async": True})
    done = await json_of(await call(gate, "GET", f"{accepted.headers['location']}?wait=5"))
    assert done["status"] == "completed"
    assert done["expires_at"] == done["ended_at"] + 86_400
    assert done["result"] == await json_of(await paint(gate, seed=7))


async def test_a_form_may_request_the_background_too() -> None:
    gate, _, _ = stage()
    sent = form_request(GENERATIONS, [*BODY.items(), ("async", "true")])
    reply = await handle(sent, gate, lambda entry: None)
    assert reply.status == 202
    done = await json_of(await call(gate, "GET", f"{reply.headers['location']}?wait=5"))
    assert done["status"] == "completed"


async def test_a_prefer_header_is_applied_and_acknowledged() -> None:
    gate, _, _ = stage()
    reply = await paint(gate, {"prefer": "return=minimal, respond-async; wait=3"})
    assert (reply.status, reply.headers["preference-applied"]) == (202, "respond-async")
    assert (await paint(gate, {"prefer": "wait=10"})).status == 200


async def test_a_stream_overrides_a_prefer_header() -> None:
    gate, _, _ = stage()
    reply = await paint(gate, {"prefer": "respond-async"}, stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert "preference-applied" not in reply.headers
    await body_of(reply)


async def test_an_invalid_request_is_refused_at_once_and_no_task_is_created() -> None:
    gate, store, _ = stage()
    for fields, expected in (
        ({"steps": 999}, (400, "invalid_value", "steps")),
        ({"model": "nonsense"}, (404, "model_not_found", "model")),
        ({"model": "gitee/z-image-turbo"}, (401, "missing_api_key", "authorization")),
    ):
        reply = await paint(gate, **{"async": True, **fields})
        assert await error_of(reply) == expected
    chat = {"model": "flux-1-schnell", "messages": [{"role": "user", "content": "a cat"}]}
    reply = await call(
        gate, "POST", "/v1/chat/completions", {**chat, "async": True, "stream": True}
    )
    assert await error_of(reply) == (400, "unsupported_combination", "async")
    assert await error_of(await paint(gate, **{"async": "maybe"})) == (
        400,
        "invalid_value",
        "async",
    )
    assert store.created == []


async def test_the_prompt_is_improved_by_the_task_alone() -> None:
    gate, _, provider = stage()
    reply = await paint(gate, enhance=True, **{"async": True})
    assert reply.status == 202
    done = await json_of(await call(gate, "GET", f"{reply.headers['location']}?wait=5"))
    assert done["result"]["enhance_error"]["code"], "the one text model that was asked was away"
    assert len(provider.calls) == 1


async def test_a_failed_task_is_reported_with_its_error() -> None:
    gate, _, _ = stage([failure(ContentRefused, "no cats here")])
    accepted = await paint(gate, **{"async": True})
    task = await json_of(await call(gate, "GET", f"{accepted.headers['location']}?wait=5"))
    assert (task["status"], task["result"]) == ("failed", None)
    assert task["error"] == {
        "message": "no cats here",
        "type": "image_generation_user_error",
        "param": None,
        "code": "moderation_blocked",
        "tried": ["huggingface:black-forest-labs/FLUX.1-schnell=moderation_blocked"],
    }


async def test_a_task_can_be_taken_back() -> None:
    gate, _, provider = stage([Started(), 60.0, HELD])
    location = (await paint(gate, **{"async": True})).headers["location"]
    async with asyncio.timeout(5):
        while not (await json_of(await call(gate, "GET", location)))["progress"]:
            await settle()
    task = await json_of(await call(gate, "DELETE", location))
    assert (task["status"], task["error"]["code"]) == ("cancelled", "cancelled")
    assert provider.closed == 1
    relayed = await json_of(await call(gate, "GET", location.replace("v1", "v2")))
    assert (relayed["status"], relayed["error_code"]) == ("failed", "CANCELLED")
    assert relayed["error"] == "The task was cancelled."


@pytest.mark.parametrize(
    "name", [UNKNOWN, f"task_{UNKNOWN}", f"direct:{UNKNOWN}", f"direct%3A{UNKNOWN}", "0x12ab", "x"]
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_task_is_not_found_however_it_is_spelled(name: str, method: str) -> None:
    gate, _, _ = stage()
    assert (await error_of(await call(gate, method, f"/v1/tasks/{name}")))[:2] == (
        404,
        "task_not_found",
    )
    reply = await call(gate, method, f"/v2/tasks/{name}")
    answer = await json_of(reply)
    assert (reply.status, answer["error"]["code"]) == (404, "TASK_NOT_FOUND")
    assert answer["detail"] == answer["error"]["message"]
    assert answer["error"]["request_id"] == reply.headers["x-request-id"]


async def test_a_task_is_found_however_it_is_spelled() -> None:
    gate, _, _ = stage()
    name = (await json_of(await paint(gate, **{"async": True})))["id"].removeprefix("task_")
    for spelled in (name, name.upper(), f"task_{name}", f"direct:{name}", f"direct%3A{name}",
                    f"opengpu:{name}", f"opengpu%3A{name}"):  # fmt: skip
        for version in ("v1", "v2"):
            assert (await call(gate, "GET", f"/{version}/tasks/{spelled}")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        BEARER,
        OTHER,
        {"authorization": "Bearer dk_unknown"},
        {"authorization": "Basic !!!"},
        {"x-api-key": "dk_unknown"},
        {"x-api-key": "relay_sk_1", "authorization": ""},
    ],
)
async def test_the_task_id_alone_gives_access_whatever_the_credentials(
    headers: Mapping[str, str],
) -> None:
    gate, _, _ = stage()
    location = (await paint(gate, BEARER, **{"async": True})).headers["location"]
    for path in (location, location.replace("v1", "v2")):
        assert (await call(gate, "GET", f"{path}?wait=5", headers=headers)).status == 200
        assert (await call(gate, "DELETE", path, headers=headers)).status == 200


@pytest.mark.parametrize("wait", ["=0", "=31", "=-1", "=1.5", "=soon", "=٣", "=", ""])
async def test_a_wait_is_a_whole_number_of_seconds_up_to_thirty(wait: str) -> None:
    gate, _, _ = stage()
    location = (await paint(gate, **{"async": True})).headers["location"]
    assert (await error_of(await call(gate, "GET", f"{location}?wait{wait}"))) == (
        400,
        "invalid_value",
        "wait",
    )
    reply = await call(gate, "GET", f"{location.replace('v1', 'v2')}?wait{wait}")
    answer = await json_of(reply)
    assert (reply.status, answer["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert answer["detail"][0]["loc"] == ["query", "wait"]


async def test_an_unfinished_task_has_a_retry_after() -> None:
    gate, _, _ = stage([Started(), 60.0])
    location = (await paint(gate, **{"async": True})).headers["location"]
    reply = await call(gate, "GET", location)
    assert (reply.headers["retry-after"], reply.headers["cache-control"]) == ("2", "no-store")
    await call(gate, "DELETE", location)
    assert "retry-after" not in (await call(gate, "GET", location)).headers


async def test_the_relay_is_sent_every_field_of_its_own() -> None:
    clock = FakeClock()
    gate, _, _ = stage(clock=clock)
    location = (await paint(gate, **{"async": True})).headers["location"]
    await call(gate, "GET", f"{location}?wait=5")
    clock.now += 100
    reported = await json_of(await call(gate, "GET", location.replace("v1", "v2")))
    name = location.rpartition("_")[2]
    assert {**reported, "result": None} == {
        "task_id": f"direct:{name}",
        "task_address": None,
        "status": "completed",
        "mode": "direct",
        "model": "flux-1-schnell",
        "created_at": "2023-11-14T22:30:00+00:00",
        "elapsed_seconds": 0,
        "progress": None,
        "result": None,
        "error": None,
        "error_code": None,
        "error_detail": None,
    }
    assert reported["result"]["success"] is True
    assert reported["result"]["data"][0]["seed"] == 42


async def test_the_credential_is_sealed_before_it_is_kept() -> None:
    gate, store, provider = stage()
    location = (await paint(gate, BEARER, **{"async": True})).headers["location"]
    (submission,) = store.created
    assert submission.sealed is not None
    assert "hf_good" not in str(submission) + submission.sealed
    await call(gate, "GET", f"{location}?wait=5")
    token = provider.calls[0][1].token
    assert token is not None
    assert token.reveal() == "hf_good"


# What is not set up


async def test_without_a_task_store_async_is_refused_and_a_preference_ignored() -> None:
    gate = gateway(FakeProvider([[HELD]]))
    reply = await paint(gate, **{"async": True})
    assert await error_of(reply) == (503, "background_unavailable", "async")
    assert reply.headers["x-should-retry"] == "false"
    assert "TASKS" in (await json_of(reply))["error"]["message"]
    preferred = await paint(gate, {"prefer": "respond-async"})
    assert (preferred.status, "preference-applied" in preferred.headers) == (200, False)
    assert (await call(gate, "GET", f"/v1/tasks/{UNKNOWN}")).status == 404
    keyed = await paint(gate, BEARER, KEY)
    assert (keyed.status, keyed.headers["idempotency-ignored"]) == (200, "unavailable")


async def test_without_a_secret_no_credential_is_taken_in() -> None:
    gate, store, _ = stage()
    assert gate.background is not None
    gate = replace(gate, background=replace(gate.background, sealer=None))
    reply = await paint(gate, BEARER, **{"async": True})
    assert await error_of(reply) == (503, "background_unavailable", "async")
    assert "TASK_SECRET" in (await json_of(reply))["error"]["message"]
    assert (await paint(gate, **{"async": True})).status == 202, "where there is none to keep"
    assert (await paint(gate, BEARER, {"prefer": "respond-async"})).status == 200
    keyed = await paint(gate, BEARER, KEY)
    assert (keyed.status, keyed.headers["idempotency-ignored"]) == (200, "unavailable")
    assert len(store.created) == 1


# Idempotency keys


async def test_the_same_request_with_the_same_key_is_the_same_task() -> None:
    gate, store, _ = stage()
    first = await paint(gate, BEARER, KEY, **{"async": True})
    again = await paint(gate, BEARER, KEY, **{"async": True})
    assert (again.status, again.headers["idempotency-replayed"]) == (202, "true")
    assert "idempotency-replayed" not in first.headers
    assert await body_of(again) == await body_of(first)
    assert again.headers["location"] == first.headers["location"]
    assert len(store.created) == 1


async def test_another_request_with_the_same_key_is_refused() -> None:
    gate, store, _ = stage()
    await paint(gate, BEARER, KEY, **{"async": True})
    reply = await paint(gate, BEARER, KEY, prompt="a dog", **{"async": True})
    assert await error_of(reply) == (422, "idempotency_key_reused", "idempotency-key")
    assert len(store.created) == 1


async def test_callers_have_keys_of_their_own() -> None:
    gate, store, _ = stage()
    for caller in (BEARER, OTHER):
        assert (await paint(gate, caller, KEY, **{"async": True})).status == 202
    assert len(store.created) == 2


async def test_idempotency_keys_of_anonymous_callers_are_ignored_and_reported() -> None:
    gate, store, _ = stage()
    replies = [await paint(gate, KEY, **{"async": True}) for _ in range(2)]
    assert {reply.headers["idempotency-ignored"] for reply in replies} == {"anonymous"}
    assert len(store.created) == 2
    blocking = await paint(gate, KEY)
    assert (blocking.status, blocking.headers["idempotency-ignored"]) == (200, "anonymous")


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_a_length_that_can_be_kept(key: str) -> None:
    gate, _, _ = stage()
    reply = await paint(gate, BEARER, {"idempotency-key": key})
    assert await error_of(reply) == (400, "invalid_value", "idempotency-key")


async def test_ten_at_once_with_one_key_come_to_one_job() -> None:
    gate, store, provider = stage()
    replies = await asyncio.gather(
        *(paint(gate, BEARER, KEY, **{"async": True}) for _ in range(10))
    )
    accepted = [reply for reply in replies if reply.status == 202]
    others = [reply for reply in replies if reply.status != 202]
    assert len({reply.headers["location"] for reply in accepted}) == 1
    for reply in others:
        assert (await error_of(reply))[:2] == (409, "idempotency_in_progress")
        assert reply.headers["retry-after"] == "1"
    assert len(store.created) == 1
    await call(gate, "GET", f"{accepted[0].headers['location']}?wait=5")
    assert len(provider.calls) == 1


async def test_a_caller_who_waits_and_sends_the_key_again_gets_the_very_same_answer() -> None:
    gate, store, provider = stage()
    first = await paint(gate, BEARER, KEY)
    again = await paint(gate, BEARER, KEY)
    assert (first.status, again.status) == (200, 200)
    assert await body_of(again) == await body_of(first)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-darkroom-provider"] == "huggingface"
    assert again.headers["cache-control"] == "no-store"
    assert len(provider.calls) == 1
    assert store.created[0].timeout_s == 300


async def test_a_failure_is_the_answer_to_the_same_key_too() -> None:
    gate, _, provider = stage([failure(JobLost, "gone")])
    replies = [await paint(gate, BEARER, KEY) for _ in range(2)]
    for reply in replies:
        assert await error_of(reply) == (502, "generation_lost", None)
        assert reply.headers["x-darkroom-provider"] == "huggingface"
        assert reply.headers["x-should-retry"] == "false"
    assert len(provider.calls) == 1


async def test_a_repeat_with_the_same_key_may_switch_to_the_background() -> None:
    gate, store, _ = stage()
    await paint(gate, BEARER, KEY)
    reply = await paint(gate, BEARER, KEY, {"prefer": "respond-async"})
    assert (reply.status, reply.headers["idempotency-replayed"]) == (202, "true")
    assert len(store.created) == 1


async def test_a_request_that_was_wrong_leaves_its_key_free() -> None:
    gate, _, _ = stage()
    assert (await paint(gate, BEARER, KEY, steps=999)).status == 400
    assert (await paint(gate, BEARER, KEY, steps=4)).status == 200


async def test_a_stream_is_given_once_for_each_key() -> None:
    gate, store, provider = stage()
    first = await paint(gate, BEARER, KEY, stream=True)
    assert b"image_generation.completed" in await body_of(first)
    again = await paint(gate, BEARER, KEY, stream=True)
    assert await error_of(again) == (409, "idempotency_stream_given", "idempotency-key")
    assert again.headers["x-should-retry"] == "false"
    assert (len(provider.calls), store.created) == (1, [])


async def test_a_stream_that_no_upstream_took_leaves_its_key_free() -> None:
    gate, _, provider = stage([failure(UpstreamUnavailable)])
    assert (await paint(gate, BEARER, KEY, stream=True)).status == 503
    provider.scripts = [[Started(), HELD]]
    again = await paint(gate, BEARER, KEY, stream=True)
    assert b"image_generation.completed" in await body_of(again)


async def test_a_form_is_known_by_its_fields_whatever_its_boundary() -> None:
    gate, store, _ = stage()

    async def send(prompt: str, boundary: str) -> Reply:
        fields = [("model", "flux-1-schnell"), ("prompt", prompt)]
        sent = form_request(GENERATIONS, fields, {**BEARER, **KEY}, boundary)
        return await handle(sent, gate, lambda entry: None)

    assert (await send("a cat", "one")).status == 200
    again = await send("a cat", "two")
    assert (again.status, again.headers["idempotency-replayed"]) == (200, "true")
    assert (await send("a dog", "one")).status == 422
    assert len(store.created) == 1


async def test_a_key_is_forgotten_after_a_day() -> None:
    clock = FakeClock()
    gate, store, _ = stage(clock=clock)
    await paint(gate, BEARER, KEY, **{"async": True})
    clock.now += REMEMBERED_S
    reply = await paint(gate, BEARER, KEY, prompt="a dog", **{"async": True})
    assert (reply.status, "idempotency-replayed" in reply.headers) == (202, False)
    assert len(store.created) == 2


@pytest.mark.parametrize("settled", [True, False])
async def test_an_expired_claim_cannot_release_an_idempotency_key(*, settled: bool) -> None:
    clock = FakeClock()
    keys = MemoryKeys(clock)
    slow = await keys.claim("key", "mark", Ticket("one", clock.time()))
    clock.now += LEASE_S
    quick = await keys.claim("key", "mark", Ticket("two", clock.time()))
    assert (quick.state, quick.ticket.task_id) == (ClaimState.FRESH, "one")
    if settled:
        await keys.settle("key", quick.ticket)
    await keys.release("key", slow.ticket)
    third = await keys.claim("key", "mark", Ticket("three", clock.time()))
    assert third.state is (ClaimState.ANSWERED if settled else ClaimState.BUSY)
    assert third.ticket.task_id == "one"


async def test_a_late_settlement_survives_the_release_of_a_failing_claim() -> None:
    clock = FakeClock()
    keys = MemoryKeys(clock)
    slow = await keys.claim("key", "mark", Ticket("one", clock.time()))
    clock.now += LEASE_S
    failing = await keys.claim("key", "mark", Ticket("two", clock.time()))
    await keys.settle("key", slow.ticket)
    await keys.release("key", failing.ticket)
    third = await keys.claim("key", "mark", Ticket("three", clock.time()))
    assert (third.state, third.ticket.task_id) == (ClaimState.ANSWERED, "one")


async def test_a_request_that_died_on_its_way_blocks_its_key_for_a_minute_alone() -> None:
    clock = FakeClock()
    gate, store, _ = stage(clock=clock)
    deaf = Deaf(clock)
    assert gate.background is not None
    dying = replace(gate, background=replace(gate.background, store=deaf))
    assert (await paint(dying, BEARER, KEY, **{"async": True})).status == 503
    assert (await error_of(await paint(gate, BEARER, KEY, **{"async": True})))[0] == 409
    clock.now += LEASE_S
    assert (await paint(gate, BEARER, KEY, **{"async": True})).status == 202
    (again,) = store.created
    assert {submission.id for submission in deaf.created} == {again.id}, "it may be there already"


async def test_a_task_that_was_taken_on_is_the_answer_even_if_its_key_was_not_reported() -> None:
    class Forgetful(MemoryKeys):
        async def settle(self, name: str, ticket: Ticket) -> None:
            raise StoreUnavailable

    gate, store, _ = stage()
    assert gate.background is not None
    background = replace(gate.background, keys=Forgetful(FakeClock()))
    gate = replace(gate, background=background)
    first = await paint(gate, BEARER, KEY, **{"async": True})
    again = await paint(gate, BEARER, KEY, **{"async": True})
    assert (first.status, again.status) == (202, 202)
    assert again.headers["idempotency-replayed"] == "true"
    assert await json_of(again) == await json_of(first)
    assert len(store.created) == 1


# Webhooks

HOOK = {"async": True, "webhook_url": "https://hooks.example.com/darkroom"}
OWN_HOST = request("GET", "/").origin.partition("://")[2]
SIGNING = Settings(webhook_secret=Secret("whsec_" + "a" * 32))


async def test_a_task_with_a_webhook_comes_to_an_address_alone() -> None:
    gate, _, _ = stage(settings=SIGNING, media=MemoryMedia())
    for fields, names in (
        (HOOK, {"url", "expires_at"}),
        ({"async": True}, {"url", "expires_at", "b64_json"}),
    ):
        accepted = await paint(gate, BEARER, **fields)
        task = await json_of(await call(gate, "GET", f"{accepted.headers['location']}?wait=5"))
        (entry,) = task["result"]["data"]
        assert entry.keys() == {*names, "seed"}


async def test_a_webhook_needs_a_background_a_credential_and_a_public_address() -> None:
    gate, store, _ = stage(settings=replace(SIGNING, public_url="https://public.example.com"))
    for headers, fields in (
        (BEARER, {"webhook_url": HOOK["webhook_url"]}),
        ({}, HOOK),
        (BEARER, {**HOOK, "webhook_url": "http://hooks.example.com/"}),
        (BEARER, {**HOOK, "webhook_url": "https://127.0.0.1/"}),
        (BEARER, {**HOOK, "webhook_url": "https://user:pass@hooks.example.com/"}),
        (BEARER, {**HOOK, "webhook_url": 7}),
        (BEARER, {**HOOK, "webhook_url": f"https://{OWN_HOST}/v1/images/generations"}),
        (BEARER, {**HOOK, "webhook_url": f"https://{OWN_HOST.upper()}:443"}),
        (BEARER, {**HOOK, "webhook_url": f"https://{OWN_HOST}/media/a.png"}),
        (BEARER, {**HOOK, "webhook_url": "https://public.example.com/hook"}),
    ):
        reply = await paint(gate, headers, **fields)
        assert (reply.status, (await json_of(reply))["error"]["param"]) == (400, "webhook_url")
        assert "data URL" not in (await json_of(reply))["error"]["message"]
    assert store.created == []
    assert (await paint(gate, BEARER, **HOOK)).status == 202


async def test_a_webhook_that_nobody_could_sign_is_refused_and_names_the_setting() -> None:
    gate, _, _ = stage()
    reply = await paint(gate, BEARER, **HOOK)
    assert await error_of(reply) == (503, "background_unavailable", "webhook_url")
    assert "WEBHOOK_SECRET" in (await json_of(reply))["error"]["message"]


async def test_the_operator_may_allow_webhooks_to_a_private_address() -> None:
    settings = replace(SIGNING, source_origins=("http://127.0.0.1:9000",))
    gate, store, _ = stage(settings=settings)
    hook = {**HOOK, "webhook_url": "http://127.0.0.1:9000/hook"}
    assert (await paint(gate, BEARER, **hook)).status == 202
    assert store.created[0].webhook_url == "http://127.0.0.1:9000/hook"
