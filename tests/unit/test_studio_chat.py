"""A studio's own text models, against answers that were written beforehand."""

import json
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.catalog.model import ChatModel
from darkroom.deadline import Deadline
from darkroom.errors import (
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.json_writer import TextBlob
from darkroom.providers.chat import content_of, reasoning_of
from darkroom.providers.provider import ChatRoute
from darkroom.providers.studio_chat import StudioChat
from darkroom.settings import Secret, Settings
from darkroom.sse import EventReader
from tests.support.fakes import FakeClock, FakeHttp, FakeReply, gateway, json_of, request

CATALOG: Catalog = configure(load_catalog(), {"STUDIO_URL": "https://studio.example"}).catalog
REWRITTEN = {"rewritten_prompt": "A grey cat.", "thinking_content": "Which cat?", "gen_time": 1.5}
REQUESTED = [{"role": "system", "content": "Say more."}, {"role": "user", "content": "a cat"}]


def answers(value: object = REWRITTEN, status: int = 200) -> FakeHttp:
    return FakeHttp({"/api/rewrite": [FakeReply(status, pieces=[json.dumps(value).encode()])]})


async def ask(http: FakeHttp, token: str | None = None, **body: Any) -> bytes:
    model = CATALOG.find_chat("studio/qwen3-4b")
    route = ChatRoute(ChatModel(model.name, model.provider), Secret(token) if token else None)
    deadline = Deadline.after(60, FakeClock())
    reply = await StudioChat().ask({"messages": REQUESTED, **body}, route, http, deadline)
    return await reply.read(1000)


async def test_a_question_goes_out_as_a_rewrite_and_comes_back_as_a_completion() -> None:
    http = answers()
    body = {"max_tokens": 512, "temperature": 0.6, "top_k": 20, "user": "me", "stream": False}
    answer = json.loads(await ask(http, "open-sesame", **body))
    assert (content_of(answer), reasoning_of(answer)) == ("A grey cat.", "Which cat?")
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("POST", "https://studio.example/api/rewrite")
    assert sent.headers["authorization"] == "Bearer open-sesame"
    assert sent.json == {
        "custom_system_prompt": "Say more.",
        "prompt": "a cat",
        "model": "qwen3-4b",
        "max_tokens": 512,
        "temperature": 0.6,
        "top_k": 20,
    }


async def test_a_stream_is_one_piece_and_the_end() -> None:
    events = EventReader().feed(await ask(answers(), stream=True))
    assert content_of(json.loads(events[0].data)) == "A grey cat."
    assert [event.data for event in events[1:]] == [b"[DONE]"]


async def test_a_picture_travels_as_it_is() -> None:
    http = answers()
    url = TextBlob(BytesBlob(b"QUJD"), "data:image/png;base64,")
    content = [{"type": "image_url", "image_url": {"url": url}}]
    await ask(http, messages=[REQUESTED[0], {"role": "user", "content": content}])
    assert http.sent[0].json["image"] == "data:image/png;base64,QUJD"
    assert "prompt" not in http.sent[0].json


@pytest.mark.parametrize(
    "messages",
    [
        REQUESTED[1:],
        REQUESTED[:1],
        [*REQUESTED, {"role": "assistant", "content": "yes?"}, REQUESTED[1]],
        [],
        None,
    ],
    ids=str,
)
async def test_messages_other_than_one_system_and_one_user_are_refused(messages: object) -> None:
    http = answers()
    with pytest.raises(InvalidRequest, match="system message that says how"):
        await ask(http, messages=messages)
    assert http.sent == []


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, {"detail": "nothing"}, UpstreamBroken),
        (400, {"detail": "VL not configured"}, InvalidRequest),
        (401, {"detail": "Invalid or missing password"}, CredentialRefused),
        (500, {"detail": "CUDA out of memory"}, JobFailed),
        (503, {"detail": "No rewriter backend"}, UpstreamUnavailable),
    ],
)
async def test_a_refusal_is_sorted(status: int, answer: object, kind: type[Failure]) -> None:
    with pytest.raises(kind):
        await ask(answers(answer, status))


async def test_a_studio_serves_chat_completions_as_any_text_model_does() -> None:
    http = answers()
    whole = gateway(http=http, catalog=CATALOG, settings=Settings(public_providers=("studio",)))
    body = {"model": "studio/qwen3-4b", "messages": REQUESTED}
    requested = request("POST", "/v1/chat/completions", body)
    answer = await json_of(await handle(requested, whole, lambda entry: None))
    assert content_of(answer) == "A grey cat."
