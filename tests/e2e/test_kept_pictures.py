"""Kept pictures, out of the bucket that the runtime has."""

from collections.abc import Mapping

import httpx
import pytest
from openai import OpenAI

from tests.e2e.stack import Stack


@pytest.fixture(scope="module")
def url(stack: Stack) -> str:
    """A picture without an address of its own, which Darkroom keeps."""
    with OpenAI(base_url=f"{stack.url}/v1", api_key="not-needed") as client:
        answer = client.images.generate(
            model="Qwen/Qwen-Image", prompt="a lighthouse", extra_body={"size": "1:1", "steps": 2}
        )
    assert answer.data
    assert answer.data[0].url
    return str(answer.data[0].url)


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=30)


def lasting(headers: Mapping[str, str]) -> dict[str, str | None]:
    names = ("etag", "content-type", "content-length", "accept-ranges", "cache-control")
    return {name: headers.get(name) for name in names}


def test_a_part_of_a_picture_is_that_part(url: str) -> None:
    whole = get(url)
    size = len(whole.content)
    for requested, start, end in (
        ("bytes=100-199", 100, 200),
        (f"bytes={size - 7}-", size - 7, size),
        ("bytes=-3", size - 3, size),
    ):
        part = get(url, range=requested, if_range=whole.headers["etag"])
        assert (part.status_code, part.content) == (206, whole.content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.headers["content-length"] == str(end - start)
    beyond = get(url, range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_picture_that_the_caller_has_is_not_sent_again(url: str) -> None:
    whole = get(url)
    known = get(url, if_none_match=whole.headers["etag"])
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["etag"] == whole.headers["etag"]


def test_the_headers_alone_are_those_of_the_picture(url: str) -> None:
    whole, head = get(url), httpx.head(url, timeout=30)
    assert (head.status_code, head.content) == (200, b"")
    assert lasting(head.headers) == lasting(whole.headers)
    assert head.headers["content-length"] == str(len(whole.content))


def test_a_shared_picture_has_a_page_and_is_there_for_whoever_has_the_address(
    stack: Stack, url: str
) -> None:
    files = {"image": ("a.png", get(url).content, "image/png")}
    told = {"prompt": "a lighthouse <b>", "model": "qwen-image", "seed": "7"}
    reply = httpx.post(f"{stack.url}/v1/shares", files=files, data=told, timeout=30)
    assert reply.status_code == 201, reply.text
    made = reply.json()
    page = get(made["url"])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'; img-src 'self'")
    assert "a lighthouse &lt;b&gt;" in page.text
    assert get(made["image_url"]).content == files["image"][1]
    assert stack.health()["sharing"] is True
