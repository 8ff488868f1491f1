"""Where requests may go, and which credential goes with them."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.address import (
    Address,
    AddressRefused,
    Credential,
    CredentialMisdirected,
    address_below,
    check_destination,
    path_segment,
    path_segments,
    public_address,
)
from darkroom.app import handle
from darkroom.engine.image_download import check_picture
from darkroom.errors import Failure, InvalidRequest, JobFailed, UpstreamBroken
from darkroom.events import Finished, Picture, Preview
from darkroom.providers.gradio.config import SignatureCache, find_signature
from darkroom.providers.huggingface import HuggingFace
from tests.support.fakes import (
    PNG,
    FakeHttp,
    FakeProvider,
    FakeReply,
    gateway,
    json_of,
    request,
)
from tests.support.runs import job_of, route_to, run

SRC = Path(__file__).parents[2] / "src"
CREDENTIAL = Credential({"x-key": "secret"}, "https://api.bfl.ai", ("bfl.ai",))
PREFIXES = [
    "@evil.example.com", ".evil.example.com", ":9351", "//evil.example.com", "/\\evil.example.com",
    "/..", "/a/../b", "/%2e%2e", "?x=", "#", "/a b", "/a\t", "/a\n", "/é", "/a//b", "a", "/a@b",
    "/gradio_api\r\nx-a: b", "/" + "a" * 500,
]  # fmt: skip


def config(prefix: object) -> bytes:
    function = {"id": 2, "api_name": "generate_image", "inputs": [1] * 6, "targets": [[1, "click"]]}
    return json.dumps({"api_prefix": prefix, "dependencies": [function]}).encode()


@pytest.mark.parametrize("prefix", [*PREFIXES, 7, ["/x"], {"a": 1}, True])
def test_an_api_prefix_that_is_no_path_is_refused(prefix: object) -> None:
    with pytest.raises(UpstreamBroken):
        find_signature(config(prefix), "generate_image", 6)


@pytest.mark.parametrize("prefix", ["", None, "/", "/gradio_api", "/a/b-c_1"])
def test_an_api_prefix_that_is_a_path_is_taken(prefix: str | None) -> None:
    found = find_signature(config(prefix), "generate_image", 6)
    assert found.prefix == (prefix or "").rstrip("/")


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_hostile_configuration_gets_nothing_but_its_own_question(prefix: str) -> None:
    http = FakeHttp({"": [FakeReply(pieces=[config(prefix)])]})
    provider = HuggingFace(
        token_header="x-hf-authorization",
        new_session=lambda: "s",
        signatures=SignatureCache(),
    )
    route = route_to("z-image-turbo", "hf_secret")
    with pytest.raises(Failure):
        await run(provider, job_of(), route, http)
    assert {sent.url for sent in http.sent} == {f"{route.base_url}/config"}


@pytest.mark.parametrize(
    "path", ["x", "/../x", "/%2e%2E/x", "/a/./b", "//x", "/#", "/\\x", "/é", "/ "]
)
def test_a_path_that_leads_elsewhere_is_no_address(path: str) -> None:
    with pytest.raises(AddressRefused):
        address_below("https://api.example.com/v1", path)


def test_an_address_is_a_configured_origin_and_a_path_below_it() -> None:
    address = address_below("HTTPS://API.Example.com:443/v1/", "/tasks/7?x=1")
    assert address == Address("https://api.example.com", "/v1/tasks/7?x=1")
    assert str(address.child("cancel")) == "https://api.example.com/v1/tasks/7?x=1/cancel"


@given(st.text(max_size=40))
def test_a_segment_never_leaves_its_place(text: str) -> None:
    try:
        address = address_below("https://api.example.com/v1", f"/tasks/{path_segment(text)}")
    except AddressRefused:
        assert text in ("", ".", "..")
        return
    assert address.origin == "https://api.example.com"
    assert address.target.startswith("/v1/tasks/")
    assert address.target.count("/") == 3
    assert "?" not in address.target


def test_segments_keep_their_slashes_and_walk_nowhere() -> None:
    assert path_segments("Qwen/Qwen-Image") == "Qwen/Qwen-Image"
    for name in ("../whoami", "a/../b", "/a", "a//b", "a/."):
        with pytest.raises(AddressRefused):
            path_segments(name)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "http://api.bfl.ai", "https://api.bfl.ai:8443", "https://notbfl.ai",
     "https://bfl.ai.evil.example.com", "https://a@bfl.ai"],
)  # fmt: skip
def test_a_credential_goes_to_its_own_provider_alone(origin: str) -> None:
    with pytest.raises(CredentialMisdirected):
        check_destination(origin, Address(origin, "/"), CREDENTIAL)


def test_a_credential_goes_to_its_origin_and_to_the_providers_domains() -> None:
    for origin in ("https://api.bfl.ai", "https://bfl.ai", "https://api.eu1.bfl.ai"):
        check_destination(origin, Address(origin, "/x"), CREDENTIAL)
    assert "secret" not in repr(CREDENTIAL)


def test_an_address_that_the_network_reads_otherwise_is_not_requested() -> None:
    with pytest.raises(CredentialMisdirected):
        check_destination("https://evil.example.com", Address("https://a.example.com", "/"), None)


INNER = [
    "http://127.0.0.1:9351/a.png", "https://127.0.0.1/a.png", "https://[::1]/a.png",
    "http://localhost/a.png", "https://2130706433/a.png", "https://0x7f.1/a.png",
    "https://metadata.google.internal/a.png", "https://printer.lan/a.png",
    "https://kubernetes.default/a.png", "https://kubernetes.default.svc/a.png",
    "https://x.invalid/a.png", "https://x.example/a.png", "https://1u.ms/a.png",
    "https://make-1.2.3.4-rr.1u.ms/a.png", "https://a.local.gd/a.png", "https://yoogle.com/a.png",
    "https://localhost.pdf.to/a.png", "https://x.local-ip.co/a.png", "https://x.ip6.name/a.png",
    "https://fritz.box/a.png", "https://files.example.com:8443/a.png", "ftp://files.example.com/a",
    "https://user@files.example.com/a.png", "https://files.example.com\\.evil.com/a.png",
    "http://files.example.com:8080/a.png", "javascript:alert(1)", "//files.example.com/a.png", "",
    "/etc/passwd", "file:///etc/passwd", "https://" + "a" * 80_000 + ".com/",
]  # fmt: skip


@pytest.mark.parametrize("url", INNER)
def test_an_inner_address_that_an_upstream_names_is_refused(url: str) -> None:
    with pytest.raises(JobFailed) as caught:
        check_picture(Picture(url=url), ["https://api.example.com"], [])
    assert caught.value.code == "picture_address_refused"


@pytest.mark.parametrize("url", INNER[:8])
async def test_no_inner_address_is_fetched_shown_or_handed_on(url: str) -> None:
    http = FakeHttp({"": [FakeReply(pieces=[PNG])]})
    provider = FakeProvider([[Preview(Picture(url=url)), Finished((Picture(url=url),))]])
    for delivery in ("url", "b64_json"):
        requested = {"prompt": "a cat", "response_format": delivery}
        reply = await gateway_answer(provider, http, requested)
        assert (reply["error"]["code"], http.sent) == ("picture_address_refused", [])
        assert "127.0.0.1" not in str(reply)


async def gateway_answer(provider: FakeProvider, http: FakeHttp, body: dict[str, Any]) -> Any:
    gate = gateway(provider, http=http)
    reply = await handle(request("POST", "/v1/images/generations", body), gate, lambda entry: None)
    return await json_of(reply)


def test_an_upstreams_own_origin_and_the_operators_exceptions_are_fetched() -> None:
    own, excepted = "http://127.0.0.1:8791", "http://nas.lan:81"
    for origin in (own, excepted):
        picture = check_picture(Picture(url=f"{origin}/a.png"), [own], [excepted])
        assert picture.address == Address(origin, "/a.png")


def test_a_public_host_that_was_named_with_http_is_requested_by_https() -> None:
    assert str(public_address("http://files.example.com/a", upgrade=True)).startswith("https://")
    with pytest.raises(AddressRefused):
        public_address("http://files.example.com/a")


def test_a_token_does_not_follow_a_picture_to_another_host() -> None:
    token = Credential({"x-hf-authorization": "t"}, "https://s.hf.space")
    picture = Picture(url="https://files.example.com/a.png", credential=token)
    assert check_picture(picture, ["https://s.hf.space"], []).credential is None


@pytest.mark.parametrize("name", ["../../v1/files", "a/../b", "..", "a/%2e%2e"])
async def test_a_callers_model_walks_to_no_other_path(name: str) -> None:
    route = route_to("gemini-2.5-flash-image", "key")
    upstream = type(route.upstream)(name, route.upstream.options)
    walking = type(route)(route.model, upstream, route.token)
    if "%" in name:
        assert "%252e" in walking.place_path()
        return
    with pytest.raises(InvalidRequest):
        walking.place_path()


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "fetch":
            yield ast.unparse(node), node.lineno


def test_one_place_alone_asks_the_network() -> None:
    """Bindings of Durable Objects have a `fetch` too, and so has their storage: none leaves the Worker."""
    inside = {"stub.fetch", "self.fetch", "storage.fetch", "self._storage.fetch"}
    outside = {
        (str(path.relative_to(SRC)), text)
        for path in SRC.rglob("*.py")
        for text, _ in calls(ast.parse(path.read_text("utf-8")))
        if text not in inside
    }
    assert outside == {("darkroom/edge/http.py", "js.fetch")}


def test_tokens_are_written_into_bound_headers_alone() -> None:
    """Where a provider reveals a token: into a `Credential`, or to take it out of a message."""
    places = {
        path.name
        for path in (SRC / "darkroom" / "providers").rglob("*.py")
        if ".reveal()" in path.read_text("utf-8")
    }
    assert places == {
        "credential.py", "huggingface.py", "a1111.py", "token_check.py", "cloudflare_client.py",
    }  # fmt: skip
