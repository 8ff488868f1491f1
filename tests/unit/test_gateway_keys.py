"""Gateway keys that are handed out: who makes them, what they open, how they end."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from darkroom.app import ENDPOINTS, handle
from darkroom.blob import BytesBlob
from darkroom.dialects.service.keys import MAX_KEYS
from darkroom.edge.gateway_keys import D1GatewayKeys
from darkroom.endpoint import Endpoint
from darkroom.errors import Misconfigured
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.settings import Secret, Settings
from darkroom.stores.budget import Budget, MemoryBudget
from darkroom.stores.gateway_keys import MAX_REMEMBERED, REMEMBERED_S, IssuedKeys
from tests.support.background import with_background
from tests.support.contract import CONTRACT
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeProvider,
    MemoryMedia,
    gateway,
    json_of,
    request,
)
from tests.support.limits import ADMIN, UNLIMITED, SqliteDatabase, limited

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
KEYS, USAGE = "/v1/admin/keys", "/v1/usage"
PLAIN_KEY = "dk_of-the-settings"
PLAIN_DIGEST = hashlib.sha256(PLAIN_KEY.encode()).hexdigest()


def stage(clock: FakeClock | None = None, **settings: Any) -> tuple[Gateway, SqliteDatabase]:
    chosen = Settings(gateway_keys=(PLAIN_DIGEST,), tokens={"gitee": (Secret("g"),)}, **settings)
    gate = gateway(FakeProvider([[HELD]]), settings=chosen, clock=clock, media=MemoryMedia())
    tokens = iter(range(10**6))
    gate = replace(gate, draw_token=lambda: f"{next(tokens):032x}"[::-1])
    return limited(gate, UNLIMITED)


async def call(
    gate: Gateway, method: str, path: str, body: object = None, headers: Mapping[str, str] = ADMIN
) -> Reply:
    return await handle(request(method, path, body, headers), gate, lambda entry: None)


async def make(gate: Gateway, **fields: Any) -> dict[str, Any]:
    reply = await call(gate, "POST", KEYS, {"name": "A friend", **fields})
    assert reply.status == 201, await json_of(reply)
    key: dict[str, Any] = await json_of(reply)
    return key


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def paint(gate: Gateway, key: str, **fields: Any) -> Reply:
    body = {"model": "flux-1-schnell", "prompt": "a cat", **fields}
    return await call(gate, "POST", "/v1/images/generations", body, bearer(key))


async def test_a_key_is_told_once_and_kept_as_a_digest() -> None:
    gate, database = stage()
    fields = {"models": ["flux-1-schnell"], "providers": ["huggingface"], "images_per_day": 10,
              "requests_per_minute": 60, "expires_at": "2030-01-01T00:00:00+02:00"}  # fmt: skip
    reply = await call(gate, "POST", KEYS, {"name": "Анна ✓", **fields})
    await CONTRACT.hold("POST", KEYS, reply)
    key = await json_of(reply)
    assert reply.status == 201
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["location"] == f"{KEYS}/{key['id']}"
    assert key["key"].startswith("dk_")
    assert key["expires_at"] == 1893448800
    kept = json.dumps(database.rows("SELECT * FROM gateway_keys"))
    assert key["key"] not in kept
    assert hashlib.sha256(key["key"].encode()).hexdigest() in kept
    listed = await CONTRACT.hold("GET", KEYS, await call(gate, "GET", KEYS))
    first, plain = (await json_of(listed))["data"]
    assert first == {name: value for name, value in key.items() if name != "key"}
    assert plain["source"] == "settings"
    text = json.dumps(await json_of(listed))
    assert "dk_" not in text
    assert hashlib.sha256(key["key"].encode()).hexdigest() not in text
    assert (await paint(gate, key["key"])).status == 200


async def test_a_friends_ten_pictures() -> None:
    gate, _ = stage()
    key = await make(gate, images_per_day=10)
    statuses = [(await paint(gate, key["key"])).status for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    for headers in (ADMIN, bearer(key["key"])):
        reply = await CONTRACT.hold("GET", USAGE, await call(gate, "GET", USAGE, None, headers))
        report = await json_of(reply)
        assert report["images"] == 10
        assert report["data"] == [
            {"day": "2023-11-14", "key": key["id"], "name": "A friend",
             "model": "flux-1-schnell", "provider": "huggingface", "images": 10}
        ]  # fmt: skip
    ended = await call(gate, "DELETE", f"{KEYS}/{key['id']}")
    await CONTRACT.hold("DELETE", f"{KEYS}/{key['id']}", ended)
    assert (await paint(gate, key["key"])).status == 401
    assert (await call(gate, "DELETE", f"{KEYS}/{key['id']}")).status == 404
    report = await json_of(await call(gate, "GET", USAGE))
    assert report["data"][0]["name"] == "A friend"  # it is known still who that was


async def test_usage_is_by_day_and_key_and_each_holder_sees_their_own() -> None:
    clock = FakeClock(86_400 - 80_000 + 1000)  # a while before midnight
    gate, _ = stage(clock)
    one, two = await make(gate, name="one"), await make(gate, name="two")
    await paint(gate, one["key"], n=3)
    clock.now += 86_400
    await paint(gate, one["key"])
    await paint(gate, two["key"])
    await paint(gate, "hf:somebodys")
    await call(
        gate, "POST", "/v1/images/generations", {"prompt": "x", "model": "flux-1-schnell"}, {}
    )
    rows = (await json_of(await call(gate, "GET", USAGE)))["data"]
    counted = {(row["day"], row["key"], row["images"]) for row in rows}
    first, second = sorted({row["day"] for row in rows})
    assert counted == {
        (first, one["id"], 3), (second, one["id"], 1), (second, two["id"], 1),
        (second, "token", 1), (second, "anonymous", 1),
    }  # fmt: skip
    own = await json_of(
        await call(gate, "GET", f"{USAGE}?key={one['id']}", None, bearer(two["key"]))
    )
    assert [row["key"] for row in own["data"]] == [two["id"]]
    asked = await json_of(
        await call(gate, "GET", f"{USAGE}?key={one['id']}&from={first}&to={first}")
    )
    assert [row["images"] for row in asked["data"]] == [3]
    for query in (
        "from=nonsense",
        "to=2026-02-30",
        "from=2026-01-02&to=2026-01-01",
        "from=2026-1-1",
    ):
        assert (await call(gate, "GET", f"{USAGE}?{query}")).status == 400
    assert (await call(gate, "GET", USAGE, None, {})).status == 401
    assert (await call(gate, "GET", USAGE, None, bearer("hf:x"))).status == 401


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "name"), ({"name": ""}, "name"), ({"name": 7}, "name"), ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"), ({"name": "a\r\nb"}, "name"),
        ({"name": "x", "images_per_day": 0}, "images_per_day"),
        ({"name": "x", "images_per_day": -1}, "images_per_day"),
        ({"name": "x", "images_per_day": True}, "images_per_day"),
        ({"name": "x", "images_per_day": "10"}, "images_per_day"),
        ({"name": "x", "images_per_day": 1.5}, "images_per_day"),
        ({"name": "x", "images_per_day": 10**10}, "images_per_day"),
        ({"name": "x", "requests_per_minute": 0}, "requests_per_minute"),
        ({"name": "x", "models": "flux-1-schnell"}, "models"),
        ({"name": "x", "models": ["nobody"]}, "models"), ({"name": "x", "models": ["auto"]}, "models"),
        ({"name": "x", "models": ["a"] * 101}, "models"),
        ({"name": "x", "providers": ["nobody"]}, "providers"),
        ({"name": "x", "expires_at": 5}, "expires_at"),
        ({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "expires_at": "2030-01-01T00:00:00"}, "expires_at"),  # in which zone?
        ({"name": "x", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "x", "expires_at": 1893456000000}, "expires_at"),  # milliseconds
        ({"name": "x", "admin": True}, "admin"), ({"name": "x", "key": "dk_mine"}, "key"),
    ],
)  # fmt: skip
async def test_an_invalid_key_is_refused_by_its_field(fields: dict[str, Any], param: str) -> None:
    gate, database = stage()
    reply = await call(gate, "POST", KEYS, fields)
    assert reply.status == 400, await json_of(reply)
    assert (await json_of(reply))["error"]["param"].startswith(param)
    assert database.rows("SELECT * FROM gateway_keys") == []


async def test_models_are_kept_by_their_ids_and_text_models_count_too() -> None:
    gate, _ = stage()
    key = await make(gate, models=["hf/flux-1-schnell", "deepseek/deepseek-chat"])
    assert key["models"] == ["flux-1-schnell", "deepseek/deepseek-chat"]


async def test_a_key_opens_its_models_and_providers_alone() -> None:
    gate, _ = stage()
    narrow = await make(gate, models=["flux-1-schnell"])
    assert (await paint(gate, narrow["key"])).status == 200
    assert (await paint(gate, narrow["key"], model=["qwen-image", "flux-1-schnell"])).status == 200
    refused = await paint(gate, narrow["key"], model="qwen-image")
    error = (await json_of(refused))["error"]
    assert (refused.status, error["code"], error["param"]) == (403, "not_allowed", "model")
    assert "flux-1-schnell alone" in error["message"]
    assert (
        await paint(gate, narrow["key"] + ",gitee:own", model="gitee/z-image-turbo")
    ).status == 403
    elsewhere = await make(gate, providers=["gitee"])
    assert (await paint(gate, elsewhere["key"])).status == 403
    chat = {"model": "deepseek/deepseek-chat", "messages": [{"role": "user", "content": "hi"}]}
    for key in (narrow, elsewhere):
        reply = await call(gate, "POST", "/v1/chat/completions", chat, bearer(key["key"]))
        assert reply.status == 403


@pytest.mark.parametrize("body", [{"name": "x"}, {"name": "x", "models": ["flux-1-schnell"]}])
async def test_no_other_key_makes_or_ends_keys(body: object) -> None:
    gate, database = stage()
    narrow = await make(gate, models=["flux-1-schnell"], images_per_day=1)
    rows = database.rows("SELECT * FROM gateway_keys")
    for credential, status in (
        (narrow["key"], 403), (PLAIN_KEY, 403), ("hf:x", 401), ("dk_unknown", 401),
        (hashlib.sha256(b"dk_root").hexdigest(), 401), (f"{narrow['key']},dk_root", 400),
        ("dk_root,dk_root2", 400), ("DK_ROOT", 401), ("dk_root ", 201),
    ):  # fmt: skip
        headers = bearer(credential)
        made = await call(gate, "POST", KEYS, body, headers)
        assert made.status == status, credential
        if status == 201:
            continue
        listed = await call(gate, "GET", KEYS, None, headers)
        ended = await call(gate, "DELETE", f"{KEYS}/{narrow['id']}", None, headers)
        assert [listed.status, ended.status] == [status] * 2
        assert "data" not in await json_of(listed)
    assert len(database.rows("SELECT * FROM gateway_keys")) == len(rows) + 1
    assert (await paint(gate, narrow["key"])).status == 200  # it is there still


async def test_a_narrow_key_sees_which_providers_it_may_use() -> None:
    gate, _ = stage()
    key = await make(gate, providers=["gitee"])
    reply = await call(gate, "GET", "/v1/providers", None, bearer(key["key"]))
    rows = {row["id"]: row["usable"] for row in (await json_of(reply))["data"]}
    assert (rows["gitee"], rows["huggingface"]) == (True, False)


async def test_a_key_ends_when_it_expires() -> None:
    clock = FakeClock()
    gate, _ = stage(clock)
    key = await make(gate, expires_at=clock.time() + 3)
    assert (await paint(gate, key["key"])).status == 200
    clock.now += 2.9
    assert (await paint(gate, key["key"])).status == 200
    clock.now += 0.1  # it is remembered for longer
    assert (await paint(gate, key["key"])).status == 401


async def test_another_isolate_hears_of_an_ended_key_within_seconds() -> None:
    clock = FakeClock()
    gate, database = stage(clock)
    other = replace(gate, issued_keys=IssuedKeys(D1GatewayKeys(database), clock))
    key = await make(gate)
    assert (await paint(other, key["key"])).status == 200
    await call(gate, "DELETE", f"{KEYS}/{key['id']}")
    assert (await paint(gate, key["key"])).status == 401
    assert (await paint(other, key["key"])).status == 200
    clock.now += REMEMBERED_S
    assert (await paint(other, key["key"])).status == 401


async def test_the_database_is_asked_for_issued_keys_alone_and_once_in_a_while() -> None:
    gate, database = stage()
    database.asked = 0
    for headers in ({}, ADMIN, bearer(PLAIN_KEY), bearer("hf:x")):
        assert (await call(gate, "GET", "/v1/models/flux-1-schnell", None, headers)).status == 200
    assert database.asked == 0
    for _ in range(5):
        await call(gate, "GET", "/v1/providers", None, bearer("dk_unknown"))
    assert database.asked == 1
    issued = gate.issued_keys
    assert issued is not None
    for number in range(MAX_REMEMBERED + 50):
        await issued.read(f"{number:064x}")
    assert len(issued._read) == MAX_REMEMBERED


async def test_keys_that_are_tried_out_are_counted_for_their_address() -> None:
    gate, database = stage()
    gate, _ = limited(gate, replace(UNLIMITED, requests_per_minute=5), database)
    here = {"cf-connecting-ip": "192.0.2.1"}
    database.asked = 0
    statuses = [
        (await call(gate, "GET", "/v1/providers", None, {**here, **bearer(f"dk_{n}")})).status
        for n in range(20)
    ]
    assert 429 in statuses
    assert database.asked <= 5


class SharedBudget(MemoryBudget):
    """The budget's object as an isolate sees it: several of them count in one."""

    def __init__(self, whole: Budget) -> None:
        super().__init__(FakeClock(0))
        self.whole = whole

    async def count_request(self, who: str, limit: int) -> bool:
        return self.whole.count_request(who, limit, 0)


async def test_a_keys_own_requests_a_minute_are_counted_across_isolates() -> None:
    gate, database = stage()
    made = await json_of(await call(gate, "POST", KEYS, {"name": "x", "requests_per_minute": 3}))
    whole = Budget()
    isolates = [
        replace(limited(gate, UNLIMITED, database)[0], budget=SharedBudget(whole)) for _ in range(2)
    ]
    replies = [
        await call(isolates[n % 2], "GET", "/v1/providers", None, bearer(made["key"]))
        for n in range(5)
    ]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert "the limit of 3 requests a minute" in (await json_of(replies[-1]))["error"]["message"]


async def test_without_an_answer_of_the_database_a_key_is_neither_taken_nor_refused() -> None:
    gate, database = stage()
    database.broken = True
    assert (await paint(gate, "dk_issued")).status == 503
    assert (await paint(gate, PLAIN_KEY)).status == 200
    assert (await call(gate, "POST", KEYS, {"name": "x"})).status == 503
    assert (await call(gate, "GET", KEYS)).status == 503
    assert (await call(gate, "GET", USAGE)).status == 503


async def test_without_a_database_keys_are_refused_in_plain_words() -> None:
    gate, _ = stage()
    gate = replace(gate, issued_keys=IssuedKeys(None, gate.clock), usage=None)
    for method, path in (("POST", KEYS), ("DELETE", f"{KEYS}/x"), ("GET", USAGE)):
        reply = await call(gate, method, path, {"name": "x"} if method == "POST" else None)
        assert reply.status == 503
        assert "bind DB" in (await json_of(reply))["error"]["message"]
    listed = await json_of(await call(gate, "GET", KEYS))
    assert [key["source"] for key in listed["data"]] == ["settings"]
    assert (await paint(gate, "dk_unknown")).status == 401


async def test_there_are_only_so_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_KEYS == 1000
    monkeypatch.setattr("darkroom.dialects.service.keys.MAX_KEYS", 2)
    gate, _ = stage()
    keys = [await make(gate), await make(gate)]
    assert (await call(gate, "POST", KEYS, {"name": "x"})).status == 400
    await call(gate, "DELETE", f"{KEYS}/{keys[0]['id']}")
    await make(gate)


@pytest.mark.parametrize(
    "key_id",
    ["' OR 1=1 --", "%", "_", "%00", "x" * 100_000, "..", "../x", "%2e%2e", "💥", "key_%25"],
)
async def test_ids_of_keys_are_no_sql(key_id: str) -> None:
    gate, database = stage()
    await make(gate, name="'); DROP TABLE gateway_keys; --")
    assert (await call(gate, "DELETE", f"{KEYS}/{key_id}")).status == 404
    assert database.rows("SELECT COUNT(*) FROM gateway_keys WHERE ended_at IS NULL") == [(1,)]
    report = await call(gate, "GET", f"{USAGE}?key={key_id}")
    assert (report.status, (await json_of(report))["data"]) == (200, [])


async def test_a_task_of_a_key_that_was_ended_meanwhile_is_not_run() -> None:
    gate, _ = stage()
    key = await make(gate, images_per_day=1)
    gate, store = with_background(gate, awake=False)
    assert (await paint(gate, key["key"], **{"async": True})).status == 202
    await call(gate, "DELETE", f"{KEYS}/{key['id']}")
    (submission,) = store.created
    await store.wake(submission.id)
    task = await store.read(submission.id)
    assert task is not None
    assert task.failure is not None
    assert task.failure.status == 401


# Keys of the settings


async def test_keys_of_the_settings_have_names_and_limits_too() -> None:
    digest = hashlib.sha256(b"dk_named").hexdigest()
    entry = {"name": "Anna", "digest": digest, "images_per_day": 1, "models": ["flux-1-schnell"]}
    settings = Settings.from_env({"GATEWAY_KEYS": json.dumps([entry])})
    gate, _ = stage()
    gate = replace(gate, settings=replace(settings, limits=UNLIMITED))
    gate = replace(gate, issued_keys=IssuedKeys(None, gate.clock, settings.named_keys))
    assert (await paint(gate, "dk_named", model="qwen-image")).status == 403
    assert [(await paint(gate, "dk_named")).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    "value",
    ["[", "[{}]", '[{"name": "x"}]', '[{"name": "x", "digest": "dk_plain"}]', "[1]", '["x"]'],
)
def test_keys_of_the_settings_that_make_no_sense_are_refused_by_name(value: str) -> None:
    with pytest.raises(Misconfigured, match="GATEWAY_KEYS"):
        Settings.from_env({"GATEWAY_KEYS": value})


# Every route, with every kind of key and with hostile text.

ROUTES = [
    (method, endpoint) for endpoint in ENDPOINTS for method in endpoint.routes
]  # fmt: skip
NAMES = [f"{method} {endpoint.path}{endpoint.verb}" for method, endpoint in ROUTES]


def sent_to(method: str, endpoint: Endpoint, headers: Mapping[str, str]) -> Any:
    own = {endpoint.header: "1"} if endpoint.header else {}
    path = f"{endpoint.path}x{endpoint.verb}" if endpoint.path.endswith("/") else endpoint.path
    body = {"prompt": "a cat", "model": "flux-1-schnell"} if method == "POST" else None
    return request(method, path, body, {**own, **headers})


HOSTILE = [
    "Bearer ' OR '1'='1' --", "Bearer dk_'; DROP TABLE gateway_keys; --", "Bearer dk_x\r\nx-evil: 1",
    "Bearer dk_\0", "Bearer \0", "Bearer dk_" + "a" * 1_000_000, "Bearer " + "hf:" * 300_000,
    "Bearer " + "dk_a," * 65, "Basic " + base64.b64encode(b"' OR 1=1 --:dk_\0").decode(), "Basic " + "A" * 1_000_000,
    "Bearer dk_%s%n{0}${jndi:x}", "\x7f\x80\xff", "Bearer dk_\u202e",
]  # fmt: skip


@pytest.mark.parametrize(("method", "endpoint"), ROUTES, ids=NAMES)
async def test_hostile_credentials_are_no_faults_and_leave_nothing_behind(
    method: str, endpoint: Endpoint
) -> None:
    gate, database = stage()
    log: list[Mapping[str, object]] = []
    for text in HOSTILE:
        for name in ("authorization", "x-api-key", "x-goog-api-key"):
            value = text if name == "authorization" else text.partition(" ")[2]
            reply = await handle(sent_to(method, endpoint, {name: value}), gate, log.append)
            assert reply.status not in (500, 201, 202), (name, text[:50], reply.status)
            assert "evil" not in json.dumps(dict(reply.headers))
            assert sum(map(len, reply.headers.values())) < 20_000
    assert database.rows("SELECT * FROM gateway_keys") == []
    written = json.dumps(log)
    assert "traceback" not in written
    assert "DROP" not in written
    assert len(written) < 100_000


@pytest.mark.parametrize(("method", "endpoint"), ROUTES, ids=NAMES)
async def test_keys_that_are_none_any_more_open_no_route(method: str, endpoint: Endpoint) -> None:
    clock = FakeClock()
    gate, _ = stage(clock)
    ended, over = await make(gate), await make(gate, expires_at=clock.time() + 1)
    await call(gate, "DELETE", f"{KEYS}/{ended['id']}")
    clock.now += 2
    statuses = []
    for key in ("dk_nobodys", ended["key"], over["key"]):
        reply = await handle(sent_to(method, endpoint, bearer(key)), gate, lambda entry: None)
        statuses.append(reply.status)
        if method == "POST" or endpoint.path.startswith((KEYS, USAGE)):
            assert reply.status in (401, 422, 200, 404), reply.status
        if "images" in endpoint.path or "admin" in endpoint.path or endpoint.path == USAGE:
            assert reply.status == 401
    assert len(set(statuses)) == 1  # none of them is any better than the others


async def test_a_stranger_cannot_have_a_large_body_read() -> None:
    gate, _ = stage()
    reply = await call(gate, "POST", KEYS, b"[" * 10_000_000, bearer("hf:x"))
    assert reply.status == 401
    reply = await call(gate, "POST", KEYS, b'{"name": "' + b"x" * 10_000_000)
    assert reply.status == 413


async def test_only_json_that_is_not_packed_oddly_makes_a_key() -> None:
    gate, _ = stage()
    for headers in ({"content-type": "text/plain"}, {"content-encoding": "br"}):
        reply = await call(gate, "POST", KEYS, {"name": "x"}, {**ADMIN, **headers})
        assert reply.status == 415
