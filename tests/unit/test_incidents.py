"""What befell other gateways in 2026, asked of every route; docs/reliability.md has the whole list."""

import json
from dataclasses import replace
from typing import Any

import pytest

from darkroom.app import ENDPOINTS, handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture, Started
from darkroom.image import ImageFile
from darkroom.settings import Secret, Settings
from tests.support.fakes import PNG, FakeProvider, body_of, engine, gateway, request

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
CANARY = "canary-of-the-operator"
SETTINGS = Settings(tokens={"gitee": (Secret(CANARY),), "openai": (Secret(CANARY),)})
ROUTES = sorted(
    {
        (method, endpoint.path + ("x" if endpoint.path.endswith("/") else "") + endpoint.verb)
        for endpoint in ENDPOINTS
        for method in endpoint.routes
    }
)
PUBLIC = ("/health", "/ready")
HOSTILE = [
    "Bearer ' OR '1'='1",
    'Bearer x"; DROP TABLE history; --',
    "Bearer hf:a\r\nx-injected: 1",
    "Bearer \x00\x01",
    "Bearer " + "a" * 1_000_000,
    "Basic " + "=" * 200,
    "Bearer " + "," * 5_000,
    "Bearer gitee:%27%20UNION%20SELECT",
    "Bearer hf:\ud83d\ude00",
]


async def ask(method: str, path: str, authorization: str) -> tuple[int, str, list[Any]]:
    headers = {"authorization": authorization, "content-type": "application/json"}
    log: list[Any] = []
    gate = gateway(settings=SETTINGS)
    painter = FakeProvider([[Started(), HELD]])
    painters = dict.fromkeys((row.protocol or row.id for row in gate.catalog.providers), painter)
    gate = replace(gate, engine=engine(painters))
    body = {"prompt": "a cat", "model": "flux-1-schnell"} if method != "GET" else None
    reply = await handle(request(method, path, body, headers), gate, log.append)
    text = (await body_of(reply)).decode("utf-8", "replace")
    assert "\r" not in "".join(reply.headers.values())
    return reply.status, text, log


@pytest.mark.parametrize("authorization", HOSTILE, ids=range(len(HOSTILE)))
async def test_whatever_stands_in_authorization_is_answered_and_never_logged(
    authorization: str,
) -> None:
    for method, path in ROUTES:
        status, text, log = await ask(method, path, authorization)
        assert status != 500, (method, path, text)
        written = json.dumps(log)
        assert "traceback" not in written
        assert len(written) < 2_000
        for word in ("UNION", "DROP TABLE", "x-injected", "1'='1"):
            assert word not in written


@pytest.mark.parametrize("key", ["dk_unknown", "dk_", "dk_' OR 1=1", "dk_" + "0" * 64])
async def test_no_route_takes_a_gateway_key_that_nobody_made(key: str) -> None:
    for method, path in ROUTES:
        status, text, _ = await ask(method, path, f"Bearer {key}")
        assert CANARY not in text, path
        assert status != 500, (method, path, text)
        assert path in PUBLIC or status != 202


async def test_no_answer_and_no_line_of_any_route_holds_the_operators_token() -> None:
    for method, path in ROUTES:
        status, text, log = await ask(method, path, "Bearer hf:hf_some-caller")
        assert CANARY not in text + json.dumps(log), (method, path, status)


@pytest.mark.parametrize("field", ["api_base", "base_url", "endpoint", "url", "api_key", "command"])
async def test_no_field_of_a_request_names_an_upstream_or_a_command(field: str) -> None:
    """CVE-2024-6587 and its kin: such a field has no effect, and the answer says so."""
    provider = FakeProvider([[Started(), HELD]])
    gate = gateway(provider, settings=SETTINGS)
    body = {"model": "flux-1-schnell", "prompt": "a cat", field: "https://evil.example"}
    reply = await handle(request("POST", "/v1/images/generations", body), gate, lambda entry: None)
    document = json.loads(await body_of(reply))
    assert field in document["ignored"]
    ((_, route),) = provider.calls
    assert "evil.example" not in route.base_url


@pytest.mark.parametrize(
    "target", ["//evil.example/health", "/health/../metrics", "/metrics%2f..", "/%6detrics"]
)
async def test_an_odd_target_opens_nothing_that_a_key_is_for(target: str) -> None:
    """CVE-2026-48710: what is checked is the route that answers."""
    headers = {"host": "a/?x=", "x-forwarded-host": "evil.example"}
    reply = await handle(request("GET", target, headers=headers), gateway(), lambda entry: None)
    text = (await body_of(reply)).decode()
    assert "http_server_request_duration" not in text
