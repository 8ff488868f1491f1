"""Pictures wherever an upstream's answer has them, and the numbers beside them."""

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from darkroom.address import AddressRefused, absolute_url, public_address
from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.engine.upstream_output import guard_event
from darkroom.errors import JobFailed
from darkroom.events import Finished, Picture, Preview, Progress, Queued
from darkroom.json_writer import TextBlob
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.gradio.messages import MessageReader
from darkroom.providers.gradio.outputs import FileAddresses
from darkroom.providers.openai import whole_usage
from darkroom.providers.registry import build_providers
from darkroom.providers.response_images import find_pictures, picture_of, plain_number
from darkroom.settings import Settings
from tests.support.fakes import (
    JPEG,
    PNG,
    FakeHttp,
    FakeReply,
    body_of,
    gateway,
    json_of,
    request,
)
from tests.support.runs import job_of, route_to, run

PROVIDERS = build_providers(Settings(poll_delays_s=(0.001,)), lambda: "token", SignatureCache())
ROOT = "https://a-b.hf.space"
URL = "https://files.example.com/a.png"
B64 = base64.b64encode(PNG).decode()
JPEG64 = base64.b64encode(JPEG).decode()


# Image sliders.


def file(name: str) -> dict[str, Any]:
    return {"path": f"/tmp/{name}", "meta": {"_type": "gradio.FileData"}}


def urls_of(data: list[Any], kind: str = "process_completed") -> list[str | None]:
    reader = MessageReader("a/b", FileAddresses(ROOT, "/gradio_api", None))
    event = reader.read({"msg": kind, "success": True, "output": {"data": data}})
    if isinstance(event, Preview):
        return [event.picture.url]
    assert isinstance(event, Finished)
    return [picture.url for picture in event.pictures]


AFTER = [f"{ROOT}/gradio_api/file=/tmp/after.png"]
BEFORE = [f"{ROOT}/gradio_api/file=/tmp/before.png"]
SLIDERS: list[tuple[list[Any], list[str]]] = [
    ([[file("before.png"), file("after.png")]], AFTER),
    ([[file("before.png"), file("after.png")], 42], AFTER),
    ([{"__type__": "update", "value": [file("before.png"), file("after.png")]}], AFTER),
    ([["/file=/tmp/before.png", {"url": AFTER[0]}]], AFTER),
    ([[None, file("after.png")]], AFTER),
    ([[file("before.png"), None]], BEFORE),
    (["done", [file("before.png"), file("after.png")]], AFTER),
]  # fmt: skip


@pytest.mark.parametrize(("data", "found"), SLIDERS)
def test_of_an_image_slider_the_result_is_the_picture(data: list[Any], found: list[str]) -> None:
    assert urls_of(data) == found


@pytest.mark.parametrize("data", [SLIDERS[0][0], SLIDERS[2][0]])
def test_of_an_image_slider_the_result_is_the_preview(data: list[Any]) -> None:
    assert urls_of(data, "process_generating") == AFTER


@pytest.mark.parametrize(
    "data",
    [
        [[{"image": file("before.png"), "caption": None}, {"image": file("after.png")}]],
        [[[file("before.png"), "one"], [file("after.png"), "two"]]],
        [[file("before.png"), file("after.png"), file("third.png")]],
    ],
)
def test_galleries_keep_all_their_pictures(data: list[Any]) -> None:
    assert urls_of(data)[:2] == BEFORE + AFTER


# One picture or many, under any name.

SHAPES: list[Any] = [
    {"data": {"url": URL}}, {"data": [{"url": URL}]}, {"data": URL}, {"data": [URL]},
    {"data": {"images": [{"url": URL}]}}, {"images": {"url": URL}}, {"images": URL},
    {"output": {"url": URL}}, {"output": [URL]}, {"output": URL}, {"result": {"image_url": URL}},
    {"results": {"url": URL}}, {"output_images": URL}, {"image": {"url": URL}}, {"url": URL},
    {"data": {"image": {"url": URL}}}, {"result": {"data": {"url": URL}}}, {"image_urls": [URL]},
    {"images": [], "data": {"url": URL}}, {"data": [[{"url": URL}]]},
]  # fmt: skip


@pytest.mark.parametrize("answer", SHAPES, ids=str)
def test_a_picture_is_found_alone_or_in_a_list(answer: Any) -> None:
    assert find_pictures(answer) == [Picture(url=URL)]


@pytest.mark.parametrize("name", ["b64_json", "base64", "image", "url"])
@pytest.mark.parametrize("text", [B64, JPEG64, f"data:image/png;base64,{B64}"])
def test_base64_is_found_alone_or_in_a_list(name: str, text: str) -> None:
    for answer in ({"data": {name: text}}, {"data": [{name: text}]}, {"result": {name: text}}):
        (picture,) = find_pictures(answer)
        assert picture.file is not None
        assert picture.file.format in ("png", "jpeg")
    (picture,) = find_pictures({"data": {name: TextBlob(BytesBlob(text.encode()))}})
    assert picture.file is not None


@pytest.mark.parametrize(
    "answer", [{"data": {}}, {"data": {"id": "x"}}, {"data": "done"}, {"output": None}, {}, "x", 7]
)
def test_no_picture_is_found_in_an_answer_without_one(answer: Any) -> None:
    assert find_pictures(answer) == []


COMPATIBLE = ["gitee/z-image-turbo", "siliconflow/Qwen/Qwen-Image", "ms/flux-2",
              "a4f/provider-4/imagen-4", "openai/gpt-image-1.5", "pollinations/flux"]  # fmt: skip


@pytest.mark.parametrize("name", COMPATIBLE)
@pytest.mark.parametrize("url", [URL, "/files/a.png", "//files.example.com/a.png"])
async def test_every_provider_in_openais_shape_takes_one_picture(name: str, url: str) -> None:
    http = FakeHttp({"": [FakeReply(pieces=[json.dumps({"data": {"url": url}}).encode()])]})
    route = route_to(name, "token")
    finished = (await run(PROVIDERS[route.provider.protocol], job_of(), route, http))[-1]
    guarded = guard_event(finished, route, ())
    assert isinstance(guarded, Finished)
    own = route.provider.base_url.partition("://")[2].partition("/")[0]
    (picture,) = guarded.pictures
    expected = {URL: URL, "/files/a.png": f"https://{own}/files/a.png"}
    assert str(picture.address) == expected.get(url, URL)


# Addresses that lack a host.


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("/files/a.png", "https://api.example.com/files/a.png"),
        ("/files/a.png?x=1#y", "https://api.example.com/files/a.png?x=1#y"),
        ("files/a.png", "https://api.example.com/v1/files/a.png"),
        ("./a.png", "https://api.example.com/v1/./a.png"),
        ("//cdn.example.com/a.png", "https://cdn.example.com/a.png"),
        ("https://cdn.example.com/a", "https://cdn.example.com/a"),
        ("HTTP://cdn.example.com/a", "HTTP://cdn.example.com/a"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("", ""),
    ],
)
def test_a_relative_picture_url_is_resolved_against_the_upstream(url: str, absolute: str) -> None:
    assert absolute_url(url, "https://api.example.com/v1") == absolute


@pytest.mark.parametrize(
    "url",
    ["//127.0.0.1/x.png", "//localhost:9000/x.png", "///evil.example/x.png", "//user@evil.com/x",
     "//10.0.0.1:8080/x.png", "//[::1]/x.png", "/\\evil.example/x.png", "//metadata.internal/x",
     "//evil.example.com:8443/x.png", "//\tevil.example/x", "//2130706433/x.png"],
)  # fmt: skip
def test_an_address_without_a_scheme_is_refused_if_the_policy_forbids_it(url: str) -> None:
    with pytest.raises(AddressRefused):
        public_address(absolute_url(url, "https://api.example.com/v1"), upgrade=True)
    route = route_to("gitee/z-image-turbo", "token")
    with pytest.raises(JobFailed):
        guard_event(Finished((Picture(url=url),)), route, ())
    assert guard_event(Preview(Picture(url=url)), route, ()) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/files/a", True), ("a.png", True), ("out/a.webp?sig=x", True), ("../a.jpg", True),
        ("HTTPS://x.example.com/a", True), ("//x.example.com/a", True),
        ("a picture of a cat.png", False), ("done", False), ("/", False), ("", False),
        ("ftp://x/a.png", False), ("https://", False), ("/a b", False), ("x" * 9_000, False),
    ],
)  # fmt: skip
def test_an_address_is_told_from_words(text: str, found: bool) -> None:
    picture = picture_of(text) if len(text) < 64 else None
    assert (picture is not None and picture.url == text) is found


def test_a_jpegs_base64_is_no_path() -> None:
    assert JPEG64.startswith("/9j/")
    picture = picture_of(JPEG64)
    assert picture is not None
    assert picture.file is not None
    path = "/files/" + "a" * 57
    assert picture_of(path) == Picture(url=path)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("//cdn.example.com/p.png", "https://cdn.example.com/p.png"),
        ("/file=/tmp/x.png", f"{ROOT}/file=/tmp/x.png"),
        ("file=/tmp/x.png", f"{ROOT}/file=/tmp/x.png"),
    ],
)
def test_a_space_may_leave_out_its_host_too(url: str, found: str) -> None:
    assert urls_of([{"url": url}]) == [found]


# Numbers that go on to callers.

ODD: list[object] = [2**53 + 1, -(2**60), 10**39, 1e300, math.inf, math.nan, True, None, "x", []]


@pytest.mark.parametrize("number", ODD, ids=repr)
def test_odd_numbers_are_not_passed_on(number: object) -> None:
    assert plain_number(number) is None
    reader = MessageReader("a/b", FileAddresses(ROOT, "", None))
    queued = reader.read({"msg": "estimation", "rank": number, "queue_size": number})
    assert queued == Queued()
    loop = {"index": number, "length": number, "progress": number}
    progress = reader.read({"msg": "progress", "progress_data": [loop]})
    assert progress == Progress()
    assert whole_usage(usage(number)) is None


def usage(count: object) -> Mapping[str, object]:
    details = {"text_tokens": 1, "image_tokens": 2}
    return {
        "total_tokens": count,
        "input_tokens": 3,
        "output_tokens": 4,
        "input_tokens_details": details,
    }


def test_finite_numbers_are_passed_on() -> None:
    assert plain_number(0.5) == 0.5
    assert whole_usage(usage(2**53)) == usage(2**53)
    assert whole_usage(usage(7.0)) == usage(7)


@pytest.mark.parametrize("seed", ["1e999", "NaN", "9" * 41, "9007199254740993", "0.5", "-1e400"])
@pytest.mark.parametrize("name", COMPATIBLE)
async def test_a_picture_comes_whatever_its_seed_is(name: str, seed: str) -> None:
    body = f'{{"data":[{{"b64_json":"{B64}"}}],"seed":{seed},"created":{seed}}}'.encode()
    route = route_to(name, "token")
    http = FakeHttp({"": [FakeReply(pieces=[body])]})
    finished = (await run(PROVIDERS[route.provider.protocol], job_of(), route, http))[-1]
    assert isinstance(finished, Finished)
    assert finished.seed in (7, None)


@pytest.mark.parametrize("number", ["1e999", "NaN", "-Infinity", "9" * 41, "9007199254740993"])
async def test_a_text_models_counts_can_be_read_by_everybody(number: str) -> None:
    body = (
        f'{{"choices":[{{"message":{{"content":"hi"}}}}],"usage":{{"total_tokens":{number},'
        '"prompt_tokens":3,"cost":0.0012}}'
    ).encode()
    gate = gateway(http=FakeHttp({"": [FakeReply(pieces=[body])]}))
    asked = {"model": "deepseek/deepseek-chat", "messages": [{"role": "user", "content": "x"}]}
    headers = {"content-type": "application/json", "authorization": "Bearer deepseek:token"}
    reply = await handle(
        request("POST", "/v1/chat/completions", asked, headers), gate, lambda entry: None
    )
    answer = await json_of(reply)
    assert answer["usage"] == {"total_tokens": None, "prompt_tokens": 3, "cost": 0.0012}
    assert answer["choices"][0]["message"]["content"] == "hi"


async def test_an_honest_text_answer_is_relayed_byte_by_byte() -> None:
    body = b'{ "choices":[{"message":{"content":"hi"}}], "usage":{"total_tokens": 3.0} }'
    gate = gateway(http=FakeHttp({"": [FakeReply(pieces=[body])]}))
    asked = {"model": "deepseek/deepseek-chat", "messages": [{"role": "user", "content": "x"}]}
    headers = {"content-type": "application/json", "authorization": "Bearer deepseek:token"}
    reply = await handle(
        request("POST", "/v1/chat/completions", asked, headers), gate, lambda entry: None
    )
    assert await body_of(reply) == body
