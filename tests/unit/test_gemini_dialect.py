"""Google's API as callers speak it: requests in, replies out, providers faked."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    JobFailed,
    JobLost,
    NotConfigured,
    PictureOmitted,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.events import Finished, Picture, Started
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation, Size
from darkroom.sse import EventReader
from tests.support.fakes import (
    PNG,
    WEBP,
    FakeClock,
    FakeHttp,
    FakeProvider,
    FakeReply,
    MemoryMedia,
    body_of,
    engine,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.streams import hurry_heartbeats, sent

CATALOG = load_catalog()
HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
PAINTER, EDITOR = "z-image-turbo", "qwen-image-edit"
CONTENTS = [{"role": "user", "parts": [{"text": "a cat"}]}]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def inline(data: bytes = PNG) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": encoded(data)}}


def turn(role: str, *parts: Mapping[str, Any] | str) -> dict[str, Any]:
    said = [{"text": part} if isinstance(part, str) else part for part in parts]
    return {"role": role, "parts": said}


async def post(
    gate: Gateway, path: str, body: object, headers: Mapping[str, str] | None = None
) -> Reply:
    requested = request("POST", f"/v1beta/models/{path}", body, headers)
    return await handle(requested, gate, lambda entry: None)


async def generate(
    gate: Gateway, model: str = PAINTER, contents: object = CONTENTS, **body: Any
) -> Reply:
    return await post(gate, f"{model}:generateContent", {"contents": contents, **body})


async def painted(
    model: str = PAINTER, contents: object = CONTENTS, **body: Any
) -> tuple[ImageJob, dict[str, Any]]:
    """The job that a request came to, and its answer."""
    provider = FakeProvider([[HELD]])
    reply = await generate(gateway(provider), model, contents, **body)
    answer: dict[str, Any] = await json_of(reply)
    assert reply.status == 200, answer
    return provider.calls[0][0], answer


async def predicted(body: object) -> tuple[ImageJob, dict[str, Any]]:
    provider = FakeProvider([[HELD]])
    reply = await post(gateway(provider), f"{PAINTER}:predict", body)
    answer: dict[str, Any] = await json_of(reply)
    assert reply.status == 200, answer
    return provider.calls[0][0], answer


async def refused(reply: Reply, status: int = 400) -> dict[str, Any]:
    """The error of an answer, its shape checked."""
    error: dict[str, Any] = (await json_of(reply))["error"]
    assert error["code"] == reply.status == status, error
    assert error["details"][0]["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    return error


async def test_a_picture_comes_in_googles_shape() -> None:
    job, answer = await painted()
    assert job.prompt == "a cat"
    assert answer == {
        "candidates": [
            {
                "content": {
                    "parts": [{"inlineData": {"mimeType": "image/png", "data": encoded(PNG)}}],
                    "role": "model",
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "modelVersion": PAINTER,
        "responseId": answer["responseId"],
        "provider": "huggingface",
        "seeds": [42],
    }


async def test_a_picture_at_an_address_comes_as_base64_of_its_own_type() -> None:
    provider = FakeProvider([[Finished((Picture(url="https://s.hf.space/a.webp"),), 1)]])
    http = FakeHttp({"a.webp": [FakeReply(pieces=[WEBP])]})
    reply = await generate(gateway(provider, http=http))
    part = (await json_of(reply))["candidates"][0]["content"]["parts"][0]
    assert part == {"inlineData": {"mimeType": "image/webp", "data": encoded(WEBP)}}
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "contents",
    [
        [{"parts": [{"text": "a cat"}]}],
        {"parts": [{"text": "a cat"}]},
        {"role": "user", "parts": {"text": "a cat"}},
        [turn("user", "a cat")],
        [turn("user", "a dog"), turn("model", "Here."), turn("user", "a cat")],
        [turn("user", "a dog"), turn("model", "Here."), turn("user", "a cat"), turn("model", "I")],
        [turn("user", "  a cat ", " ")],
        [turn("user", "a cat", {"text": "Let me think.", "thought": True})],
        [{"role": None, "parts": [{"text": "a cat", "thoughtSignature": "AA=="}]}],
    ],
)
async def test_the_last_user_turn_is_painted(contents: object) -> None:
    job, answer = await painted(contents=contents)
    assert job.prompt == "a cat"
    assert "ignored" not in answer


async def test_neighbouring_contents_of_the_user_are_one_turn() -> None:
    job, _ = await painted(EDITOR, [turn("user", "a cat"), turn("user", inline(), "in a hat")])
    assert job.prompt == "a cat\nin a hat"
    assert len(job.images) == 1


async def test_a_system_instruction_stands_before_the_prompt() -> None:
    for name in ("systemInstruction", "system_instruction"):
        reported: dict[str, Any] = {name: {"parts": [{"text": "Paint woodcuts."}]}}
        job, answer = await painted(**reported)
        assert job.prompt == "Paint woodcuts.\n\na cat"
        assert "ignored" not in answer


@pytest.mark.parametrize(
    "part",
    [
        inline(),
        {"inline_data": {"mime_type": "image/png", "data": encoded(PNG)}},
        {"inlineData": {"data": f"data:image/png;base64,{encoded(PNG)}"}},
    ],
)
async def test_pictures_are_sources_in_either_spelling(part: dict[str, Any]) -> None:
    job, _ = await painted(EDITOR, [turn("user", part, "a hat on it")])
    assert (job.operation, job.prompt) == (Operation.EDIT, "a hat on it")
    assert (await job.images[0].to_bytes()).head(99) == PNG


async def test_pictures_may_come_in_the_other_alphabet_of_base64() -> None:
    """google-genai for Python sends it so; upstreams must not get it so."""
    data = PNG + bytes(range(256))
    text = base64.urlsafe_b64encode(data).decode()
    assert "-" in text
    assert "_" in text
    job, _ = await painted(EDITOR, [turn("user", "x", {"inlineData": {"data": text}})])
    assert (await job.images[0].to_base64()).head(9999) == base64.b64encode(data)


async def test_a_large_picture_in_the_other_alphabet_is_read_too() -> None:
    data = PNG + bytes(range(256)) * 1200
    part = {"inlineData": {"data": base64.urlsafe_b64encode(data).decode()}}
    job, _ = await painted(EDITOR, [turn("user", "x", part)])
    assert (await job.images[0].to_base64()).head(10**6) == base64.b64encode(data)


async def test_several_pictures_keep_their_order() -> None:
    job, _ = await painted(EDITOR, [turn("user", inline(PNG), "and", inline(WEBP), "together")])
    assert [image.format for image in job.images] == ["png", "webp"]
    assert job.prompt == "and\ntogether"


async def test_the_latest_picture_of_the_conversation_is_worked_on() -> None:
    talk = [
        turn("user", "a cat", inline(WEBP)),
        turn("model", {**inline(WEBP), "thought": True}, inline(PNG)),
        turn("user", "with a hat"),
    ]
    job, answer = await painted(EDITOR, talk)
    assert [image.format for image in job.images] == ["png"]
    assert job.prompt == "with a hat"
    assert "ignored" not in answer


async def test_a_turns_own_pictures_come_before_earlier_ones() -> None:
    talk = [turn("model", inline(PNG)), turn("user", "with a hat", inline(WEBP))]
    job, _ = await painted(EDITOR, talk)
    assert [image.format for image in job.images] == ["webp"]


async def test_a_model_that_paints_from_words_goes_on_with_a_conversation_and_says_so() -> None:
    talk = [turn("user", "a cat"), turn("model", "Here: ", inline()), turn("user", "a dog")]
    job, answer = await painted(PAINTER, talk)
    assert (job.operation, job.prompt) == (Operation.GENERATE, "a dog")
    assert answer["ignored"] == ["contents[1].parts[1].inlineData"]


async def test_a_model_that_paints_from_words_refuses_a_picture_that_it_is_given() -> None:
    reply = await generate(gateway(), PAINTER, [turn("user", "a hat on it", inline())])
    error = await refused(reply)
    assert error["message"].startswith("inlineData: z-image-turbo paints from words alone")


async def test_an_alias_of_the_default_model_edits_with_the_default_editor() -> None:
    talk = [turn("model", inline()), turn("user", "with a hat")]
    job, answer = await painted("dall-e-3", talk)
    assert (answer["modelVersion"], job.operation) == (EDITOR, Operation.EDIT)


@pytest.mark.parametrize(
    "part",
    [
        {"fileData": {"fileUri": "{url}", "mimeType": "image/png"}},
        {"file_data": {"file_uri": "{url}"}},
    ],
)
async def test_a_file_is_fetched_by_its_address(part: dict[str, Any]) -> None:
    media = MemoryMedia()
    await media.put("kept.png", BytesBlob(PNG), "image/png")
    ((name, inside),) = part.items()
    addressed = {key: text.format(url="https://darkroom.example/media/kept.png")
                 for key, text in inside.items()}  # fmt: skip
    provider = FakeProvider([[HELD]])
    gate = gateway(provider, media=media)
    await generate(gate, EDITOR, [turn("user", "a hat on it", {name: addressed})])
    assert (await provider.calls[0][0].images[0].to_bytes()).head(99) == PNG


@pytest.mark.parametrize(
    "config",
    [
        {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}, "seed": 7},
        {"image_config": {"aspect_ratio": "16:9", "image_size": "2K"}, "seed": 7},
    ],
)
async def test_the_image_config_is_read_in_either_spelling(config: dict[str, Any]) -> None:
    job, answer = await painted("flux-1-schnell", generationConfig=config)
    assert (job.size, job.seed) == (Size(2048, 1152), 7)
    assert "ignored" not in answer


@pytest.mark.parametrize(
    ("size", "side"), [("512", 512), ("1K", 1024), ("2K", 2048), ("4K", 2048), ("2k", 2048)]
)
async def test_each_class_of_size_comes_to_pixels(size: str, side: int) -> None:
    config = {"imageConfig": {"imageSize": size}}
    job, _ = await painted("flux-1-schnell", generationConfig=config)
    assert job.size == Size(side, side)


@pytest.mark.parametrize("name", ["generationConfig", "generation_config"])
async def test_several_candidates_are_several_pictures(name: str) -> None:
    provider = FakeProvider([[HELD], [0.01, failure(ContentRefused, "no")], [0.02, HELD]])
    config: dict[str, Any] = {name: {"candidateCount": 3}}
    reply = await generate(gateway(provider), **config)
    answer = await json_of(reply)
    assert [candidate["index"] for candidate in answer["candidates"]] == [0, 1]
    assert answer["errors"][0]["index"] == 1
    assert answer["errors"][0]["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("value", [None, [], ["IMAGE"], ["TEXT", "IMAGE"], ["image"], "IMAGE"])
async def test_response_modalities_that_include_an_image_are_accepted(value: object) -> None:
    _, answer = await painted(generationConfig={"responseModalities": value})
    assert "ignored" not in answer


async def test_a_request_for_text_alone_is_refused() -> None:
    reply = await generate(gateway(), generationConfig={"responseModalities": ["TEXT"]})
    assert "IMAGE" in (await refused(reply))["message"]


async def test_ignored_fields_are_reported_with_their_path() -> None:
    body = {
        "model": "models/other",
        "contents": [turn("user", "a cat", {"functionCall": {"name": "f"}})],
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        "tools": None,
        "size": "512x512",
        "stream": True,
        "generationConfig": {
            "temperature": 1,
            "thinking_config": {},
            "imageConfig": {"personGeneration": "ALLOW_ALL"},
        },
    }
    reply = await post(gateway(FakeProvider([[HELD]])), f"{PAINTER}:generateContent", body)
    assert (await json_of(reply))["ignored"] == [
        "contents[0].parts[1].functionCall", "safetySettings", "size", "stream",
        "generationConfig.temperature", "generationConfig.thinkingConfig",
        "imageConfig.personGeneration",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        {"outputMimeType": "image/jpeg", "outputCompressionQuality": 80},
        {"imageOutputOptions": {"mimeType": "image/jpeg", "compressionQuality": 80}},
    ],
)
async def test_a_format_that_cannot_be_had_is_reported(config: dict[str, Any]) -> None:
    _, answer = await painted(generationConfig={"imageConfig": config})
    assert sorted(answer["ignored"]) == ["outputCompressionQuality", "outputMimeType"]


USAGE = {
    "total_tokens": 30, "input_tokens": 10, "output_tokens": 20,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 0},
    "output_tokens_details": {"text_tokens": 5, "image_tokens": 15},
}  # fmt: skip


async def test_upstream_usage_is_reported_in_googles_fields() -> None:
    counted = replace(HELD, usage=USAGE)
    gate = gateway(FakeProvider([[counted]]))
    answer = await json_of(await generate(gate, generationConfig={"candidateCount": 2}))
    assert answer["usageMetadata"] == {
        "promptTokenCount": 20,
        "candidatesTokenCount": 40,
        "totalTokenCount": 60,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
        "candidatesTokensDetails": [
            {"modality": "TEXT", "tokenCount": 10},
            {"modality": "IMAGE", "tokenCount": 30},
        ],
    }


async def test_counts_that_are_not_whole_are_left_out() -> None:
    gate = gateway(FakeProvider([[replace(HELD, usage=USAGE)], [0.01, HELD]]))
    answer = await json_of(await generate(gate, generationConfig={"candidateCount": 2}))
    assert "usageMetadata" not in answer


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": [turn("model", "a cat")]}, "contents"),
        ({"contents": [{"role": "user"}]}, "contents"),
        ({"contents": [turn("user", " ")]}, "contents"),
        ({"contents": ["a cat"]}, "contents[0]"),
        ({"contents": [{"parts": ["a cat"]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": [{"text": 5}]}]}, "contents[0].parts[0].text"),
        ({"contents": [turn("user", "x", {"inlineData": {"data": "nope"}})]},
         "contents[0].parts[1].inlineData.data"),
        ({"contents": [turn("user", "x", {"inlineData": {"data": encoded(b"%PDF-1.7 and more")}})]},
         "contents[0].parts[1].inlineData.data"),
        ({"contents": [turn("user", "x", {"fileData": {"fileUri": "gs://a/b.png"}})]},
         "contents[0].parts[1].fileData.fileUri"),
        ({"contents": CONTENTS, "generationConfig": []}, "generationConfig"),
        ({"contents": CONTENTS, "generationConfig": {"imageConfig": "16:9"}}, "imageConfig"),
        ({"contents": CONTENTS, "systemInstruction": "be brief"}, "systemInstruction"),
        ({"contents": CONTENTS, "generationConfig": {"imageConfig": {"aspectRatio": "wide"}}},
         "aspectRatio"),
        ({"contents": CONTENTS, "generationConfig": {"imageConfig": {"imageSize": "8K"}}},
         "imageSize"),
        ({"contents": CONTENTS, "generationConfig": {"seed": "five"}}, "seed"),
        ({"contents": CONTENTS, "generationConfig": {"candidateCount": 0}}, "candidateCount"),
        ({"contents": CONTENTS, "generationConfig": {"candidateCount": "x"}}, "candidateCount"),
        ({"contents": CONTENTS, "generationConfig": {"responseModalities": [1]}},
         "responseModalities"),
        ({"contents": CONTENTS,
          "generationConfig": {"imageConfig": {"outputMimeType": "image/tiff"}}}, "outputMimeType"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named_as_google_calls_it(body: dict[str, Any], field: str) -> None:
    error = await refused(await post(gateway(), f"{PAINTER}:generateContent", body))
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["message"].startswith(field)
    (violation,) = error["details"][1]["fieldViolations"]
    assert violation["field"] == field


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    error = await refused(await post(gateway(), f"{PAINTER}:generateContent", raw))
    assert error["details"][0]["reason"] == "INVALID_JSON"


@pytest.mark.parametrize(
    ("kind", "details", "status", "word"),
    [
        (ContentRefused, {}, 400, "INVALID_ARGUMENT"),
        (CredentialRefused, {}, 401, "UNAUTHENTICATED"),
        (RateLimited, {"retry_after_s": 22.4}, 429, "RESOURCE_EXHAUSTED"),
        (QuotaExhausted, {"retry_after_s": 62753.0}, 429, "RESOURCE_EXHAUSTED"),
        (UpstreamBroken, {}, 502, "INTERNAL"),
        (JobFailed, {}, 502, "INTERNAL"),
        (JobLost, {}, 502, "INTERNAL"),
        (PictureOmitted, {}, 502, "INTERNAL"),
        (UpstreamUnavailable, {"retry_after_s": 9.2}, 503, "UNAVAILABLE"),
        (NotConfigured, {}, 503, "UNAVAILABLE"),
        (DeadlineExceeded, {}, 504, "DEADLINE_EXCEEDED"),
    ],
)
@pytest.mark.parametrize("path", ["generateContent", "streamGenerateContent?alt=sse", "predict"])
async def test_a_failure_has_googles_status_and_our_code(
    kind: type[Failure], details: dict[str, Any], status: int, word: str, path: str
) -> None:
    provider = FakeProvider([[failure(kind, "it went wrong", **details)]])
    body = {"contents": CONTENTS, "instances": {"prompt": "a cat"}}
    reply = await post(gateway(provider), f"z-image:{path}", body)
    error = await refused(reply, status)
    assert error["status"] == word
    assert error["details"][0]["reason"] == kind.default_code.upper()
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-darkroom-provider"] == "huggingface"
    delays = [detail["retryDelay"] for detail in error["details"] if "retryDelay" in detail]
    wait = details.get("retry_after_s")
    assert delays == ([] if wait is None else [f"{int(reply.headers['retry-after'])}s"])


async def test_an_unknown_model_is_not_found() -> None:
    error = await refused(await generate(gateway(), "gemini-3-pro-imag"), 404)
    assert error["status"] == "NOT_FOUND"
    assert "gemini-3-pro-image" in error["message"]


async def test_a_mistake_of_our_own_is_internal_and_says_nothing_of_our_insides() -> None:
    gate = gateway(FakeProvider([[RuntimeError("secret insides")]]))
    error = await refused(await generate(gate), 500)
    assert error["status"] == "INTERNAL"
    assert "secret" not in error["message"]


async def test_an_answer_is_never_200_without_a_picture() -> None:
    http = FakeHttp({"a.png": [FakeReply(pieces=[b"<html>"])]})
    provider = FakeProvider([[Finished((Picture(url="https://x.example.com/a.png"),), 1)]])
    await refused(await generate(gateway(provider, http=http)), 502)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{PAINTER}:predict"),
        ("POST", PAINTER),
        ("POST", f"{PAINTER}:embedContent"),
        ("POST", ":generateContent"),
    ],
)
async def test_a_wrong_method_is_reported_in_googles_shape(method: str, path: str) -> None:
    requested = request(method, f"/v1beta/models/{path}", {})
    error = await refused(await handle(requested, gateway(), lambda entry: None), 405)
    assert error["status"] == "INVALID_ARGUMENT"


# Streams.


async def test_a_stream_is_one_event_with_the_picture() -> None:
    gate = gateway(FakeProvider([[Started(), HELD]]))
    reply = await post(gate, f"{PAINTER}:streamGenerateContent?alt=sse", {"contents": CONTENTS})
    assert reply.headers["content-type"].startswith("text/event-stream")
    (event,) = EventReader().feed(await body_of(reply))
    answer = json.loads(event.data)
    assert answer["candidates"][0]["content"]["parts"][0]["inlineData"]["data"] == encoded(PNG)
    assert answer["candidates"][0]["finishReason"] == "STOP"


async def test_a_stream_without_sse_is_a_list() -> None:
    gate = gateway(FakeProvider([[Started(), HELD]]))
    reply = await post(gate, f"{PAINTER}:streamGenerateContent", {"contents": CONTENTS})
    assert reply.headers["content-type"] == "application/json"
    (answer,) = await json_of(reply)
    assert answer["modelVersion"] == PAINTER


async def test_a_slow_picture_keeps_its_line_of_data_open(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry_heartbeats(monkeypatch)
    enough = asyncio.Event()

    class SlowFiles(FakeHttp):
        async def send(self, *arguments: Any, **rest: Any) -> FakeReply:
            await enough.wait()
            return await super().send(*arguments, **rest)

    http = SlowFiles({"a.png": [FakeReply(pieces=[PNG])]})
    gate = gateway(
        FakeProvider([[Finished((Picture(url="https://x.example.com/a.png"),), 1)]]), http=http
    )
    reply = await post(gate, f"{PAINTER}:streamGenerateContent?alt=sse", {"contents": CONTENTS})
    wire = await sent(reply, lambda seen: enough.set() if seen == b"data:    " else None)
    assert wire.startswith(b"data:    ")
    assert wire.count(b"\n") == 2
    (event,) = EventReader().feed(wire)
    assert json.loads(event.data)["candidates"]


@pytest.mark.parametrize("insides", [False, True])
async def test_a_late_failure_ends_the_event_that_is_open(
    monkeypatch: pytest.MonkeyPatch, insides: bool
) -> None:
    hurry_heartbeats(monkeypatch)
    end: Exception = RuntimeError("insides") if insides else failure(JobLost, "gone")
    log: list[Mapping[str, object]] = []
    path = f"/v1beta/models/z-image:streamGenerateContent?alt=sse&key=hf_{'s' * 20}"
    requested = request("POST", path, {"contents": CONTENTS})
    reply = await handle(requested, gateway(FakeProvider([[Started(), 0.1, end]])), log.append)
    assert reply.status == 200
    (event,) = EventReader().feed(await body_of(reply))
    error = json.loads(event.data)["error"]
    assert (error["code"], error["status"]) == (500 if insides else 502, "INTERNAL")
    assert event.data.lstrip().startswith(b'{"error":'), "as google-genai looks for it"
    assert log[-1]["outcome"] == "failed"


async def test_a_caller_who_leaves_a_stream_ends_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry_heartbeats(monkeypatch)
    provider = FakeProvider([[Started(), 60, HELD]])
    path = f"{PAINTER}:streamGenerateContent?alt=sse"
    before = asyncio.all_tasks()
    reply = await post(gateway(provider), path, {"contents": CONTENTS})
    assert isinstance(reply.body, AsyncGenerator)
    await anext(reply.body)
    await reply.body.aclose()
    assert provider.closed == 1
    assert asyncio.all_tasks() <= before


# Predictions.


@pytest.mark.parametrize("instances", [{"prompt": "a cat"}, [{"prompt": "a cat"}]])
async def test_a_prediction_comes_in_imagens_shape(instances: object) -> None:
    job, answer = await predicted({"instances": instances})
    assert job.prompt == "a cat"
    assert answer == {
        "predictions": [{"mimeType": "image/png", "bytesBase64Encoded": encoded(PNG)}],
        "modelVersion": PAINTER,
        "provider": "huggingface",
        "seeds": [42],
    }


async def test_a_rewritten_prompt_stands_beside_its_prediction() -> None:
    gate = gateway(FakeProvider([[replace(HELD, revised_prompt="a fine cat")]]))
    reply = await post(gate, f"{PAINTER}:predict", {"instances": {"prompt": "a cat"}})
    assert (await json_of(reply))["predictions"][0]["prompt"] == "a fine cat"


async def test_the_parameters_of_a_prediction_take_effect() -> None:
    provider = FakeProvider([[HELD]])
    body = {
        "instances": [{"prompt": "a cat", "mask": {}}],
        "parameters": {
            "sampleCount": 2, "aspectRatio": "16:9", "sampleImageSize": "2K", "seed": 5,
            "negativePrompt": "blurry", "guidanceScale": 4.5, "personGeneration": "allow_adult",
            "outputOptions": {"mimeType": "image/png", "compressionQuality": 75},
        },
    }  # fmt: skip
    reply = await post(gateway(provider), "z-image:predict", body)
    answer = await json_of(reply)
    jobs = [job for job, _ in provider.calls]
    assert [job.seed for job in jobs] == [5, 6]
    assert (jobs[0].size, jobs[0].negative_prompt) == (Size(2048, 1152), "blurry")
    assert jobs[0].guidance_scale == 4.5
    assert len(answer["predictions"]) == 2
    assert answer["ignored"] == [
        "outputOptions.compressionQuality", "instances.mask", "parameters.personGeneration",
    ]  # fmt: skip


async def test_a_prediction_may_have_a_picture_to_work_on() -> None:
    provider = FakeProvider([[HELD]])
    image = {"bytesBase64Encoded": encoded(PNG), "mimeType": "image/png"}
    body = {"instances": {"prompt": "a hat on it", "image": image}}
    await post(gateway(provider), f"{EDITOR}:predict", body)
    job = provider.calls[0][0]
    assert (job.operation, job.images[0].format) == (Operation.EDIT, "png")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "instances"),
        ({"instances": []}, "instances"),
        ({"instances": [{"prompt": "a"}, {"prompt": "b"}]}, "instances"),
        ({"instances": "a cat"}, "instances"),
        ({"instances": {}}, "prompt"),
        ({"instances": {"prompt": 5}}, "prompt"),
        ({"instances": {"prompt": "a", "image": {"gcsUri": "gs://a/b"}}}, "image"),
        ({"instances": {"prompt": "a"}, "parameters": [1]}, "parameters"),
        ({"instances": {"prompt": "a"}, "parameters": {"sampleCount": 0}}, "sampleCount"),
        ({"instances": {"prompt": "a"}, "parameters": {"sampleCount": 5}}, "sampleCount"),
        ({"instances": {"prompt": "a"}, "parameters": {"sampleCount": "5"}}, "sampleCount"),
        ({"instances": {"prompt": "a"}, "parameters": {"sampleCount": "many"}}, "sampleCount"),
        ({"instances": {"prompt": "a"}, "parameters": {"outputOptions": {"mimeType": "a/b"}}},
         "outputOptions.mimeType"),
    ],
)  # fmt: skip
async def test_a_wrong_prediction_is_refused_by_field(body: dict[str, Any], field: str) -> None:
    error = await refused(await post(gateway(), f"{PAINTER}:predict", body))
    assert error["message"].startswith(field), error


# Keys.

TOKEN = "hf_" + "topsecret" * 3


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"x-goog-api-key": TOKEN}),
        ("", {"x-goog-api-key": f"hf:{TOKEN}"}),
        (f"?key={TOKEN}", {}),
        (f"?key=hf%3A{TOKEN}", {"x-goog-api-key": ""}),
        ("", {"authorization": f"Bearer {TOKEN}"}),
        ("?key=hf:other", {"x-goog-api-key": TOKEN, "authorization": "Bearer hf:third"}),
    ],
)
async def test_a_key_is_a_token_wherever_it_stands_and_goes_nowhere_else(
    query: str, headers: dict[str, str]
) -> None:
    provider = FakeProvider([[HELD]])
    log: list[Mapping[str, object]] = []
    path = f"/v1beta/models/{PAINTER}:generateContent{query}"
    requested = request("POST", path, {"contents": CONTENTS}, headers)
    reply = await handle(requested, gateway(provider), log.append)
    token = provider.calls[0][1].token
    assert token is not None
    assert token.reveal() == TOKEN
    assert "topsecret" not in repr((reply.headers, await body_of(reply), log))
    assert log[-1]["route"] == "/v1beta/models/:generateContent"


@pytest.mark.parametrize("path", ["nope?key=", f"{PAINTER}:generateContent?key=", "a:predict?key="])
async def test_a_key_in_an_address_that_fails_is_not_repeated(path: str) -> None:
    log: list[Mapping[str, object]] = []
    requested = request("POST", f"/v1beta/models/{path}{TOKEN}", b"{")
    reply = await handle(requested, gateway(), log.append)
    assert reply.status in (400, 404, 405)
    assert "topsecret" not in repr((reply.headers, await body_of(reply), log))


async def test_a_gateway_key_that_is_not_known_lets_nobody_in() -> None:
    reply = await post(
        gateway(), f"{PAINTER}:predict", {"instances": {"prompt": "a"}}, {"x-goog-api-key": "dk_no"}
    )
    assert (await refused(reply, 401))["status"] == "UNAUTHENTICATED"


async def test_a_model_of_googles_needs_googles_key() -> None:
    reply = await generate(gateway(), "gemini-3-pro-image")
    error = await refused(reply, 401)
    assert "Google Gemini needs a token" in error["message"]


# Models.


async def get(path: str, gate: Gateway | None = None) -> Any:
    requested = request("GET", f"/v1beta/models{path}")
    reply = await handle(requested, gate or gateway(), lambda entry: None)
    assert reply.status == 200
    return await json_of(reply)


async def test_the_models_are_listed_in_googles_shape() -> None:
    models = (await get(""))["models"]
    names = [model["name"] for model in models]
    assert "models/z-image-turbo" in names
    assert "models/gemini/gemini-3-pro-image" in names
    assert "models/auto" in names
    assert "models/a1111/default" not in names, "what is not set up does not exist"
    assert models[0] == {
        "name": "models/z-image-turbo",
        "version": "001",
        "displayName": "Z-Image Turbo",
        "description": "Hugging Face Spaces: generate",
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "predict"],
    }


async def test_pages_hold_every_model_once() -> None:
    everything = (await get(""))["models"]
    seen: list[Any] = []
    page = await get("?pageSize=7")
    while token := page.get("nextPageToken"):
        assert len(page["models"]) == 7
        seen += page["models"]
        page = await get(f"?pageSize=7&pageToken={token}")
    assert [*seen, *page["models"]] == everything


async def test_a_page_that_is_no_number_is_refused() -> None:
    requested = request("GET", "/v1beta/models?pageSize=many")
    await refused(await handle(requested, gateway(), lambda entry: None))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gemini-3-pro-image", "gemini/gemini-3-pro-image"),
        ("gemini-3-pro-image-preview", "gemini/gemini-3-pro-image"),
        ("gemini-2.5-flash-image-preview", "gemini/gemini-2.5-flash-image"),
        ("imagen-4.0-generate-001", "gemini/imagen-4.0-generate-001"),
        ("imagen-3.0-generate-002", "z-image-turbo"),
        ("auto", "auto"),
    ],
)
async def test_a_model_is_found_by_every_name_it_has(written: str, meant: str) -> None:
    assert (await get(f"/{written}"))["name"] == f"models/{meant}"


def names_of_the_catalog() -> list[str]:
    names = {model.id for model in CATALOG.models if model.provider.is_configured}
    for model in CATALOG.models:
        if model.provider.is_configured:
            prefix = f"{model.provider.model_prefix}/"
            names |= {prefix + name for name in model.aliases}
            if model.provider.bare_ids or model.provider.bare_names:
                names |= {model.id.removeprefix(prefix), *model.aliases}
    return sorted({*names, *(alias.id for alias in CATALOG.aliases), *CATALOG.pools})


SPELL = st.sampled_from([str, quote, lambda name: quote(name, safe="")])
VERBS = st.sampled_from(["generateContent", "streamGenerateContent", "predict"])


@given(st.sampled_from(names_of_the_catalog()), SPELL, VERBS, st.sampled_from([":", "%3A"]))
def test_every_name_of_the_catalog_reaches_its_model_through_the_path(
    name: str, spell: Any, verb: str, colon: str
) -> None:
    pool = CATALOG.pools.get(name)
    provider = FakeProvider([[HELD]])
    everyone = {row.protocol: provider for row in CATALOG.providers}
    gate = replace(gateway(provider), engine=engine(everyone))
    model = CATALOG.resolve(name, gate.settings.default_model).models[0]
    needs_picture = Operation.GENERATE not in model.operations
    picture = {"bytesBase64Encoded": encoded(PNG)} if needs_picture else None
    body = {
        "contents": [turn("user", "a cat", *([inline()] if needs_picture else []))],
        "instances": {"prompt": "a cat", "image": picture},
    }
    headers = {"x-goog-api-key": f"{model.provider.token_prefix}:a-token"}
    reply = asyncio.run(post(gate, f"{spell(name)}{colon}{verb}", body, headers))
    answer = asyncio.run(json_of(reply))
    if Operation.DECOMPOSE in model.operations:  # there is another route for that
        assert (reply.status, "takes pictures apart" in str(answer)) == (400, True)
        return
    assert reply.status == 200, answer
    answer = answer[0] if isinstance(answer, list) else answer
    assert answer["modelVersion"] == model.id
    row = asyncio.run(get(f"/{spell(name)}", gate))
    assert row["name"] == f"models/{pool.id if pool else model.id}"


# What Open WebUI sends (reference/wire-formats.md C0).


async def test_open_webui_gets_its_prediction_by_its_own_default_model() -> None:
    body = {
        "instances": {"prompt": "a cat"},
        "parameters": {"sampleCount": 1, "outputOptions": {"mimeType": "image/png"}},
    }
    headers = {"content-type": "application/json", "x-goog-api-key": "AIza" + "x" * 30}
    own = engine({"gemini": FakeProvider([[HELD]])}, FakeHttp({}), FakeClock())
    gate = replace(gateway(), engine=own)
    reply = await post(gate, "imagen-3.0-generate-002:predict", body, headers)
    answer = await json_of(reply)
    assert [item["bytesBase64Encoded"] for item in answer["predictions"]] == [encoded(PNG)]
    assert "ignored" not in answer
