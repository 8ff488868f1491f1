"""Conversations that break off on the way back."""

import hashlib
import json

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.image import ImageFile
from darkroom.job import Size
from darkroom.settings import Secret, Settings
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

CHAT = "/v1/chat/completions"
BODY = {"model": "pollinations/openai-fast", "messages": [{"role": "user", "content": "hi"}]}
SSE = {"content-type": "text/event-stream"}
DELTA = b'data: {"choices": [{"delta": {"content": "hello"}}]}\n\n'


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (FakeReply(pieces=[b'{"choi', ConnectionError()]), BODY),
        (FakeReply(headers=SSE, pieces=[DELTA, ConnectionError()]), {**BODY, "stream": True}),
    ],
)
async def test_an_answer_that_breaks_off_is_reported_as_lost(
    reply: FakeReply, body: dict[str, object]
) -> None:
    whole = gateway(http=FakeHttp({"/openai": [reply]}))
    answer = await handle(request("POST", CHAT, body), whole, lambda entry: None)
    assert answer.status == 502
    assert (await json_of(answer))["error"]["code"] == "generation_lost"
    assert reply.closed


TOKEN = "sk_secret_token_1234"
LEAK = b'data: {"choices": [{"delta": {"content": "' + TOKEN.encode() + b'"}}]}\n\n'
KEY = "dk_0123456789abcdef"


@pytest.mark.parametrize(
    ("authorization", "comes_back"),
    [(f"Bearer pollinations:{TOKEN}", True), (f"Bearer {KEY}", False)],
)
async def test_a_stream_loses_the_operators_token_and_a_callers_own_is_relayed(
    authorization: str, comes_back: bool
) -> None:
    settings = Settings(
        tokens={"pollinations": (Secret(TOKEN),)},
        gateway_keys=(hashlib.sha256(KEY.encode()).hexdigest(),),
    )
    whole = gateway(
        http=FakeHttp({"/v1/chat/completions": [FakeReply(headers=SSE, pieces=[LEAK])]}),
        settings=settings,
    )
    body = {**BODY, "model": "pollinations/openai", "stream": True}
    headers = {"authorization": authorization}
    answer = await handle(request("POST", CHAT, body, headers=headers), whole, lambda entry: None)
    assert answer.status == 200
    assert (TOKEN.encode() in await body_of(answer)) is comes_back


async def test_an_answer_comes_back_byte_for_byte() -> None:
    wire = json.dumps({"choices": [{"message": {"content": "hello"}}], "odd": 1}).encode()
    whole = gateway(http=FakeHttp({"/openai": [FakeReply(pieces=[wire])]}))
    answer = await handle(request("POST", CHAT, BODY), whole, lambda entry: None)
    assert (await json_of(answer)) == json.loads(wire)


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"aspect_ratio": "16:9"}, Size(1344, 768)),
        ({"image_size": "2K"}, Size(2048, 2048)),
        ({"aspect_ratio": None, "image_size": "1K"}, Size(1024, 1024)),
        ({"aspect_ratio": "16:9", "image_size": "2K"}, Size(2048, 1152)),
    ],
)
async def test_aspect_ratio_and_image_size_both_take_effect(
    config: dict[str, object], size: Size
) -> None:
    provider = FakeProvider([[Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),))]])
    body = {**BODY, "model": "z-image-turbo", "image_config": config}
    answer = await handle(request("POST", CHAT, body), gateway(provider), lambda entry: None)
    assert answer.status == 200
    assert [job.size for job, _ in provider.calls] == [size]
