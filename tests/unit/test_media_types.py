"""Only JSON and forms are read, and a picture's file where a route takes one."""

import base64
import json
from collections.abc import Mapping
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest

from api.paths import PATHS
from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.http import Reply
from darkroom.image import ImageFile
from tests.support.fakes import (
    PNG,
    FakeHttp,
    FakeProvider,
    FakeReply,
    body_of,
    gateway,
    json_of,
    request,
)

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
GENERATIONS, HF = "/v1/images/generations", "/hf-inference/models/qwen-image-edit"
URLENCODED = "application/x-www-form-urlencoded"
PAGE = {"origin": "https://evil.example"}
BROWSERS: list[Mapping[str, str]] = [PAGE, {"sec-fetch-site": "same-origin"}]
SIMPLE = ("text/plain", "text/plain;charset=UTF-8", "multipart/form-data; boundary=b", URLENCODED)


ADMIN = "/v1/admin/"  # nothing of a stranger's body is looked at there


def with_bodies() -> list[str]:
    """The routes that read a body."""
    return sorted(
        {
            f"{path.path}x{path.verb}" if path.path.endswith("/") else path.path
            for path in PATHS
            for operation in path.operations.values()
            if operation.request_body and not path.path.startswith(ADMIN)
        }
    )


async def send(
    path: str, body: object, kind: str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    kinds = {"content-type": kind} if kind is not None else {}
    provider = FakeProvider([[HELD]])
    said = FakeReply(pieces=[b'{"choices": [{"message": {"content": "x"}}]}'])
    gate = gateway(provider, http=FakeHttp({"": [said]}))
    return await handle(request("POST", path, body, {**kinds, **(headers or {})}), gate, print)


async def refusal(reply: Reply) -> str:
    assert reply.status == 415, await body_of(reply)
    return (await body_of(reply)).decode()


@pytest.mark.parametrize("path", with_bodies())
async def test_other_types_are_refused_on_every_route_by_name(path: str) -> None:
    for kind in ("text/plain", "application/octet-stream", "application/xml"):
        reported = await refusal(await send(path, {"prompt": "x", "inputs": "x"}, kind))
        assert f"content-type: {kind} is not read here; send application/json" in reported


@pytest.mark.parametrize("path", with_bodies())
async def test_bodies_that_are_packed_in_another_way_are_refused_on_every_route(path: str) -> None:
    for coding in ("br", "zstd", "BR", "compress", "gzip, gzip", "gzip, br", "x\r\ny" * 99):
        headers = {"content-encoding": coding}
        reply = await send(path, b"{}", "application/json", headers)
        reported = await refusal(reply)
        assert "is not read here; send gzip, deflate" in reported
        assert f"content-encoding: {coding.lower()[:1]}" in reported
        assert reply.headers["accept-encoding"] == "gzip, deflate"
        assert len(reported) < 900


@pytest.mark.parametrize("coding", ["gzip", "X-GZIP", "deflate", "identity", "", " gzip ,identity"])
async def test_the_codings_that_are_read_pass(coding: str) -> None:
    headers = {"content-encoding": coding}
    assert (await send(GENERATIONS, {"prompt": "x"}, "application/json", headers)).status == 200


@pytest.mark.parametrize("path", with_bodies())
async def test_a_page_cannot_send_json_without_its_content_type(path: str) -> None:
    for kind, page in product([*SIMPLE, None, ""], BROWSERS):
        await assert_refused(await send(path, {"prompt": "x", "inputs": "x"}, kind, page))


async def assert_refused(reply: Reply) -> None:
    assert reply.status in (415, 400, 403)
    if reply.status == 400:
        assert b"invalid_form" in await body_of(reply)
    if reply.status == 403:
        assert b"ALLOWED_ORIGINS" in await body_of(reply)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8",
                                  "application/vnd.api+json", None, "", URLENCODED])  # fmt: skip
async def test_programs_may_send_json_without_its_content_type(kind: str | None) -> None:
    assert (await send(GENERATIONS, {"prompt": "x"}, kind)).status == 200
    assert (await send("/v1/prompts/enhance", {"prompt": "x"}, kind)).status == 200


@pytest.mark.parametrize("page", BROWSERS)
async def test_a_page_may_send_json_with_its_content_type(page: Mapping[str, str]) -> None:
    assert (await send(GENERATIONS, {"prompt": "x"}, "application/json", page)).status == 200


async def test_a_user_of_curl_learns_which_header_is_missing() -> None:
    reported = await refusal(await send(GENERATIONS, {"prompt": "x"}, URLENCODED, PAGE))
    assert json.loads(reported)["error"]["message"].endswith(
        'add -H "Content-Type: application/json".'
    )


async def test_fields_of_a_urlencoded_form_are_read_where_forms_are() -> None:
    fields = urlencode({"prompt": "a cat & a dög", "seed": "7", "response_format": "b64_json"})
    body = await json_of(await send(GENERATIONS, fields.encode(), URLENCODED))
    assert base64.b64decode(body["data"][0]["b64_json"]) == PNG
    await refusal(await send("/v1/chat/completions", b"model=x", URLENCODED))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"prompt=" + b"x" * 300_000, 413, "body_too_large"),
        (b"&".join(b"a=b" for _ in range(300)), 400, "invalid_form"),
        (b"", 400, "missing_required_parameter"),
        (b"%ff%00=%zz&&=", 400, "missing_required_parameter"),
    ],
)
async def test_a_urlencoded_form_has_limits(body: bytes, status: int, code: str) -> None:
    reply = await send(GENERATIONS, body, URLENCODED)
    assert (reply.status, (await json_of(reply))["error"]["code"]) == (status, code)


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", f"{URLENCODED}"])
async def test_forms_are_refused_where_none_are_read(kind: str) -> None:
    for path in ("/v2/image/flux/generate", "/v1/chat/completions", "/api/format-prompt"):
        await refusal(await send(path, b"--b--", kind))


@pytest.mark.parametrize("headers", [{}, *BROWSERS])
@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", None])
async def test_a_pictures_file_is_read_where_a_route_takes_one(
    kind: str | None, headers: Mapping[str, str]
) -> None:
    assert (await send(HF, PNG, kind, headers)).status == 200


async def test_the_refusal_repeats_little_of_a_type() -> None:
    reported = await refusal(await send(GENERATIONS, b"{}", "x\r\nü" + "y" * 9000))
    message: Any = json.loads(reported)["error"]["message"]
    assert "x??" in message
    assert len(message) < 300
