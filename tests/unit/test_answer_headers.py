"""What every answer's headers promise, whoever wrote the text in them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

import pytest

from darkroom.app import ENDPOINTS, handle
from darkroom.attempt import Attempt
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.generation.failure_headers import tried_header
from darkroom.http import Reply, Request
from darkroom.image import ImageFile
from darkroom.response_headers import guard_headers, header_list, header_text
from tests.support.fakes import (
    PNG,
    FakeBody,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    body_of,
    gateway,
    request,
)

CHAT = "/v1/chat/completions"
CONVERSATION = {"model": "pollinations/openai-fast", "messages": [{"role": "user", "content": "x"}]}
SAID = json.dumps({"choices": [{"message": {"content": "<script>"}}]}).encode()
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
PLAIN = re.compile(r"[\x20-\x7e]*")
# Hosts and targets as a client can write them, of which some are no URL at all.
HOSTS = ("a b", "[::1", "[", "]", "x\\y", 'a"b', "℀.example", "\ud800", "", "a:b:c", "@", "%", "😀")
TARGETS = (
    "/v1/models", "/openapi.json", "//x/v1/models", "/", "", "*", "?", "#", "/v1/models?a=%zz&&=&b", "/%00%ff",
    "/v1/models/%E0%A4%A", "/v1/tasks/%ff?wait=%ff", "/media/..%2f", "/v1/models/[::1", "/api/\ud800",
    "/sdapi/v1/progress?skip_current_image=%", "http://[::1/v1/models", "/v1beta/models/%:predict",
)  # fmt: skip


def requests_of_every_route() -> Iterator[tuple[str, str]]:
    for endpoint in ENDPOINTS:
        path = f"{endpoint.path}x{endpoint.verb}" if endpoint.path.endswith("/") else endpoint.path
        for method in (*endpoint.routes, "HEAD", "OPTIONS", "PATCH"):
            yield method, path
    yield "GET", "/no/such/route"


@cache
def shared_gateway() -> Gateway:
    """One for all requests of which none depends on another: to make one takes time."""
    return gateway(media=MemoryMedia())


def check(reply: Reply) -> None:
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert all(PLAIN.fullmatch(value) for value in reply.headers.values())


@pytest.mark.parametrize(("method", "path"), sorted(set(requests_of_every_route())))
async def test_every_answer_forbids_browsers_to_run_it(method: str, path: str) -> None:
    reply = await handle(request(method, path, {}), shared_gateway(), lambda entry: None)
    await body_of(reply)
    check(reply)


async def test_streams_and_unchanged_pictures_forbid_browsers_to_run_them() -> None:
    requested = request("POST", "/v1/images/generations", {"prompt": "x", "stream": True})
    check(await handle(requested, gateway(FakeProvider([[HELD]])), lambda entry: None))
    store = MemoryMedia()
    await store.put("a.png", BytesBlob(PNG), "image/png")
    requested = request("GET", "/media/a.png", headers={"if-none-match": "*"})
    reply = await handle(requested, gateway(media=store), lambda entry: None)
    assert reply.status == 304
    check(reply)


@pytest.mark.parametrize(
    ("stream", "reported", "answered"),
    [
        (False, "text/html", "application/json"),
        (False, "text/event-stream", "application/json"),
        (False, "application/json", "application/json"),
        (True, "text/html", "application/json"),
        (True, "text/event-stream", "text/event-stream"),
        (True, "text/event-stream; boundary=\r\nx", "text/event-stream"),
        (True, "text/html; x=event-stream", "text/event-stream"),
        ("yes", "text/event-stream", "application/json"),
    ],
)
async def test_an_answer_of_a_text_model_has_a_type_of_our_own(
    stream: object, reported: str, answered: str
) -> None:
    http = FakeHttp({"/openai": [FakeReply(headers={"content-type": reported}, pieces=[SAID])]})
    requested = request("POST", CHAT, {**CONVERSATION, "stream": stream})
    reply = await handle(requested, gateway(http=http), lambda entry: None)
    assert (reply.status, reply.headers["content-type"]) == (200, answered)
    assert await body_of(reply) == SAID


@pytest.mark.parametrize(
    ("reported", "sent"),
    [
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("IMAGE/PNG", "application/octet-stream"),
        ("image/png; charset=x", "application/octet-stream"),
        ("application/json", "application/json"),
        ("text/event-stream; charset=utf-8", "text/event-stream; charset=utf-8"),
        ("image/avif", "image/avif"),
    ],
)
def test_an_unlisted_content_type_is_sent_as_octet_stream(reported: str, sent: str) -> None:
    assert guard_headers({"content-type": reported})["content-type"] == sent


def test_no_handler_can_weaken_the_security_headers() -> None:
    headers = guard_headers({"content-security-policy": "script-src *"})
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("a\r\nset-cookie: x", "a??set-cookie: x"),
        ("ü\x00\x7f ", "???"),
        ("a" * 9000, "a" * 4096),
        ("", ""),
    ],
)
def test_text_in_a_header_is_printable_and_short(text: str, held: str) -> None:
    assert header_text(text) == held


def test_a_list_in_a_header_has_few_and_short_names() -> None:
    reported = header_list(["a,b c", "x" * 99, "", *map(str, range(99))])
    names = reported.split(", ")
    assert names[:3] == ["a?b c", "x" * 60, "0"]
    assert len(names) == 64


def test_an_upstreams_name_cannot_break_a_header() -> None:
    attempt_log = (Attempt("ü", "a\r\nx: b", "ok"), Attempt("x" * 9000, "y", "ok"))
    reported = tried_header(attempt_log)["x-darkroom-tried"]
    assert reported.startswith("?:a??x: b=ok, xxx")
    assert len(reported) == 4096


async def test_a_preflight_repeats_no_more_than_a_header_can_hold() -> None:
    requested = {"access-control-request-headers": "x-a,\r\nü" + "x" * 9000}
    reply = await handle(request("OPTIONS", CHAT, headers=requested), gateway(), lambda entry: None)
    check(reply)
    assert len(reply.headers["access-control-allow-headers"]) == 2000


@pytest.mark.parametrize("host", HOSTS)
async def test_no_host_and_no_target_is_a_mistake_of_ours(host: str) -> None:
    entries: list[Mapping[str, object]] = []
    for method, target in product(("GET", "POST", "DELETE"), TARGETS):
        url = f"http://{host}{target}"
        requested = Request(method, url, {"host": host, "origin": url}, FakeBody(b"{}"))
        reply = await handle(requested, shared_gateway(), entries.append)
        assert reply.status < 500 or reply.status == 503, entries[-1]
        check(reply)
