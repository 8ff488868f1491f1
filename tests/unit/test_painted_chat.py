"""Conversations that are painted, and how their pictures travel."""

import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture, Started
from darkroom.gateway import Gateway
from darkroom.image import ImageFile
from tests.support.fakes import (
    PNG,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    body_of,
    gateway,
    json_of,
    request,
)

LONGEST_LINE_BYTES = 64 * 1024
LARGE = PNG + bytes(range(256)) * 4096
URL = "https://s.hf.space/file=/tmp/a.png"


def painted(data: bytes = LARGE) -> Finished:
    return Finished((Picture(file=ImageFile(data=BytesBlob(data))),), 42)


async def stream(gate: Gateway, **body: Any) -> list[dict[str, Any]]:
    """The chunks of a stream, none of whose lines is too long for those who read by the line."""
    messages = [{"role": "user", "content": "a cat"}]
    requested = {"model": "z-image-turbo", "messages": messages, "stream": True, **body}
    reply = await handle(
        request("POST", "/v1/chat/completions", requested), gate, lambda entry: None
    )
    assert reply.status == 200
    lines = (await body_of(reply)).split(b"\n")
    assert max(map(len, lines)) <= LONGEST_LINE_BYTES
    assert lines[-3:] == [b"data: [DONE]", b"", b""]
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


def said(chunks: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """What a client makes of the chunks: the content, and the pictures beside it."""
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    images = [image for delta in deltas for image in delta.get("images", ())]
    return "".join(delta.get("content", "") for delta in deltas), images


async def test_a_kept_picture_is_reported_by_our_address() -> None:
    gate = gateway(FakeProvider([[Started(), painted()]]), media=MemoryMedia())
    content, (image,) = said(await stream(gate))
    url = image["image_url"]["url"]
    assert url.startswith("https://darkroom.example/media/")
    assert content == f"![picture]({url})"


async def test_an_upstreams_address_that_lives_on_is_handed_through() -> None:
    gate = gateway(FakeProvider([[Finished((Picture(url=URL),))]]))
    content, (image,) = said(await stream(gate))
    assert (content, image["image_url"]["url"]) == (f"![picture]({URL})", URL)


@pytest.mark.parametrize("size", [len(PNG), 36 * 1024, len(LARGE)])
async def test_a_picture_that_nothing_can_keep_comes_in_pieces_of_content(size: int) -> None:
    data = LARGE[:size]
    content, images = said(await stream(gateway(FakeProvider([[painted(data)]]))))
    assert not images
    text = content.removeprefix("![picture](data:image/png;base64,").removesuffix(")")
    assert base64.b64decode(text, validate=True) == data


async def test_a_picture_whose_address_dies_soon_comes_in_pieces_too() -> None:
    gone_soon = Finished((Picture(url=URL, lasts_s=600.0),))
    http = FakeHttp({"a.png": [FakeReply(pieces=[LARGE])]})
    content, _ = said(await stream(gateway(FakeProvider([[gone_soon]]), http=http)))
    assert content.startswith("![picture](data:image/png;base64,")


async def test_an_address_longer_than_a_line_comes_in_pieces_as_well() -> None:
    url = f"https://x.example.com/a.png?signature={'s' * 60_000}"
    content, images = said(await stream(gateway(FakeProvider([[Finished((Picture(url=url),))]]))))
    assert (content, images) == (f"![picture]({url})", [])


async def test_several_pictures_stand_below_each_other() -> None:
    gate = gateway(FakeProvider([[painted()]]), media=MemoryMedia())
    content, images = said(await stream(gate, n=2))
    urls = [image["image_url"]["url"] for image in images]
    assert [image["index"] for image in images] == [0, 1]
    assert content == "\n\n".join(f"![picture]({url})" for url in urls)


async def test_at_once_a_picture_that_nothing_can_keep_stays_whole() -> None:
    body = {"model": "z-image-turbo", "messages": [{"role": "user", "content": "a cat"}]}
    gate = gateway(FakeProvider([[painted()]]))
    reply = await handle(request("POST", "/v1/chat/completions", body), gate, lambda entry: None)
    (image,) = (await json_of(reply))["choices"][0]["message"]["images"]
    url = image["image_url"]["url"]
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")) == LARGE


USAGE = {
    "total_tokens": 30,
    "input_tokens": 10,
    "output_tokens": 20,
    "input_tokens_details": {"text_tokens": 8, "image_tokens": 2},
}


@pytest.mark.parametrize(
    ("counted", "usage"),
    [
        (USAGE, {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}),
        (None, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
    ],
)
async def test_usage_stands_in_the_completion_and_ends_a_stream_that_asks_for_it(
    counted: dict[str, Any] | None, usage: dict[str, int]
) -> None:
    finished = Finished(painted(PNG).pictures, usage=counted)
    body = {"model": "z-image-turbo", "messages": [{"role": "user", "content": "a cat"}]}
    gate = gateway(FakeProvider([[Started(), finished]]), media=MemoryMedia())
    reply = await handle(request("POST", "/v1/chat/completions", body), gate, lambda entry: None)
    completion = ChatCompletion.model_validate(await json_of(reply), strict=True)
    assert completion.usage is not None
    assert completion.usage.model_dump(exclude_none=True) == usage
    *chunks, last = await stream(gate, stream_options={"include_usage": True})
    assert (last["choices"], last["usage"]) == ([], usage)
    assert all(chunk["usage"] is None for chunk in chunks)
    for options in ({}, None, {"include_usage": False}, "yes"):
        chunks = await stream(gate, stream_options=options)
        assert all(chunk["choices"] and "usage" not in chunk for chunk in chunks)


async def test_a_caller_who_leaves_at_the_first_word_ends_the_job() -> None:
    provider = FakeProvider([[Started(), 60, painted()]])
    messages = [{"role": "user", "content": "a cat"}]
    requested = {"model": "z-image-turbo", "messages": messages, "stream": True}
    sent = request("POST", "/v1/chat/completions", requested)
    reply = await handle(sent, gateway(provider), lambda entry: None)
    assert isinstance(reply.body, AsyncGenerator)
    await anext(reply.body)
    await reply.body.aclose()
    assert provider.closed == len(provider.calls)
