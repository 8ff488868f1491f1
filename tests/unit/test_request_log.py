"""Each request leaves one line: what it took and what came of it, and nothing of its words."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.errors import ContentRefused, JobLost, UpstreamUnavailable
from darkroom.events import Finished, Picture, Started
from darkroom.gateway import Gateway
from darkroom.image import ImageFile
from darkroom.settings import Settings
from tests.support.background import with_background
from tests.support.fakes import (
    PNG,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    body_of,
    failure,
    gateway,
    request,
)
from tests.support.routes import answer, settle

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
GENERATIONS = "/v1/images/generations"
WORDS = "a very private prompt"
BODY = {"model": "flux-1-schnell", "prompt": WORDS}


class Points:
    """A `PointSink` that remembers."""

    def __init__(self) -> None:
        self.points: list[tuple[str, list[str], list[float]]] = []

    def write(self, index: str, blobs: Any, doubles: Any) -> None:
        self.points.append((index, list(blobs), list(doubles)))


async def line_of(
    gate: Gateway,
    body: Any = None,
    path: str = GENERATIONS,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The one line of a request whose answer is read to its end."""
    log: list[Mapping[str, Any]] = []
    await body_of(await handle(request(method, path, body, headers), gate, log.append))
    (line,) = log
    return dict(line)


async def test_a_picture_is_told_with_its_attempts_stages_and_sizes() -> None:
    gate = gateway(FakeProvider([[Started(), HELD]]))
    line = await line_of(gate, BODY)
    size = len(json.dumps(BODY))
    assert line | {"response_bytes": 0} == {
        "request_id": "req_token1",
        "method": "POST",
        "route": GENERATIONS,
        "outcome": "completed",
        "status": 200,
        "elapsed_ms": 0.0,
        "model": "flux-1-schnell",
        "provider": "huggingface",
        "attempts": 1,
        "tried": ["huggingface:black-forest-labs/FLUX.1-schnell=ok"],
        "pictures": 1,
        "queue_ms": 0.0,
        "run_ms": 0.0,
        "fetch_ms": 0.0,
        "request_bytes": size,
        "response_bytes": 0,
    }
    assert line["response_bytes"] > 100


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_is_told_with_all_that_was_tried(stream: bool) -> None:
    down, refused = failure(UpstreamUnavailable), failure(ContentRefused)
    gate = gateway(FakeProvider([[down], [Started(), refused]]))
    line = await line_of(gate, {**BODY, "model": "z-image-turbo", "stream": stream})
    assert (line["outcome"], line["error"], line["attempts"]) == ("failed", "moderation_blocked", 2)
    assert [each.partition("=")[2] for each in line["tried"]] == [
        "upstream_unavailable",
        "moderation_blocked",
    ]


async def test_a_stream_is_told_when_it_ends_and_with_all_its_bytes() -> None:
    log: list[Mapping[str, Any]] = []
    gate = gateway(FakeProvider([[Started(), HELD]]))
    reply = await handle(request("POST", GENERATIONS, {**BODY, "stream": True}), gate, log.append)
    assert log == []
    content = await body_of(reply)
    (line,) = log
    assert (line["outcome"], line["response_bytes"]) == ("completed", len(content))
    assert line["pictures"] == 1


async def test_who_left_a_stream_early_is_told_apart_from_who_stayed() -> None:
    log: list[Mapping[str, Any]] = []
    gate = gateway(FakeProvider([[Started(), 60, HELD]]))
    reply = await handle(request("POST", GENERATIONS, {**BODY, "stream": True}), gate, log.append)
    assert isinstance(reply.body, AsyncGenerator)
    await anext(reply.body)
    await reply.body.aclose()
    (line,) = log
    assert (line["outcome"], line["status"]) == ("left", 200)
    assert gate.metrics.active == 0


async def test_who_left_before_the_answer_is_told_too() -> None:
    log: list[Mapping[str, Any]] = []
    gate = gateway(FakeProvider([[Started(), 60, HELD]]))
    asking = asyncio.create_task(handle(request("POST", GENERATIONS, BODY), gate, log.append))
    while gate.metrics.active == 0:
        await settle()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (line,) = log
    assert line["outcome"] == "left"
    assert "status" not in line
    assert gate.metrics.active == 0


async def test_words_go_into_the_line_only_if_the_operator_wants_them() -> None:
    provider = FakeProvider([[Started(), HELD]])
    assert WORDS not in json.dumps(await line_of(gateway(provider), BODY))
    wordy = gateway(provider, settings=Settings(log_prompts=True))
    assert (await line_of(wordy, BODY))["prompt"] == WORDS


async def test_a_text_model_is_told_as_a_picture_is() -> None:
    said = {"choices": [{"message": {"content": "hello"}}]}
    gate = gateway(http=FakeHttp({"/chat/completions": [answer(said)]}))
    body = {"model": "deepseek/deepseek-chat", "messages": [{"role": "user", "content": WORDS}]}
    headers = {"authorization": "Bearer deepseek:sk-secret-token"}
    line = await line_of(gate, body, "/v1/chat/completions", headers=headers)
    assert (line["provider"], line["model"]) == ("deepseek", "deepseek/deepseek-chat")
    assert (line["attempts"], line["outcome"]) == (1, "completed")
    assert "sk-secret-token" not in json.dumps(line)
    assert WORDS not in json.dumps(line)


async def test_a_task_that_was_taken_on_is_accepted_and_tells_its_end_itself() -> None:
    gate, store = with_background(gateway(FakeProvider([[Started(), HELD]])))
    line = await line_of(gate, {**BODY, "async": True})
    assert (line["outcome"], line["status"]) == ("accepted", 202)
    while not any("task" in entry for entry in store.log):
        await settle()
    (told,) = [entry for entry in store.log if "task" in entry]
    assert (told["outcome"], told["pictures"], told["resumed"]) == ("completed", 1, False)
    assert WORDS not in json.dumps(told)
    assert gate.metrics.tasks.counts == {("completed", "false"): 1.0}


async def test_a_lost_task_is_told_apart_from_one_that_failed() -> None:
    gate, store = with_background(gateway(FakeProvider([[failure(JobLost)]])))
    await line_of(gate, {**BODY, "async": True})
    while not any("task" in entry for entry in store.log):
        await settle()
    assert [entry["outcome"] for entry in store.log if "task" in entry] == ["lost"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET\r\nX: y", "/health"),
        ("GET", '/no-such\r\n{"request_id": "forged"}'),
        ("GET", "/no-such?api_key=sk-secret-token"),
        ("BREW", "/media/../../etc"),
    ],
)
async def test_no_request_forges_a_line_or_leaves_its_own_words(method: str, path: str) -> None:
    line = await line_of(gateway(), path=path, method=method)
    text = json.dumps(line)
    assert line["method"] in ("GET", "_OTHER")
    assert line["route"] in (None, "/health", "/media/")
    assert not any(word in text for word in ("forged", "sk-secret-token", "etc", "X: y"))


async def test_headers_and_addresses_of_callers_stay_out_of_the_line() -> None:
    headers = {
        "authorization": "Bearer hf:hf_secret-token\"\\n\u0000 ' OR 1=1 --",
        "x-request-id": "forged",
        "user-agent": "forged",
        "cookie": "secret=1",
    }
    line = await line_of(gateway(FakeProvider([[HELD]])), BODY, headers=headers)
    assert not any(word in json.dumps(line) for word in ("secret", "forged", "OR 1=1"))


async def test_an_upstreams_address_is_not_in_the_line_of_its_failure() -> None:
    url = "https://files.example.com/a.png?X-Amz-Signature=secret"
    picture = Finished((Picture(url=url),), 42)
    http = FakeHttp({"a.png": [FakeReply(404, {"content-type": "text/html"}, [b"gone"])]})
    gate = gateway(FakeProvider([[picture]]), http=http)
    line = await line_of(gate, {**BODY, "response_format": "b64_json"})
    assert line["outcome"] == "failed"
    assert "secret" not in json.dumps(line)
    assert "files.example.com" not in json.dumps(line)


async def test_a_mistake_of_ours_leaves_where_it_was_and_not_what_it_said() -> None:
    gate = gateway(FakeProvider([[ValueError(f"could not read {WORDS}")]]))
    line = await line_of(gate, BODY)
    assert line["error"] == "internal_error"
    assert line["traceback"].startswith("ValueError < fakes.py:")
    assert WORDS not in json.dumps(line)


async def test_a_point_is_written_for_each_request_in_the_documented_columns() -> None:
    points = Points()
    gate = gateway(FakeProvider([[Started(), HELD]]))
    object.__setattr__(gate, "points", points)
    await line_of(gate, BODY)
    ((index, blobs, doubles),) = points.points
    assert index == "huggingface"
    assert blobs == [GENERATIONS, "200", "completed", "", "huggingface", "flux-1-schnell", ""]
    assert doubles[4:] == [1.0, 1.0, float(len(json.dumps(BODY)))]


async def test_a_remembered_picture_is_a_hit_in_the_line() -> None:
    provider = FakeProvider([[Started(), HELD]])
    gate = gateway(provider, media=MemoryMedia())
    headers = {"authorization": "Bearer hf:hf_some-token"}
    body = {**BODY, "seed": 7}
    first = await line_of(gate, body, headers=headers)
    second = await line_of(gate, body, headers=headers)
    assert (first["cache"], second["cache"]) == ("miss", "hit")
    assert gate.metrics.cache.counts == {("miss",): 1.0, ("hit",): 1.0}
