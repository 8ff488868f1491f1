"""Whether a provider takes a token: what is asked of it, and how its answer is told."""

import json

import pytest

from darkroom.app import handle
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.provider_row import CheckRow, ProviderRow
from darkroom.deadline import Deadline
from darkroom.errors import CredentialRefused
from darkroom.providers.token_check import Verdict, check_token
from darkroom.settings import Secret
from tests.support.fakes import FakeClock, FakeHttp, FakeReply, gateway, json_of, request

PROVIDERS = {provider.id: provider for provider in load_catalog().providers}
TOKEN = "a-token-that-looks-like-nothing"


def answer(status: int, body: object) -> FakeReply:
    return FakeReply(status, pieces=[json.dumps(body).encode()])


async def check(provider: ProviderRow, http: FakeHttp) -> Verdict:
    row = provider.check
    assert row is not None
    return await check_token(provider, row, Secret(TOKEN), http, Deadline.after(9, FakeClock()))


@pytest.mark.parametrize(
    ("provider", "header", "value"),
    [
        ("openai", "authorization", f"Bearer {TOKEN}"),
        ("gemini", "x-goog-api-key", TOKEN),
        ("bfl", "x-key", TOKEN),
        ("huggingface", "authorization", f"Bearer {TOKEN}"),
    ],
)
async def test_the_token_goes_in_the_providers_own_header(
    provider: str, header: str, value: str
) -> None:
    row = PROVIDERS[provider]
    assert row.check
    http = FakeHttp({row.check.path.partition("?")[0]: [answer(200, {})]})
    assert await check(row, http) == Verdict(True)
    (sent,) = http.sent
    assert (sent.method, sent.body, sent.headers[header]) == ("GET", None, value)
    assert TOKEN not in sent.url


@pytest.mark.parametrize(
    ("reply", "ok", "status"),
    [
        (answer(401, {"error": {"message": f"Incorrect API key provided: {TOKEN}"}}), False, 401),
        (answer(402, {"error": {"message": "Insufficient balance"}}), False, 402),
        (answer(429, {"error": {"message": "slow down"}}), None, 429),
        (answer(503, {}), None, 503),
        (FakeReply(200, {"content-type": "text/html"}, [b"<html>"]), None, 200),
        (ConnectionError(), None, None),
    ],
)
async def test_only_a_refusal_counts_against_a_token(
    reply: FakeReply | Exception, ok: bool | None, status: int | None
) -> None:
    verdict = await check(PROVIDERS["openai"], FakeHttp({"/models": [reply]}))
    assert (verdict.ok, verdict.status) == (ok, status)
    assert verdict.error
    assert TOKEN not in verdict.error


async def test_every_check_leads_to_an_address_that_its_provider_has() -> None:
    checks = {name: row.check for name, row in PROVIDERS.items() if row.check}
    assert len(checks) == 8
    for name, row in checks.items():
        assert isinstance(row, CheckRow)
        assert PROVIDERS[name].urls[row.url].startswith("https://")


async def test_no_more_than_five_tokens_of_the_one_prefix_are_shown_to_anybody() -> None:
    http = FakeHttp({"/models": [answer(200, {"data": []})]})
    headers = {"authorization": "Bearer openai:a,b,c,d,e,f,deepseek:g"}
    requested = request("GET", "/v1/providers?check=openai", headers=headers)
    rows = (await json_of(await handle(requested, gateway(http=http), lambda _: None)))["data"]
    reported = {row["id"]: row["check"] for row in rows if "check" in row}
    assert reported == {"openai": [{"credential": number, "ok": True} for number in range(1, 6)]}
    assert len(http.sent) == 5


async def test_an_unknown_provider_prefix_is_refused() -> None:
    requested = request("GET", "/v1/providers?check=nobody")
    reply = await handle(requested, gateway(), lambda _: None)
    error = (await json_of(reply))["error"]
    assert (reply.status, error["param"]) == (400, "check")
    assert "gitee" in error["message"]


async def test_a_token_that_rests_at_one_space_is_usable_at_the_others() -> None:
    gate = gateway(http=FakeHttp({}))
    space, token = "Qwen/Qwen-Image", Secret("hf_good")
    refused = CredentialRefused("no")
    await gate.engine.credentials.note(PROVIDERS["huggingface"], (space, token), refused)
    await gate.engine.credentials.note(PROVIDERS["gitee"], ("any", Secret("t")), refused)
    bearer = {"authorization": "Bearer hf:hf_good,gitee:t"}
    reply = await handle(request("GET", "/v1/providers", None, bearer), gate, lambda entry: None)
    rows = {row["id"]: row for row in (await json_of(reply))["data"]}
    (spaces,), (gitee,) = rows["huggingface"]["credentials"], rows["gitee"]["credentials"]
    assert rows["huggingface"]["usable"] is True
    assert spaces["state"] == "usable"
    assert set(spaces["upstreams"]) == {space}
    assert spaces["upstreams"][space]["state"] == "refused"
    assert rows["gitee"]["usable"] is False
    assert (gitee["state"], gitee["reason"]) == ("refused", "refused")
    assert "upstreams" not in gitee
