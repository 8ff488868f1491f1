"""Web pages of other origins: what they may do depends on what tells the caller from others."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from darkroom.app import ENDPOINTS, handle
from darkroom.blob import BytesBlob
from darkroom.endpoint import Endpoint
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.settings import Settings
from darkroom.stores.progress import Interrupt
from tests.support.fakes import PNG, FakeProvider, MemoryMedia, body_of, gateway, json_of, request

OPTIONS = "/sdapi/v1/options"
EVIL, FRIEND, OWN = "https://evil.example", "https://friend.example", "https://darkroom.example"
HOME = {"cf-connecting-ip": "192.0.2.1"}
TOKEN = {"authorization": "Bearer hf:somebody"}
DUMMY = {"authorization": "Bearer not-needed"}
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
CHANGE = {"CLIP_stop_at_last_layers": 2}
JSON = {"content-type": "application/json"}
SETTINGS = Settings(allowed_origins=(FRIEND,), public_url="https://pictures.example")


def basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


async def ask(
    gate: Gateway, method: str, path: str, body: object = None, **more: Mapping[str, str]
) -> Reply:
    headers = {name: value for group in more.values() for name, value in group.items()}
    return await handle(request(method, path, body, {**HOME, **headers}), gate, lambda entry: None)


async def chosen(gate: Gateway, **more: Mapping[str, str]) -> Any:
    return (await json_of(await ask(gate, "GET", OPTIONS, **more)))["CLIP_stop_at_last_layers"]


def scoped() -> list[Endpoint]:
    return [endpoint for endpoint in ENDPOINTS if endpoint.dialect.scoped_by_address]


def test_routes_with_state_kept_by_address_lie_below_three_paths() -> None:
    below = {endpoint.path.split("/")[1] for endpoint in ENDPOINTS if endpoint in scoped()}
    assert below == {"sdapi", "api", "controlnet"}
    assert all(
        endpoint in scoped()
        for endpoint in ENDPOINTS
        if endpoint.path.startswith(("/sdapi", "/api"))
    )


@pytest.mark.parametrize("origin", [EVIL, "null", "http://evil.example:8787", "https://friend.example.evil",
                                    "https://darkroom.example.evil", "x", ""])  # fmt: skip
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json", "application/x-www-form-urlencoded", None]
)
async def test_a_page_of_another_origin_changes_nothing(origin: str, kind: str | None) -> None:
    gate = gateway(settings=SETTINGS)
    kinds = {"content-type": kind} if kind else {}
    reply = await ask(gate, "POST", OPTIONS, CHANGE, page={"origin": origin}, kind=kinds)
    assert reply.status == 403
    assert "access-control-allow-origin" not in reply.headers
    assert "ALLOWED_ORIGINS" in (await json_of(reply))["detail"]
    assert await chosen(gate) == 1


@pytest.mark.parametrize("endpoint", scoped(), ids=lambda endpoint: endpoint.path)
async def test_no_route_whose_state_is_kept_by_address_is_open_to_a_page(
    endpoint: Endpoint,
) -> None:
    path = f"{endpoint.path}x" if endpoint.path.endswith("/") else endpoint.path
    gate = gateway(media=MemoryMedia())
    for method in (*endpoint.routes, "GET", "POST"):
        for page in ({"origin": EVIL}, {"sec-fetch-site": "cross-site"}):
            reply = await ask(gate, method, path, {}, page=page)
            assert reply.status == 403
            assert "access-control-allow-origin" not in reply.headers
            assert reply.headers["vary"] == "origin"


async def test_nobodys_job_is_halted_by_a_page_and_none_is_seen() -> None:
    halted: list[Interrupt] = []

    class Boards:
        async def halt(self, scope: str, how: Interrupt) -> None:
            halted.append(how)

    gate = gateway()
    object.__setattr__(gate, "progress_store", Boards())
    for path in ("interrupt", "skip"):
        reply = await ask(gate, "POST", f"/sdapi/v1/{path}", page={"origin": EVIL})
        assert reply.status == 403
    assert halted == []
    assert (await ask(gate, "POST", "/sdapi/v1/interrupt")).status == 200
    assert halted == [Interrupt.INTERRUPT]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (OWN, OWN),
        ("http://darkroom.example", "http://darkroom.example"),  # behind a proxy that speaks TLS
        ("https://darkroom.example:443", "https://darkroom.example:443"),
        ("https://pictures.example", "https://pictures.example"),
        (FRIEND, FRIEND),
        (None, None),
    ],
)
async def test_own_pages_listed_ones_and_programs_are_served(
    origin: str | None, allowed: str | None
) -> None:
    gate = gateway(settings=SETTINGS)
    page = {"origin": origin} if origin else {}
    reply = await ask(gate, "POST", OPTIONS, CHANGE, page=page, kind=JSON)
    assert reply.status == 200
    assert reply.headers.get("access-control-allow-origin") == allowed
    assert reply.headers["vary"] == "origin"
    assert await chosen(gate) == 2


@pytest.mark.parametrize(
    ("site", "status"),
    [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)],
)
async def test_without_an_origin_header_sec_fetch_site_decides(site: str, status: int) -> None:
    reply = await ask(gateway(), "GET", "/sdapi/v1/progress", page={"sec-fetch-site": site})
    assert reply.status == status


@pytest.mark.parametrize("who", [TOKEN, {"authorization": "Bearer hf_abcdefghijkl"}])
async def test_a_credential_lets_pages_of_any_origin_in(who: Mapping[str, str]) -> None:
    gate = gateway()
    page = {"origin": EVIL}
    reply = await ask(gate, "POST", OPTIONS, CHANGE, page=page, who=who, kind=JSON)
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "*")
    assert await chosen(gate, who=who, page=page) == 2
    assert await chosen(gate) == 1


async def test_a_key_that_anybody_might_send_is_no_credential() -> None:
    gate = gateway()
    assert (await ask(gate, "POST", OPTIONS, CHANGE, who=DUMMY)).status == 200
    reply = await ask(gate, "GET", OPTIONS, who=DUMMY, page={"origin": EVIL})
    assert reply.status == 403, "the address is what counts beside it"


@pytest.mark.parametrize(
    ("method", "path", "kind", "status"),
    [
        ("POST", "/sdapi/v1/interrupt", None, 403),
        ("POST", OPTIONS, "application/x-www-form-urlencoded", 403),
        ("POST", OPTIONS, "application/json", 200),
        ("GET", OPTIONS, None, 200),
    ],
)
async def test_a_password_that_a_browser_adds_by_itself_is_no_credential_of_a_page(
    method: str, path: str, kind: str | None, status: int
) -> None:
    kinds = {"content-type": kind} if kind else {}
    who, page = basic("hf:somebody"), {"origin": EVIL}
    reply = await ask(gateway(), method, path, CHANGE, who=who, page=page, kind=kinds)
    assert reply.status == status


@pytest.mark.parametrize(
    ("origin", "names", "allowed"),
    [
        (EVIL, "content-type", None),
        (EVIL, "", None),
        ("null", "content-type", None),
        (EVIL, "content-type,authorization", "*"),
        (EVIL, "Authorization", "*"),
        (EVIL, "x-api-key", "*"),
        (EVIL, "x-authorization", None),
        (FRIEND, "content-type", FRIEND),
    ],
)
async def test_a_preflight_is_answered_by_what_the_request_will_bring(
    origin: str, names: str, allowed: str | None
) -> None:
    requested = {"access-control-request-headers": names, "access-control-request-method": "POST"}
    reply = await ask(
        gateway(settings=SETTINGS), "OPTIONS", OPTIONS, page={"origin": origin}, requested=requested
    )
    assert reply.status == 204
    assert reply.headers.get("access-control-allow-origin") == allowed
    assert reply.headers["vary"] == "access-control-request-headers, origin"


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/models", "/v2/models", "/health",
                                  "/media/x.png", "/v1beta/models", "/openapi.json", "/nope"])  # fmt: skip
async def test_routes_that_keep_nothing_by_address_are_open_to_all(path: str) -> None:
    for method in ("GET", "OPTIONS", "POST"):
        reply = await ask(gateway(), method, path, page={"origin": EVIL})
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "origin" not in reply.headers.get("vary", "").split(", ")
        await body_of(reply)


async def test_a_page_of_another_origin_gets_nothing_that_an_address_has_left() -> None:
    gate = gateway(FakeProvider([[HELD]]), media=MemoryMedia())
    body = {"model": "flux-1-schnell", "prompt": "a cat", "seed": 7}
    pages: list[Mapping[str, str]] = [{}, {}, {"origin": EVIL}, {"sec-fetch-site": "cross-site"}]
    caches = [
        (
            await ask(gate, "POST", "/v1/images/generations", body, who=DUMMY, page=page, kind=JSON)
        ).headers.get("x-darkroom-cache")
        for page in pages
    ]
    assert caches == ["miss", "hit", None, None]
