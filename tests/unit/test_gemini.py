"""Gemini and Imagen: strict requests, thoughts dropped, and every reason for no picture told."""

from typing import Any

import pytest

from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    PictureOmitted,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamGlitch,
    UpstreamRefused,
    UpstreamUnavailable,
)
from darkroom.job import Size
from darkroom.providers.gemini import Gemini
from tests.support.fakes import FakeHttp, FakeReply
from tests.support.routes import (
    KEY,
    PNG_BASE64,
    Broken,
    answer,
    end_of,
    events_of,
    failure_of,
    page,
    source,
)

GEMINI = Gemini()
PRO, FLASH, OLD = (
    "gemini/gemini-3-pro-image",
    "gemini/gemini-3.1-flash-image",
    "gemini/gemini-2.5-flash-image",
)
IMAGEN = "gemini/imagen-4.0-generate-001"
ROOT = "https://generativelanguage.googleapis.com/v1beta/models"
INLINE = {"inlineData": {"mimeType": "image/png", "data": PNG_BASE64}}


def candidate(*parts: dict[str, Any], reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    reported: dict[str, Any] = {
        "content": {"parts": list(parts), "role": "model"},
        "index": 0,
        **more,
    }
    if reason:
        reported["finishReason"] = reason
    return {"candidates": [reported]}


def google(reply: FakeReply | dict[str, Any] | Exception | None = None) -> FakeHttp:
    reported = candidate(INLINE) if reply is None else reply
    return FakeHttp({"": [answer(reported) if isinstance(reported, dict) else reported]})


async def sent_by(name: str, reply: dict[str, Any] | None = None, **requested: Any) -> Any:
    http = google(reply)
    await events_of(GEMINI, name, http, **requested)
    return http.sent[0].json


async def test_a_job_goes_out_with_nothing_that_google_does_not_know() -> None:
    http = google()
    await events_of(
        GEMINI, PRO, http, size=Size(2048, 1152), negative_prompt="blur", steps=9, guidance_scale=2
    )
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("POST", f"{ROOT}/gemini-3-pro-image:generateContent")
    assert sent.headers == {
        "x-goog-api-key": KEY,
        "accept": "application/json",
        "content-type": "application/json",
    }
    assert sent.json == {
        "contents": [{"role": "user", "parts": [{"text": "a cat"}]}],
        "generationConfig": {
            "responseModalities": ["TEXT", "IMAGE"],
            "seed": 7,
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
        },
    }


@pytest.mark.parametrize(
    ("name", "size", "config"),
    [
        (PRO, Size(1024, 1024), {"aspectRatio": "1:1", "imageSize": "1K"}),
        (PRO, Size(2304, 4096), {"aspectRatio": "9:16", "imageSize": "4K"}),
        (PRO, Size(512, 512), {"aspectRatio": "1:1", "imageSize": "1K"}),
        (FLASH, Size(512, 512), {"aspectRatio": "1:1", "imageSize": "512"}),
        (FLASH, Size(1000, 250), {"aspectRatio": "4:1", "imageSize": "512"}),
        (OLD, Size(2048, 2048), {"aspectRatio": "1:1"}),
    ],
)
async def test_a_size_becomes_the_nearest_ratio_and_tier(
    name: str, size: Size, config: dict[str, str]
) -> None:
    assert (await sent_by(name, size=size))["generationConfig"]["imageConfig"] == config


async def test_sources_stand_behind_the_words_and_keep_their_ratio() -> None:
    sent = await sent_by(PRO, **source())
    assert sent["contents"][0]["parts"] == [{"text": "a cat"}, INLINE]
    assert sent["generationConfig"]["imageConfig"] == {"imageSize": "1K"}


async def test_a_source_does_not_keep_its_ratio_where_a_size_is_requested() -> None:
    sent = await sent_by(PRO, size=Size(2048, 1152), **source())
    assert sent["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}


async def test_a_model_without_tiers_is_sent_no_empty_object() -> None:
    assert "imageConfig" not in (await sent_by(OLD, **source()))["generationConfig"]


async def test_the_picture_stays_text_and_thoughts_are_dropped() -> None:
    thought = {**INLINE, "thought": True}
    words = {"text": "Composing", "thought": True}
    reported = candidate(
        words, thought, {"text": "Here you are."}, {**INLINE, "thoughtSignature": "x"}
    )
    finished = await end_of(GEMINI, PRO, google(reported))
    (picture,) = finished.pictures
    assert picture.file is not None
    assert picture.file.data is None
    assert picture.file.media_type == "image/png"
    assert (finished.seed, finished.usage) == (7, None)


async def test_a_picture_of_a_megabyte_never_becomes_a_string() -> None:
    large = {"mimeType": "image/png", "data": PNG_BASE64[:88] + "A" * 400_000}
    finished = await end_of(GEMINI, PRO, google(candidate({"inlineData": large})))
    file = finished.pictures[0].file
    assert file is not None
    assert file.base64 is not None
    assert (file.base64.size, file.format) == (400_088, "png")


async def test_several_pictures_are_all_passed_on_and_snake_case_is_read() -> None:
    snake = {"inline_data": {"mime_type": "image/png", "data": PNG_BASE64}}
    assert len((await end_of(GEMINI, PRO, google(candidate(INLINE, snake)))).pictures) == 2


async def test_usage_is_reported_in_openais_fields() -> None:
    usage = {
        "promptTokenCount": 270,
        "candidatesTokenCount": 1120,
        "thoughtsTokenCount": 180,
        "totalTokenCount": 1570,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 12},
            {"modality": "IMAGE", "tokenCount": 258},
        ],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
    }
    finished = await end_of(GEMINI, PRO, google({**candidate(INLINE), "usageMetadata": usage}))
    assert finished.usage == {
        "total_tokens": 1570,
        "input_tokens": 270,
        "output_tokens": 1300,
        "input_tokens_details": {"text_tokens": 12, "image_tokens": 258},
        "output_tokens_details": {"text_tokens": 180, "image_tokens": 1120},
    }


@pytest.mark.parametrize(
    "usage", [None, {}, {"promptTokenCount": 3}, {"promptTokenCount": None}, "many"]
)
async def test_a_count_that_is_not_whole_is_not_reported(usage: object) -> None:
    reported = {**candidate(INLINE), "usageMetadata": usage}
    assert (await end_of(GEMINI, PRO, google(reported))).usage is None


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY"])
async def test_a_blocked_prompt_is_a_refusal_that_names_the_reason(reason: str) -> None:
    reported = {"promptFeedback": {"blockReason": reason, "blockReasonMessage": "be kind"}}
    failure, events = await failure_of(GEMINI, PRO, google(reported))
    assert (type(failure), failure.code) == (ContentRefused, "moderation_blocked")
    assert reason in failure.message
    assert "the prompt" in failure.message
    assert "be kind" in failure.message
    assert events == []


@pytest.mark.parametrize(
    "reason",
    [
        "SAFETY",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "IMAGE_PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "IMAGE_RECITATION",
    ],
)
async def test_a_picture_that_is_withheld_is_a_refusal_that_names_the_reason(reason: str) -> None:
    reported = {
        "candidates": [{"finishReason": reason, "finishMessage": "It may violate a policy."}]
    }
    failure, _ = await failure_of(GEMINI, PRO, google(reported))
    assert (type(failure), failure.code) == (ContentRefused, "moderation_blocked")
    assert f"({reason})" in failure.message
    assert "It may violate a policy." in failure.message


@pytest.mark.parametrize(
    "reported",
    [
        {"candidates": [{"finishReason": "NO_IMAGE", "index": 0}]},
        candidate(reason="NO_IMAGE"),
        candidate(),
        candidate(reason=None),
        {"candidates": []},
        {},
        candidate({**INLINE, "thought": True}),
        candidate({"inlineData": {"mimeType": "image/png", "data": ""}}),
    ],
)
async def test_a_picture_left_out_may_be_requested_again(reported: dict[str, Any]) -> None:
    failure, _ = await failure_of(GEMINI, PRO, google(reported))
    assert (type(failure), failure.code, failure.status) == (PictureOmitted, "no_image", 502)
    assert failure.caller_may_retry


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("MAX_TOKENS", "shorten the prompt"),
        ("LANGUAGE", "language"),
        ("MALFORMED_RESPONSE", "malformed"),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        ("IMAGE_OTHER", "IMAGE_OTHER"),
        ("OTHER", "OTHER"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
async def test_any_other_end_is_a_failure_that_names_the_reason(reason: str, words: str) -> None:
    failure, _ = await failure_of(GEMINI, PRO, google(candidate({"text": "Hm."}, reason=reason)))
    assert (type(failure), failure.code) == (JobFailed, "no_image")
    assert words in failure.message
    assert "It said: Hm." in failure.message


async def test_an_account_that_was_limited_is_the_keys_fault() -> None:
    failure, _ = await failure_of(GEMINI, PRO, google(candidate(reason="PUP_LIMITED_DISABLED")))
    assert type(failure) is CredentialRefused


async def test_words_in_the_place_of_a_picture_are_reported() -> None:
    reported = candidate(
        {"text": "I can only", "thought": True}, {"text": "I can only describe it."}
    )
    failure, _ = await failure_of(GEMINI, PRO, google(reported))
    assert (type(failure), failure.code) == (ContentRefused, "no_image")
    assert failure.message.endswith("no picture: I can only describe it.")


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    reported: dict[str, Any] = {"code": code, "message": message, "status": status}
    return {"error": {**reported, "details": list(details)} if details else reported}


QUOTA_TEXT = "You exceeded your current quota, please check your plan and billing details."
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "23s"}
DAILY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
A_MINUTE = {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]}


@pytest.mark.parametrize(
    ("details", "kind", "wait_s"),
    [
        ((A_MINUTE, RETRY), RateLimited, 23),
        ((RETRY,), RateLimited, 23),
        ((DAILY, RETRY), QuotaExhausted, 23),
        ((DAILY,), QuotaExhausted, None),
        ((), QuotaExhausted, None),
    ],
)
async def test_limits_by_the_minute_and_by_the_day_are_distinguished(
    details: tuple[dict[str, Any], ...], kind: type[Failure], wait_s: float | None
) -> None:
    reported = error(429, "RESOURCE_EXHAUSTED", QUOTA_TEXT, *details)
    failure, events = await failure_of(GEMINI, PRO, google(answer(reported, 429)))
    assert (type(failure), failure.retry_after_s, events) == (kind, wait_s, [])
    assert "current quota" in failure.message


async def test_a_server_that_is_busy_has_used_up_nobodys_allowance() -> None:
    reported = error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
    failure, _ = await failure_of(GEMINI, PRO, google(answer(reported, 429)))
    assert type(failure) is RateLimited


BAD_KEY = error(400, "INVALID_ARGUMENT", "API key not valid.", {"reason": "API_KEY_INVALID"})


@pytest.mark.parametrize("name", [PRO, IMAGEN])
@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (answer(BAD_KEY, 400), CredentialRefused, "API key not valid"),
        (answer([BAD_KEY], 400), CredentialRefused, "API key not valid"),
        (answer(error(403, "PERMISSION_DENIED", "who?"), 403), CredentialRefused, "who?"),
        (answer(error(400, "INVALID_ARGUMENT", "bad field"), 400), InvalidRequest, "bad field"),
        (
            answer(error(400, "INVALID_ARGUMENT", "It violates our usage policies."), 400),
            ContentRefused,
            "usage policies",
        ),
        (answer(error(404, "NOT_FOUND", "no such model"), 404), UpstreamRefused, "no such model"),
        (answer(error(500, "INTERNAL", "Please retry."), 500), UpstreamBroken, "500"),
        (answer(error(503, "UNAVAILABLE", "overloaded"), 503), UpstreamGlitch, "overloaded"),
        (page(404), UpstreamRefused, "web page"),
        (page(429), RateLimited, "too many requests"),
        (page(), UpstreamBroken, "web page"),
        (ConnectionError("reset"), UpstreamUnavailable, "cannot be reached"),
        (Broken(), JobLost, "broke off"),
    ],
)
async def test_refusals_are_reported_as_what_they_are(
    name: str, reply: FakeReply | Exception, kind: type[Failure], words: str
) -> None:
    failure, events = await failure_of(GEMINI, name, google(reply))
    assert type(failure) is kind
    assert words in failure.message
    assert events == []


async def test_imagen_is_requested_a_prediction() -> None:
    http = google({"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": PNG_BASE64}]})
    finished = await end_of(GEMINI, IMAGEN, http, size=Size(1600, 1200))
    (sent,) = http.sent
    assert sent.url == f"{ROOT}/imagen-4.0-generate-001:predict"
    assert sent.headers["x-goog-api-key"] == KEY
    assert sent.json == {
        "instances": [{"prompt": "a cat"}],
        "parameters": {"sampleCount": 1, "aspectRatio": "4:3"},
    }
    assert len(finished.pictures) == 1
    assert finished.seed is None


async def test_a_prediction_that_was_filtered_is_a_refusal_with_its_reason() -> None:
    reported = {"predictions": [{"raiFilteredReason": "It violated the usage guidelines."}]}
    failure, _ = await failure_of(GEMINI, IMAGEN, google(reported))
    assert type(failure) is ContentRefused
    assert "usage guidelines" in failure.message


@pytest.mark.parametrize("reported", [{}, {"predictions": []}, {"predictions": [{}]}])
async def test_no_prediction_is_a_failure(reported: dict[str, Any]) -> None:
    failure, _ = await failure_of(GEMINI, IMAGEN, google(reported))
    assert (type(failure), failure.code) == (JobFailed, "no_image")
