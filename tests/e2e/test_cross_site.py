"""What a web page of another origin can do here, and what no answer lets a browser do."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from darkroom.app import ENDPOINTS
from local.processes import free_port, is_free
from local.workerd import Bundle, running_workerd, start_workerd
from tests.e2e.sdk import web
from tests.e2e.stack import Stack

OPTIONS = "/sdapi/v1/options"
EVIL, FRIEND = "https://evil.example", "https://friend.example"
PAGE = {"origin": EVIL, "sec-fetch-site": "cross-site"}
TOKEN = {"authorization": "Bearer hf:somebody-of-the-cross-site-suite"}
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b")
CHANGE = {"CLIP_stop_at_last_layers": 2}
SCRIPT = (
    b'{"choices": [{"message": {"role": "assistant", "content": "<script>alert(1)</script>"}}]}'
)


def check(reply: httpx.Response) -> None:
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    kind = reply.headers.get("content-type", "application/json")
    assert kind.partition(";")[0].startswith(("application/json", "text/event-stream", "image/"))


def chosen(url: str, **headers: str) -> int:
    """The option that the suite plays with, as a caller of these headers has it."""
    options: dict[str, Any] = (
        web().get(f"{url}{OPTIONS}", headers=headers).raise_for_status().json()
    )
    value: int = options["CLIP_stop_at_last_layers"]
    return value


class HtmlUpstream(BaseHTTPRequestHandler):
    """A text model that calls its answers web pages."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(SCRIPT)))
        self.end_headers()
        self.wfile.write(SCRIPT)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def html_upstream() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), HtmlUpstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def bare(bundle: Bundle, html_upstream: str) -> Iterator[str]:
    """workerd by itself, with a proxy's header for addresses and a list of origins."""
    channel = {
        "id": "html", "name": "Html", "api_url": html_upstream, "chat_models": ["pages"],
    }  # fmt: skip
    settings = {
        "ALLOWED_ORIGINS": FRIEND,
        "CLIENT_ADDRESS_HEADER": "X-Real-IP",
        "CHANNELS": json.dumps([channel]),
    }
    port = free_port()
    with running_workerd(bundle, port, settings):
        yield f"http://127.0.0.1:{port}"


def test_no_answer_of_any_route_may_be_run_by_a_browser(stack: Stack) -> None:
    seen: set[str] = set()
    others = {"HEAD", "OPTIONS", "PATCH"}  # at one endpoint of each dialect, as all are alike
    for endpoint in ENDPOINTS:
        path = f"{endpoint.path}x{endpoint.verb}" if endpoint.path.endswith("/") else endpoint.path
        new = path.split("/")[1] not in seen
        seen.add(path.split("/")[1])
        for method in sorted({*endpoint.routes, *(others if new else ())}):
            given: Any = {"json": {}} if method in ("POST", "PATCH") else {}
            reply = web().request(method, f"{stack.url}{path}", **given)
            assert reply.status_code < 500 or reply.status_code == 503, (method, path, reply.text)
            check(reply)
    check(web().get(f"{stack.url}/no/such/route"))


def test_no_stream_or_kept_picture_may_be_run_by_a_browser(stack: Stack) -> None:
    body = {"prompt": "a cat", "size": "256x256", "stream": True}
    stream = web().post(f"{stack.url}/v1/images/generations", json=body)
    check(stream)
    body = {"prompt": "a cat", "size": "256x256", "model": "pollinations/flux"}
    answer = web().post(f"{stack.url}/v1/images/generations", json=body).json()
    kept = web().get(answer["data"][0]["url"])
    assert kept.headers["content-type"].startswith("image/")
    check(kept)
    check(web().get(answer["data"][0]["url"], headers={"if-none-match": "*"}))
    check(web().get(answer["data"][0]["url"], headers={"range": "bytes=999999999-"}))


@pytest.mark.parametrize("kind", SIMPLE)
def test_a_simple_request_of_a_page_changes_no_option(stack: Stack, kind: str) -> None:
    before = chosen(stack.url)
    headers = {**PAGE, "content-type": kind}
    reply = web().post(f"{stack.url}{OPTIONS}", content=json.dumps(CHANGE), headers=headers)
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers
    assert chosen(stack.url) == before == 1


@pytest.mark.parametrize("origin", [EVIL, "null"])
def test_a_page_sees_no_progress_and_interrupts_nothing(stack: Stack, origin: str) -> None:
    for method, path in (
        ("GET", "progress"),
        ("GET", "options"),
        ("POST", "interrupt"),
        ("POST", "skip"),
    ):
        headers = {"origin": origin}
        reply = web().request(method, f"{stack.url}/sdapi/v1/{path}", headers=headers)
        assert reply.status_code == 403
        assert "access-control-allow-origin" not in reply.headers
    requested = {"origin": origin, "access-control-request-headers": "content-type"}
    preflight = web().options(f"{stack.url}{OPTIONS}", headers=requested)
    assert "access-control-allow-origin" not in preflight.headers


def test_an_image_of_another_page_reaches_nothing(stack: Stack) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}
    assert web().get(f"{stack.url}/sdapi/v1/progress", headers=headers).status_code == 403


def test_a_page_with_a_credential_is_served(stack: Stack) -> None:
    requested = {"origin": EVIL, "access-control-request-headers": "authorization,content-type"}
    preflight = web().options(f"{stack.url}{OPTIONS}", headers=requested)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    reply = web().post(f"{stack.url}{OPTIONS}", json=CHANGE, headers={**PAGE, **TOKEN})
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, "*")
    assert chosen(stack.url, **TOKEN) == 2
    assert chosen(stack.url) == 1


def test_pages_of_this_gateway_are_served(stack: Stack) -> None:
    for headers in ({"origin": stack.url}, {"sec-fetch-site": "same-origin"}):
        reply = web().get(f"{stack.url}/sdapi/v1/progress", headers=headers)
        assert reply.status_code == 200
    assert web().post(f"{stack.url}/api/format-prompt", json={"prompt": "x"},
                      headers={"origin": stack.url}).status_code == 200  # fmt: skip


def test_pages_of_the_operators_list_are_served(bare: str) -> None:
    requested = {"origin": FRIEND, "access-control-request-headers": "content-type"}
    preflight = web().options(f"{bare}{OPTIONS}", headers=requested)
    assert preflight.headers["access-control-allow-origin"] == FRIEND
    page = {"origin": FRIEND, "x-real-ip": "192.0.2.7"}
    reply = web().post(f"{bare}{OPTIONS}", json=CHANGE, headers=page)
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, FRIEND)
    assert "origin" in reply.headers["vary"]
    assert chosen(bare, **page) == 2


def test_only_the_named_header_tells_an_address(bare: str) -> None:
    who = {"x-real-ip": "192.0.2.8"}
    web().post(f"{bare}{OPTIONS}", json=CHANGE, headers=who).raise_for_status()
    assert chosen(bare, **who) == 2
    others: list[Mapping[str, str]] = [
        {"x-real-ip": "192.0.2.9"}, {"cf-connecting-ip": "192.0.2.8"}, {},
    ]  # fmt: skip
    assert [chosen(bare, **other) for other in others] == [1, 1, 1]


def test_workerd_by_itself_believes_no_callers_address(bundle: Bundle) -> None:
    port = free_port()
    with running_workerd(bundle, port, {}):
        url, who = f"http://127.0.0.1:{port}", {"cf-connecting-ip": "192.0.2.8"}
        web().post(f"{url}{OPTIONS}", json=CHANGE, headers=who).raise_for_status()
        assert chosen(url, **who) == 1


def test_an_upstream_cannot_put_a_web_page_onto_this_origin(bare: str) -> None:
    body = {"model": "html/pages", "messages": [{"role": "user", "content": "x"}]}
    who = {"authorization": "Bearer html:token"}
    for stream in (False, True):
        requested = {**body, "stream": stream}
        reply = web().post(f"{bare}/v1/chat/completions", json=requested, headers=who)
        assert (reply.status_code, reply.content) == (200, SCRIPT)
        assert reply.headers["content-type"] == "application/json"
        check(reply)
    form = {**PAGE, "content-type": "text/plain"}
    reply = web().post(f"{bare}/v1/chat/completions", content=json.dumps(body), headers=form)
    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("host", ["a b", "[::1", "x\\y", 'a"b', "@", "a:b:c"])
@pytest.mark.parametrize("target", ["/v1/models", "//x?y=%zz", "/v1/tasks/%ff?wait=%ff", "/%00"])
def test_no_host_is_a_mistake_of_ours(bare: str, host: str, target: str) -> None:
    address = ("127.0.0.1", int(bare.rpartition(":")[2]))
    with socket.create_connection(address, timeout=30) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split()[1] in (b"200", b"400", b"404")


def test_a_webhook_of_a_gateway_is_refused(bare: str) -> None:
    headers = {"cdn-loop": "cloudflare; loops=1, darkroom"}
    reply = web().post(f"{bare}/v1/images/generations", json={"prompt": "x"}, headers=headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (508, "loop_detected")


def test_a_wrong_setting_is_reported_with_the_same_headers(bundle: Bundle) -> None:
    port = free_port()
    process = start_workerd(bundle, port, {"ALLOWED_ORIGINS": "https://friend.example/page"})
    try:
        process.wait_until(lambda: not is_free(port), 60)
        reply = web().get(f"http://127.0.0.1:{port}/v1/models")
    finally:
        process.stop()
    assert reply.status_code == 500
    assert "ALLOWED_ORIGINS" in reply.json()["error"]["message"]
    check(reply)
