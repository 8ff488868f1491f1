"""The whole gateway but for the edge: requests in, replies out, providers faked."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from darkroom.address import Credential
from darkroom.app import handle
from darkroom.blob import Blob, BytesBlob
from darkroom.errors import (
    ContentRefused,
    Failure,
    JobLost,
    QuotaExhausted,
    UpstreamUnavailable,
)
from darkroom.events import Event, Finished, Picture, Preview, Progress, Queued, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.settings import Settings
from darkroom.sse import EventReader
from darkroom.stores.unavailable import StoreUnavailable
from tests.support.fakes import (
    PNG,
    WEBP,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    Script,
    body_of,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.streams import hurry_heartbeats, sent

URL = "https://s.hf.space/file=/tmp/a.webp"
TOKEN = Credential({"x-hf-authorization": "t"}, "https://s.hf.space")
REMOTE = Finished((Picture(url=URL, credential=TOKEN),), 42)
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
GENERATIONS = "/v1/images/generations"


def file_server(**answer: Any) -> FakeHttp:
    return FakeHttp({"a.webp": [FakeReply(pieces=[WEBP], **answer)]})


async def call(
    gate: Gateway,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    return await handle(request(method, path, body, headers), gate, lambda entry: None)


async def generate(gate: Gateway, **body: Any) -> Reply:
    return await call(gate, "POST", GENERATIONS, {"prompt": "a cat", **body})


async def events_of(reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    events = EventReader().feed(await body_of(reply))
    return [(event.type, json.loads(event.data)) for event in events]


async def test_a_generation_answers_in_openais_shape_and_says_what_was_done() -> None:
    reply = await generate(gateway(FakeProvider([[Queued(0), Started(), REMOTE]])), quality="hd")
    assert reply.status == 200
    assert await json_of(reply) == {
        "created": 1_700_001_000,
        "data": [{"url": URL, "seed": 42}],
        "model": "z-image-turbo",
        "size": "1024x1024",
        "provider": "huggingface",
        "ignored": ["quality"],
    }
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert reply.headers["x-darkroom-attempts"] == "1"
    assert reply.headers["x-request-id"].startswith("req_")
    assert {part.partition(";")[0] for part in reply.headers["server-timing"].split(", ")} == {
        "queue",
        "run",
        "fetch",
        "total",
    }


async def test_an_address_becomes_base64_when_base64_is_wanted() -> None:
    http = file_server()
    reply = await generate(gateway(FakeProvider([[REMOTE]]), http=http), response_format="b64_json")
    (item,) = (await json_of(reply))["data"]
    assert base64.b64decode(item["b64_json"]) == WEBP
    assert "url" not in item
    assert http.sent[0].headers == {"x-hf-authorization": "t"}


async def test_bytes_become_base64_as_they_are() -> None:
    reply = await generate(gateway(FakeProvider([[HELD]])), response_format="b64_json")
    body = await json_of(reply)
    assert base64.b64decode(body["data"][0]["b64_json"]) == PNG
    assert body["output_format"] == "png"


async def test_bytes_become_an_address_of_this_gateway_when_it_can_keep_them() -> None:
    gate = gateway(FakeProvider([[HELD]]), media=MemoryMedia())
    url = (await json_of(await generate(gate)))["data"][0]["url"]
    assert url.startswith("https://darkroom.example/media/")
    kept = await call(gate, "GET", url.removeprefix("https://darkroom.example"))
    assert (kept.status, kept.headers["content-type"]) == (200, "image/png")
    assert await body_of(kept) == PNG
    assert "immutable" in kept.headers["cache-control"]


async def test_the_public_address_comes_before_the_one_that_was_called() -> None:
    settings = Settings(public_url="https://pictures.example.com")
    gate = gateway(FakeProvider([[HELD]]), media=MemoryMedia(), settings=settings)
    url = (await json_of(await generate(gate)))["data"][0]["url"]
    assert url.startswith("https://pictures.example.com/media/")


async def test_bytes_become_a_data_url_when_nothing_can_keep_them() -> None:
    reply = await generate(gateway(FakeProvider([[HELD]])))
    url = (await json_of(reply))["data"][0]["url"]
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")) == PNG


async def test_a_picture_that_cannot_be_kept_is_handed_over_all_the_same() -> None:
    class Broken(MemoryMedia):
        async def put(self, name: str, content: Blob, media_type: str) -> None:
            raise StoreUnavailable

    reply = await generate(gateway(FakeProvider([[HELD]]), media=Broken()))
    assert (await json_of(reply))["data"][0]["url"].startswith("data:image/png;base64,")


async def test_a_slow_fetch_holds_up_neither_progress_nor_heartbeats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hurry_heartbeats(monkeypatch, 0.02)
    fetched = asyncio.Event()

    class SlowFiles(FakeHttp):
        async def send(self, *arguments: Any, **rest: Any) -> FakeReply:
            await fetched.wait()
            return await super().send(*arguments, **rest)

    provider = FakeProvider([[REMOTE], [0.05, Progress(1, 2, 0.5), HELD]])
    http = SlowFiles({"a.webp": [FakeReply(pieces=[WEBP])]})
    reply = await generate(gateway(provider, http=http), stream=True, n=2)

    def look(seen: bytes) -> None:
        if b'"image_index":1,"stage":"running"' in seen and seen.count(b": still working") > 2:
            fetched.set()

    assert (await sent(reply, look)).count(b"event: image_generation.completed") == 2


async def test_several_pictures_come_in_their_jobs_order() -> None:
    slow_first = FakeProvider(
        [
            [0.01, Finished((Picture(url=f"https://x.example.com/{seed}"),), seed)]
            for seed in range(3)
        ]
    )
    slow_first.scripts[0] = [0.03, *slow_first.scripts[0][1:]]
    body = await json_of(await generate(gateway(slow_first), n=3))
    assert [item["seed"] for item in body["data"]] == [0, 1, 2]


async def test_some_pictures_are_better_than_none_and_the_rest_is_reported() -> None:
    provider = FakeProvider([[failure(ContentRefused, "no")], [0, REMOTE]])
    reply = await generate(gateway(provider), n=2)
    body = await json_of(reply)
    assert reply.status == 200
    assert len(body["data"]) == 1
    assert body["errors"][0]["image_index"] == 0
    assert body["errors"][0]["error"]["code"] == "moderation_blocked"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 403, "pieces": [b'{"detail":"File not allowed"}']},
        {"pieces": [b"<html>not a picture</html>"]},
        {"pieces": [WEBP[:8], ConnectionError()]},
        {"pieces": []},
    ],
    ids=["gone", "html", "cut", "empty"],
)
async def test_an_answer_is_never_200_without_a_picture(answer: dict[str, Any]) -> None:
    http = FakeHttp({"a.webp": [FakeReply(**answer)]})
    reply = await generate(gateway(FakeProvider([[REMOTE]]), http=http), response_format="b64_json")
    assert reply.status == 502
    assert (await json_of(reply))["error"]["code"] == "generation_failed"
    assert reply.headers["x-should-retry"] == "false"
    assert all(sent.closed for sent in http.replies)


@pytest.mark.parametrize(
    ("kind", "details", "status", "headers"),
    [
        (
            QuotaExhausted,
            {"retry_after_s": 62753.0},
            429,
            {"retry-after": "62753", "x-should-retry": "false"},
        ),
        (UpstreamUnavailable, {"retry_after_s": 9.2}, 503, {"retry-after": "10"}),
        (JobLost, {}, 502, {"x-should-retry": "false"}),
        (ContentRefused, {}, 400, {}),
    ],
)
async def test_a_failure_tells_an_sdk_what_to_do(
    kind: type[Failure], details: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    reply = await generate(gateway(FakeProvider([[failure(kind, **details)]])), model="z-image")
    assert reply.status == status
    assert {name: reply.headers.get(name) for name in headers} == headers
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert set((await json_of(reply))["error"]) == {"message", "type", "param", "code"}


async def test_a_stream_tells_everything_in_order() -> None:
    script: Script = [
        Queued(2, 3, 12.34),
        Started(4.0),
        Progress(1, 4, 0.25, "Denoising"),
        Preview(Picture(file=ImageFile(data=BytesBlob(PNG)))),
        REMOTE,
    ]
    gate = gateway(FakeProvider([script]), http=file_server())
    reply = await generate(gate, stream=True, quality="hd")
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["x-darkroom-attempts"] == "1"
    queued, started, progress, preview, completed = await events_of(reply)
    assert queued == (
        "image_generation.progress",
        {
            "type": "image_generation.progress",
            "image_index": 0,
            "stage": "queued",
            "queue_position": 2,
            "queue_size": 3,
            "eta_seconds": 12.3,
            "step": None,
            "total_steps": None,
            "progress": None,
        },
    )
    assert (started[1]["stage"], started[1]["eta_seconds"]) == ("running", 4.0)
    assert (progress[1]["step"], progress[1]["total_steps"], progress[1]["progress"]) == (
        1,
        4,
        0.25,
    )
    assert progress[1]["message"] == "Denoising"
    assert preview[0] == "image_generation.partial_image"
    assert preview[1]["partial_image_index"] == 0
    assert base64.b64decode(preview[1]["b64_json"]) == PNG
    kind, fields = completed
    assert kind == fields["type"] == "image_generation.completed"
    assert base64.b64decode(fields["b64_json"]) == WEBP
    assert (fields["seed"], fields["size"], fields["output_format"]) == (42, "1024x1024", "webp")
    assert isinstance(fields["created_at"], int)
    assert fields["ignored"] == ["quality"]


async def test_a_stream_of_several_pictures_completes_each() -> None:
    gate = gateway(FakeProvider([[Started(), 0, HELD]]))
    events = await events_of(await generate(gate, stream=True, n=3))
    completed = [fields["image_index"] for kind, fields in events if kind.endswith("completed")]
    assert sorted(completed) == [0, 1, 2]


async def test_a_stream_may_carry_addresses() -> None:
    gate = gateway(FakeProvider([[REMOTE]]))
    ((_, fields),) = await events_of(await generate(gate, stream=True, response_format="url"))
    assert fields["url"] == URL


@pytest.mark.parametrize(("requested", "sent"), [(None, 3), (0, 0), (2, 2)])
async def test_no_more_previews_are_sent_than_were_requested(
    requested: int | None, sent: int
) -> None:
    script: Script = [Started(), *[Preview(Picture(file=ImageFile(data=BytesBlob(PNG))))] * 3, HELD]
    events = await events_of(
        await generate(gateway(FakeProvider([script])), stream=True, partial_images=requested)
    )
    assert [kind for kind, _ in events].count("image_generation.partial_image") == sent


async def test_a_preview_that_cannot_be_had_is_missed_in_silence() -> None:
    script: Script = [Preview(Picture(url="https://x.example.com/gone.webp")), HELD]
    events = await events_of(await generate(gateway(FakeProvider([script])), stream=True))
    assert [kind for kind, _ in events] == ["image_generation.completed"]


async def test_a_job_that_no_upstream_takes_keeps_its_status_in_a_stream() -> None:
    provider = FakeProvider([[failure(UpstreamUnavailable)]])
    reply = await generate(gateway(provider), stream=True)
    assert reply.status == 503
    assert reply.headers["x-darkroom-attempts"] == "2"
    assert reply.headers["content-type"] == "application/json"


async def test_a_failure_in_the_middle_of_a_stream_is_its_last_event() -> None:
    provider = FakeProvider([[Started(), failure(JobLost, "gone")], [0.01, HELD]])
    events = await events_of(await generate(gateway(provider), stream=True, n=2))
    assert [kind for kind, _ in events[-2:]] == ["image_generation.completed", "error"]
    assert events[-1][1]["error"]["message"] == "gone"
    assert events[-1][1]["image_index"] == 0


async def test_a_stream_that_failed_is_logged_as_failed() -> None:
    log: list[Mapping[str, object]] = []
    requested = request("POST", GENERATIONS, {"prompt": "a cat", "stream": True})
    provider = FakeProvider([[Started(), failure(JobLost)]])
    await body_of(await handle(requested, gateway(provider), log.append))
    assert (log[-1]["outcome"], log[-1]["error"]) == ("failed", "generation_lost")


async def test_a_caller_who_leaves_a_stream_ends_its_jobs() -> None:
    provider = FakeProvider([[Started(), 60, HELD]])
    log: list[Mapping[str, object]] = []
    requested = request("POST", GENERATIONS, {"prompt": "a cat", "stream": True, "n": 2})
    reply = await handle(requested, gateway(provider), log.append)
    assert isinstance(reply.body, AsyncGenerator)
    before = asyncio.all_tasks()
    await anext(reply.body)
    await reply.body.aclose()
    assert provider.closed == len(provider.calls)
    assert asyncio.all_tasks() <= before
    assert log[-1]["outcome"] == "left"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_mistake_of_our_own_says_nothing_of_our_insides(stream: bool) -> None:
    provider = FakeProvider([[Started(), RuntimeError("secret insides")]])
    log: list[Mapping[str, object]] = []
    requested = request("POST", GENERATIONS, {"prompt": "a cat", "stream": stream})
    reply = await handle(requested, gateway(provider), log.append)
    text = (await body_of(reply)).decode()
    assert "secret insides" not in text
    assert "internal_error" in text
    assert reply.headers["x-request-id"] in text
    assert str(log[-1]["traceback"]).startswith("RuntimeError < fakes.py:")
    assert "secret insides" not in str(log)


async def test_the_models_are_listed_with_what_they_can_do() -> None:
    rows = (await json_of(await call(gateway(), "GET", "/v1/models")))["data"]
    assert [row["id"] for row in rows if row.get("provider") == "huggingface"] == [
        "z-image-turbo",
        "z-image",
        "qwen-image",
        "ovis-image",
        "flux-1-schnell",
        "Qwen/Qwen-Image",
        "qwen-image-edit",
        "real-esrgan",
        "qwen-image-layered",
    ]
    assert {row["type"] for row in rows} == {"image", "text", "pool"}
    ids = [row["id"] for row in rows]
    assert "gitee/GLM-Image" in ids
    assert "auto" in ids
    assert "deepseek/deepseek-chat" in ids
    assert "a1111/default" not in ids, "what is not set up does not exist"
    assert all(row["object"] == "model" and isinstance(row["created"], int) for row in rows)
    assert [row["id"] for row in rows if row.get("default")] == ["z-image-turbo"]
    capabilities = rows[ids.index("z-image")]["capabilities"]
    assert capabilities["guidance_scale"] == {"minimum": 1.5, "maximum": 20.0, "default": 4.0}
    assert capabilities["negative_prompt"] is True
    assert capabilities["size"]["policy"] == "free"


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("Qwen/Qwen-Image", "Qwen/Qwen-Image"),
        ("Qwen%2FQwen-Image", "Qwen/Qwen-Image"),
        ("hf/flux-1-schnell", "flux-1-schnell"),
        ("dall-e-3", "z-image-turbo"),
    ],
)
async def test_a_model_is_found_with_its_slashes_raw_or_encoded(path: str, model: str) -> None:
    reply = await call(gateway(), "GET", f"/v1/models/{path}")
    assert (await json_of(reply))["id"] == model


class Endless(FakeProvider):
    """Takes a job and never ends it; `taken` says when it has one."""

    taken = asyncio.Event()

    async def run(self, *job: Any) -> AsyncGenerator[Event]:
        try:
            yield Queued()
            self.taken.set()
            await asyncio.Event().wait()
        finally:
            self.closed += 1


async def test_a_request_that_is_cancelled_cancels_its_job_and_is_logged_as_left() -> None:
    provider, log = Endless([]), list[Mapping[str, object]]()
    body = {"prompt": "a cat", "model": "flux-1-schnell"}
    requested = request(
        "POST", "/v1/images/generations", body, {"content-type": "application/json"}
    )
    task = asyncio.ensure_future(handle(requested, gateway(provider), log.append))
    await provider.taken.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert provider.closed == 1
    assert [(entry["outcome"], "status" in entry) for entry in log] == [("left", False)]


async def test_an_unknown_model_is_a_404() -> None:
    reply = await call(gateway(), "GET", "/v1/models/nope")
    assert reply.status == 404
    assert (await json_of(reply))["error"]["code"] == "model_not_found"


async def test_health_tells_the_version_and_the_bindings() -> None:
    reply = await call(gateway(media=MemoryMedia()), "GET", "/health")
    body = await json_of(reply)
    tasks = body.pop("tasks")
    assert body == {
        "status": "ok",
        "version": "0.1.0",
        "bindings": {"MEDIA": True},
        "limits": {"requests": "isolate", "painting": "isolate", "kept": "none"},
        "sharing": False,
        "breakers": {},
        "pipeline_loaded": True,
        "encoder_loaded": False,
        "encoder_only_mode": False,
        "vl_available": True,
        "qwen_image_available": True,
    }
    assert tasks == len(asyncio.all_tasks())


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v1/nope", "/v1/models/nope/", "/media/", "/media/none", f"/media/{'x' * 1500}"],
)
async def test_an_unknown_path_is_a_404_in_json(path: str) -> None:
    reply = await call(gateway(media=MemoryMedia()), "GET", path)
    assert reply.status == 404
    assert isinstance((await json_of(reply))["error"]["code"], str)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", GENERATIONS, "POST, OPTIONS"),
        ("DELETE", "/v1/models", "GET, HEAD, OPTIONS"),
        ("BREW", "/health", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_a_405_with_those_that_work(
    method: str, path: str, allow: str
) -> None:
    reply = await call(gateway(), method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allow)
    assert (await json_of(reply))["error"]["code"] == "method_not_allowed"


async def test_a_body_over_the_limit_is_a_413() -> None:
    reply = await generate(gateway(settings=Settings(max_body_bytes=50)), user="x" * 100)
    assert reply.status == 413
    assert (await json_of(reply))["error"]["code"] == "body_too_large"


async def test_a_head_request_gets_the_headers_alone() -> None:
    reply = await call(gateway(), "HEAD", "/v1/models")
    assert (reply.status, reply.body) == (200, [])


async def test_browsers_of_other_origins_are_let_in() -> None:
    reply = await call(gateway(), "OPTIONS", GENERATIONS)
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "authorization" in reply.headers["access-control-allow-headers"]


async def test_a_token_reaches_the_provider_and_nothing_else() -> None:
    provider = FakeProvider([[REMOTE]])
    log: list[Mapping[str, object]] = []
    requested = request(
        "POST", GENERATIONS, {"prompt": "a cat"}, {"authorization": "Bearer hf:hf_topsecret"}
    )
    reply = await handle(requested, gateway(provider), log.append)
    token = provider.calls[0][1].token
    assert token is not None
    assert token.reveal() == "hf_topsecret"
    everything = repr((reply.headers, await body_of(reply), log, provider.calls))
    assert "topsecret" not in everything


async def test_each_request_is_one_line_in_the_log_without_its_prompt() -> None:
    log: list[Mapping[str, object]] = []
    requested = request("POST", GENERATIONS, {"prompt": "my private thoughts"})
    await handle(requested, gateway(FakeProvider([[REMOTE]])), log.append)
    (line,) = log
    assert line["status"] == 200
    assert line["route"] == GENERATIONS
    assert "private" not in json.dumps(line)


@pytest.mark.parametrize("value", ["darkroom", "cloudflare; loops=1, Darkroom; v=1", ",darkroom"])
@pytest.mark.parametrize(
    "path", [GENERATIONS, "/v2/image/flux/generate", "/sdapi/v1/options", "/api/rewrite", "/x",
             "/hf-inference/models/x", "/v1beta/models/x:predict", "/health"],
)  # fmt: skip
async def test_a_request_that_passed_a_gateway_is_refused_as_a_loop(path: str, value: str) -> None:
    provider = FakeProvider([[REMOTE]])
    body, headers = {"prompt": "a cat"}, {"cdn-loop": value}
    reply = await call(gateway(provider), "POST", path, body, headers)
    assert reply.status == 508
    assert b"CDN-Loop" in await body_of(reply)
    assert provider.calls == []


@pytest.mark.parametrize("value", ["cloudflare; loops=1", "darkroom.example", "x; darkroom", ""])
async def test_requests_that_passed_other_networks_are_served(value: str) -> None:
    gate = gateway(FakeProvider([[REMOTE]]))
    body, headers = {"prompt": "a cat"}, {"cdn-loop": value}
    assert (await call(gate, "POST", GENERATIONS, body, headers)).status == 200


async def test_a_preflight_allows_the_headers_that_it_asks_for() -> None:
    requested = {"access-control-request-headers": "authorization,x-stainless-os,idempotency-key"}
    reply = await call(gateway(), "OPTIONS", GENERATIONS, headers=requested)
    assert (
        reply.headers["access-control-allow-headers"] == requested["access-control-request-headers"]
    )
    assert "DELETE" in reply.headers["access-control-allow-methods"]
