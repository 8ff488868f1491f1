"""What becomes of a result: its address, who may fetch it, and that it is not painted twice."""

from typing import Any

import httpx
import pytest

from tests.e2e.sdk import forget, sent_to, web
from tests.e2e.stack import Stack
from tests.support.pictures import opened, picture

GENERATIONS = "/v1/images/generations"
ORIGIN = "https://chat.example"
GITEE = {"model": "gitee/z-image-turbo", "prompt": "a lighthouse", "size": "512x512", "steps": 1}


def paint(stack: Stack, token: str = "", headers: Any = None, **fields: Any) -> httpx.Response:
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    body = {"model": "flux-1-schnell", "prompt": "a lighthouse", "size": "512x512", **fields}
    whole = {**bearer, **(headers or {})}
    reply = web().post(f"{stack.url}{GENERATIONS}", json=body, headers=whole)
    assert reply.status_code == 200, reply.text[:500]
    return reply


def address_in(reply: httpx.Response) -> str:
    address: str = reply.json()["data"][0]["url"]
    return address


MAKERS = [
    ("flux-1-schnell", "", "image/webp"),
    ("gitee/z-image-turbo", "gitee:good-results", "image/png"),
    ("openai/gpt-image-2", "openai:good-results", "image/png"),
]


@pytest.mark.parametrize(("model", "token", "kind"), MAKERS)
def test_an_address_is_fetched_with_and_without_authorization_from_any_page(
    stack: Stack, model: str, token: str, kind: str
) -> None:
    url = address_in(paint(stack, token, model=model, size="1024x1024", response_format="url"))
    assert url.startswith(f"{stack.url}/media/"), "kept here, whatever the upstream's own would do"
    contents = set()
    for headers in (
        {},
        {"authorization": "Bearer sk-of-somebody"},
        {"authorization": "Basic eDp5"},
    ):
        reply = web().get(url, headers={"origin": ORIGIN, **headers})
        assert (reply.status_code, reply.headers["content-type"]) == (200, kind)
        assert reply.headers["access-control-allow-origin"] in ("*", ORIGIN)
        contents.add(reply.content)
    (content,) = contents
    assert opened(content).size == (1024, 1024)
    head = web().head(url, headers={"origin": ORIGIN})
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(content)))
    assert head.headers["access-control-allow-origin"] in ("*", ORIGIN)
    part = web().get(url, headers={"origin": ORIGIN, "range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, content[:8])
    assert "content-range" in part.headers["access-control-expose-headers"]


def test_a_range_of_a_picture_may_be_requested_from_any_page(stack: Stack) -> None:
    requested = {
        "origin": ORIGIN,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,range",
    }
    reply = web().options(f"{stack.url}/media/whatever.png", headers=requested)
    assert reply.status_code == 204
    assert reply.headers["access-control-allow-headers"] == "authorization,range"
    assert "GET" in reply.headers["access-control-allow-methods"]


def test_an_address_is_absolute_and_begins_as_the_caller_called(stack: Stack) -> None:
    called = stack.url.replace("127.0.0.1", "localhost")
    reply = web().post(f"{called}{GENERATIONS}", json={**GITEE, "model": "flux-1-schnell"})
    url = address_in(reply)
    assert url.startswith(f"{called}/media/")
    assert opened(web().get(url).content)


def test_an_address_of_ours_is_a_source_of_the_next_edit(stack: Stack) -> None:
    url = address_in(paint(stack))
    stack.spaces.forget()
    body = {"model": "qwen-image-edit", "prompt": "bluer", "images": [{"image_url": url}]}
    reply = web().post(f"{stack.url}/v1/images/edits", json=body)
    assert reply.status_code == 200, reply.text[:500]
    (upload,) = stack.spaces.log("/upload")
    assert upload["body"]["files"][0]["size"] == len(web().get(url).content)


def test_the_same_request_with_a_token_and_a_seed_is_painted_once(stack: Stack) -> None:
    forget(stack, "gitee")
    first, second = (paint(stack, "gitee:good-once", **GITEE, seed=7) for _ in range(2))
    assert [reply.headers["x-darkroom-cache"] for reply in (first, second)] == ["miss", "hit"]
    assert address_in(first) == address_in(second), "the address is stable"
    assert second.headers["x-darkroom-provider"] == "gitee"
    assert "x-darkroom-cache" in second.headers["access-control-expose-headers"]
    assert len(sent_to(stack, "gitee")) == 1
    as_base64 = paint(stack, "gitee:good-once", **GITEE, seed=7, response_format="b64_json")
    assert as_base64.headers["x-darkroom-cache"] == "hit"
    assert opened(as_base64.json()["data"][0]["b64_json"]).size == (512, 512)
    assert len(sent_to(stack, "gitee")) == 1


def test_an_edit_of_the_same_picture_is_painted_once_and_of_another_anew(stack: Stack) -> None:
    stack.spaces.forget()
    marks = []
    for colour in ("red", "red", "blue"):
        reply = web().post(
            f"{stack.url}/v1/images/edits",
            data={"model": "qwen-image-edit", "prompt": "bluer", "seed": "7"},
            files={"image": ("a.png", picture(colour), "image/png")},
            headers={"authorization": "Bearer hf:hf_goodonce"},
        )
        marks.append(reply.headers["x-darkroom-cache"])
    assert marks == ["miss", "hit", "miss"]
    assert len(stack.spaces.log("/queue/join")) == 2


@pytest.mark.parametrize(
    ("tokens", "headers", "seed"),
    [
        (("gitee:good-x1", "gitee:good-x2"), {}, 7),
        (("gitee:good-x3", "gitee:good-x3"), {}, None),
        (("gitee:good-x4", "gitee:good-x4"), {"cache-control": "no-cache"}, 7),
        (("gitee:good-x5", "gitee:good-x5"), {"cache-control": "no-store"}, 7),
    ],
    ids=["another token", "no seed", "no-cache", "no-store"],
)
def test_another_caller_or_request_is_generated_anew(
    stack: Stack, tokens: tuple[str, str], headers: dict[str, str], seed: int | None
) -> None:
    forget(stack, "gitee")
    replies = [paint(stack, token, headers, **GITEE, seed=seed) for token in tokens]
    assert "hit" not in {reply.headers.get("x-darkroom-cache") for reply in replies}
    assert len(sent_to(stack, "gitee")) == 2
