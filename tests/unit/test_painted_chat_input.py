"""What of a conversation is painted, which picture it works on, and what is reported as ignored."""

import base64
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation
from tests.support.fakes import FakeProvider, gateway, json_of, request
from tests.support.pictures import picture

CHAT = "/v1/chat/completions"
EDITOR, PAINTER = "qwen-image-edit", "z-image-turbo"
RED, LIME = picture("red", (64, 48)), picture("lime", (64, 48))
LARGE = RED + b"\xfb\xff" * 3 * 50_000
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(RED))),))


def url(data: bytes = RED) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def said(role: str, content: object, **more: object) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def image(data: bytes = RED) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url(data)}}


async def chat(messages: list[Any], model: str = EDITOR, **more: Any) -> tuple[ImageJob, Any]:
    provider = FakeProvider([[HELD]])
    body = {"model": model, "messages": messages, **more}
    reply = await handle(request("POST", CHAT, body), gateway(provider), lambda entry: None)
    answer = await json_of(reply)
    assert reply.status == 200, answer
    return provider.calls[0][0], answer


async def refused(messages: list[Any], **more: Any) -> Any:
    body = {"model": EDITOR, "messages": messages, **more}
    reply = await handle(request("POST", CHAT, body), gateway(FakeProvider([])), lambda entry: None)
    assert reply.status == 400
    return (await json_of(reply))["error"]


async def source_of(job: ImageJob) -> bytes:
    (only,) = job.images
    content = await only.to_bytes()
    return content.head(content.size)


ANSWERS = [
    said("assistant", "Here it is.", images=[image()]),
    said("assistant", None, images=[image()]),
    said("assistant", "", images=[{"type": "image_url", "index": 0, "image_url": {"url": url()}}]),
    said("assistant", [{"type": "text", "text": "Here it is."}, image()]),
    said("assistant", [{"type": "output_image", "image_url": url()}]),
    said("assistant", f"![picture]({url()})"),
    said("assistant", f"Here:\n\n![a (red) car]({url()})\n\nDo you like it?"),
    said("assistant", f'![picture]({url()} "a red car")'),
    said("assistant", [{"type": "text", "text": f"![picture]({url()})"}]),
    said("assistant", f"![first]({url(LIME)})\n\n![second]({url()})"),
    said("tool", [image()], tool_call_id="call_1"),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
async def test_the_newest_picture_is_the_source(answer: dict[str, Any]) -> None:
    older = said("assistant", "Here.", images=[image(LIME)])
    asked = said("user", "a red car")
    job, body = await chat([asked, older, asked, answer, said("user", "make it blue")])
    assert (job.operation, job.prompt) == (Operation.EDIT, "make it blue")
    assert await source_of(job) == RED
    assert "ignored" not in body


async def test_a_large_picture_in_an_answers_text_is_the_source() -> None:
    answer = said("assistant", f"![picture]({url(LARGE)})")
    job, _ = await chat([said("user", "a car"), answer, said("user", "make it blue")])
    assert await source_of(job) == LARGE


async def test_a_users_own_picture_comes_before_all_earlier_ones() -> None:
    answer = said("assistant", "Here.", images=[image(LIME)])
    own = said("user", [{"type": "text", "text": "make it blue"}, image()])
    job, body = await chat([said("user", "a car"), answer, own])
    assert await source_of(job) == RED
    assert body["ignored"] == ["messages[1].images[0]"]


async def test_a_users_earlier_picture_is_the_source_too() -> None:
    first = said("user", [{"type": "text", "text": "my car"}, image()])
    job, _ = await chat([first, said("assistant", "Nice."), said("user", "make it blue")])
    assert await source_of(job) == RED


async def test_a_model_that_only_paints_takes_no_picture_from_before_and_says_so() -> None:
    answer = said("assistant", "Here.", images=[image()])
    job, body = await chat([said("user", "a car"), answer, said("user", "a dog")], PAINTER)
    assert (job.operation, job.images) == (Operation.GENERATE, ())
    assert body["ignored"] == ["messages[1].images[0]"]


async def test_unreadable_message_parts_are_reported_with_their_path() -> None:
    content = [{"type": "text", "text": "a car"}, {"type": "input_audio", "input_audio": {}}, 5]
    _, body = await chat(
        [said("system", "Be brief."), said("developer", "No."), said("user", content)], PAINTER
    )
    places = ["messages[0]", "messages[1]", "messages[2].content[1]", "messages[2].content[2]"]
    assert body["ignored"] == places


async def test_fields_of_an_image_request_take_effect() -> None:
    job, _ = await chat(
        [said("user", "a car")], PAINTER, size="512x768", seed=7, num_inference_steps=5,
        negative_prompt="fog", output_format="png", user="me", metadata={}, n=1,
    )  # fmt: skip
    assert (str(job.size), job.seed, job.steps) == ("512x768", 7, 5)


async def test_fields_without_effect_are_reported() -> None:
    _, body = await chat(
        [said("user", "a car")], PAINTER, temperature=0.5, max_tokens=9, quality="HD", top_p=None,
        tools=[], modalities=["image", "text"], stream_options={"include_usage": True},
    )  # fmt: skip
    assert body["ignored"] == ["temperature", "max_tokens", "quality", "tools"]


async def test_a_conversation_without_words_names_its_messages() -> None:
    assert (await refused([said("user", "")]))["param"] == "messages"
    assert (await refused([said("user", [image()])]))["param"] == "messages"
    assert (await refused([said("assistant", "hello")]))["param"] == "messages"


async def test_a_picture_that_cannot_be_read_is_named_by_its_place() -> None:
    content = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "no"}}]
    assert (await refused([said("user", content)]))["param"] == "messages[0].content[1]"
    assert (await refused([said("user", "a")], quality=5))["param"] == "quality"
