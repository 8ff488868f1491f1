"""`/ready` asks what is bound; `/health` asks nobody."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from darkroom import readiness
from darkroom.app import handle
from darkroom.dialects.service.ready import refuse_ready
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.contract import CONTRACT
from tests.support.fakes import FakeClock, body_of, gateway, json_of, request


async def ask(gate: Gateway, path: str = "/ready") -> Reply:
    reply = await handle(request("GET", path), gate, lambda entry: None)
    return await CONTRACT.hold("GET", path, reply)


async def well() -> None:
    return None


async def ill() -> None:
    raise StoreUnavailable("it hides what it says: sk-secret-token")


async def silent() -> None:
    await asyncio.Event().wait()


def with_probes(**probes: Any) -> Gateway:
    return replace(gateway(), probes=probes)


async def test_a_worker_whose_bindings_answer_is_ready() -> None:
    reply = await ask(with_probes(MEDIA=well, DB=well))
    assert reply.status == 200
    assert await json_of(reply) == {
        "status": "ready",
        "configuration": "ok",
        "bindings": {"MEDIA": "ok", "DB": "ok"},
    }


async def test_one_without_bindings_is_ready_too() -> None:
    assert (await ask(gateway())).status == 200


async def test_what_fails_and_what_is_silent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LIMIT_S", 0.02)
    before = asyncio.all_tasks()
    reply = await ask(with_probes(MEDIA=well, DB=ill, TASKS=silent))
    assert reply.status == 503
    text = (await body_of(reply)).decode()
    assert json.loads(text)["bindings"] == {"MEDIA": "ok", "DB": "failing", "TASKS": "silent"}
    assert "sk-secret-token" not in text
    assert asyncio.all_tasks() <= before, "nothing that was asked goes on"


async def test_bindings_are_asked_at_most_once_in_five_seconds() -> None:
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1

    clock = FakeClock()
    gate = replace(gateway(clock=clock), probes={"DB": count})
    for _ in range(20):
        await ask(gate)
    assert asked == 1
    clock.now += readiness.FRESH_S
    await ask(gate)
    assert asked == 2


async def test_health_asks_no_binding() -> None:
    assert (await ask(with_probes(DB=silent, MEDIA=ill), "/health")).status == 200


async def test_a_worker_that_is_configured_wrongly_says_what_is_wrong() -> None:
    reply = refuse_ready("HISTORY_CAP must be a number of at least 1")
    assert reply.status == 503
    assert "HISTORY_CAP" in (await json_of(reply))["configuration"]
