"""What the relay's image routes answer, and to whom: pictures, failures, tasks."""

import asyncio
import base64
import hashlib
from typing import Any

import pytest

from darkroom.blob import BytesBlob
from darkroom.errors import (
    BodyTooLarge,
    Busy,
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
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.events import Finished, Picture
from darkroom.image import ImageFile
from darkroom.settings import Secret, Settings
from tests.support.background import with_background
from tests.support.fakes import (
    JPEG,
    FakeConverter,
    MemoryMedia,
    body_of,
    failure,
    json_of,
)
from tests.support.relay import (
    FLUX,
    GEMINI,
    GPT,
    GPT_EDIT,
    LEAST,
    PAINTED,
    QWEN,
    QWEN_EDIT,
    TXT2IMG,
    UPSCALE,
    VENDORS,
    Relay,
    base64_of,
    png,
    refusal_of,
)

CAT = {"prompt": "a cat"}
KEY = "dk_open"
REMOTE = Finished((Picture(url="https://files.example.com/a.png", lasts_s=86_400.0),), 7)
ALWAYS = {"task_id": None, "task_address": None, "mode": "direct", "provider": "huggingface"}


async def test_flux_answers_base64_and_says_what_was_painted() -> None:
    answer = await Relay().answer(FLUX, {**CAT, "width": 640})
    assert answer == {
        "images": [base64_of(PAINTED)],
        "model": "flux-1-schnell",
        "width": 96,
        "height": 64,
        "size": "96x64",
        "seed": 42,
        "output_format": "png",
        **ALWAYS,
    }


async def test_gemini_answers_base64_and_the_class_of_size() -> None:
    answer = await Relay().answer(GEMINI, {**CAT, "aspect_ratio": "3:2"})
    assert answer["images"] == [base64_of(PAINTED)]
    assert (answer["aspect_ratio"], answer["image_size"]) == ("3:2", "0.5K")
    assert answer["finish_reason"] is None
    paid = await Relay().answer(GEMINI, {**CAT, "image_size": "4K"}, x_api_key=VENDORS)
    assert (paid["aspect_ratio"], paid["image_size"]) == ("1:1", "4K")
    fields = {"model": "google/gemini-3.1-flash-image-preview", "image_size": "0.5K"}
    small = await Relay().answer(GEMINI, {**CAT, **fields}, x_api_key=VENDORS)
    assert small["image_size"] == "0.5K"


@pytest.mark.parametrize("route", [GPT, GPT_EDIT])
async def test_gpt_image_answers_a_list_of_addresses(route: str) -> None:
    relay = Relay(media=MemoryMedia())
    fields = {**CAT, "image": base64_of(png())} if route == GPT_EDIT else CAT
    answer = await relay.answer(route, {**fields, "n": 2})
    assert len(answer["images"]) == 2
    for url in answer["images"]:
        kept = await relay.call("GET", url.removeprefix("https://darkroom.example"))
        assert await body_of(kept) == PAINTED
    assert answer["size"] == "96x64"


@pytest.mark.parametrize("route", [QWEN, QWEN_EDIT])
async def test_qwen_answers_urls(route: str) -> None:
    fields = {**CAT, "image": base64_of(png())} if route == QWEN_EDIT else CAT
    answer = await Relay([[REMOTE]]).answer(route, fields)
    assert answer["urls"] == ["https://files.example.com/a.png"]
    assert "images" not in answer
    assert answer["expires_at"] == 1_700_001_000 + 86_400
    assert answer["size"].count("x") == 1


async def test_an_upscaler_says_by_how_much() -> None:
    answer = await Relay().answer(UPSCALE, {"image_b64": base64_of(png())})
    assert (answer["scale"], answer["model"]) == (4, "real-esrgan")
    assert answer["images"] == [base64_of(PAINTED)]


async def test_txt2img_answers_base64_and_the_parameters_sent() -> None:
    answer = await Relay().answer(TXT2IMG, CAT)
    assert answer["images"] == [base64_of(PAINTED)]
    assert (answer["steps"], answer["cfg_scale"]) == (20, 7.0)


@pytest.mark.parametrize(
    ("route", "requested", "field"),
    [(FLUX, "url", "images"), (GPT, "b64_json", "images"), (QWEN, "b64_json", "images"),
     (QWEN, "url", "urls")],
)  # fmt: skip
async def test_the_caller_may_choose_between_addresses_and_base64(
    route: str, requested: str, field: str
) -> None:
    relay = Relay(media=MemoryMedia())
    answer = await relay.answer(route, {**CAT, "response_format": requested})
    (value,) = answer[field]
    if requested == "url":
        assert value.startswith("https://darkroom.example/media/")
    else:
        assert base64.b64decode(value) == PAINTED


async def test_without_a_place_to_keep_pictures_an_address_is_a_data_uri() -> None:
    (value,) = (await Relay().answer(QWEN, CAT))["urls"]
    assert value == f"data:image/png;base64,{base64_of(PAINTED)}"


async def test_a_picture_to_be_stored_is_kept_and_sent_as_base64() -> None:
    relay = Relay(media=MemoryMedia())
    answer = await relay.answer(FLUX, {**CAT, "store_output": "relay7d"})
    (url,) = answer["urls"]
    kept = await relay.call("GET", url.removeprefix("https://darkroom.example"))
    assert await body_of(kept) == PAINTED
    assert answer["images"] == [base64_of(PAINTED)]
    assert "urls" not in await relay.answer(FLUX, {**CAT, "store_output": "provider"})


async def test_flux_comes_as_png_where_pictures_can_be_converted() -> None:
    webp = Finished((Picture(file=ImageFile(data=BytesBlob(JPEG))),))
    converter = FakeConverter()
    relay = Relay([[webp]], parts={"converter": converter})
    assert (await relay.answer(FLUX, CAT))["output_format"] == "png"
    assert (await relay.answer(FLUX, {**CAT, "output_format": "jpeg"}))["output_format"] == "jpeg"
    assert [wanted for _, wanted, _ in converter.requested] == ["png"]


async def test_ignored_fields_are_reported_as_spelled_by_the_caller() -> None:
    fields = {"safety_tolerance": 3, "mode": "opengpu", "store_output": "relay1d", "surprise": 1}
    answer = await Relay().answer(FLUX, {**CAT, **fields, "output_format": "jpeg"})
    assert set(answer["ignored"]) == {*fields, "output_format"}
    answer = await Relay().answer("image/flux-1/generate", {"inputs": "a", "guidance_scale": 3.0})
    assert answer["ignored"] == ["guidance_scale"]


async def test_fields_that_were_not_sent_are_not_reported_as_ignored() -> None:
    for route in (FLUX, GEMINI, GPT, QWEN, TXT2IMG):
        assert "ignored" not in await Relay().answer(route, CAT)
    plain = {"mode": "direct", "store_output": "provider"}
    assert "ignored" not in await Relay().answer(FLUX, {**CAT, **plain})


async def test_another_model_may_be_named_by_any_name_that_there_is() -> None:
    for name, model in {
        "z-image-turbo": "z-image-turbo",
        "hf/z-image": "z-image",
        "Qwen/Qwen-Image": "Qwen/Qwen-Image",
        "Qwen/qwen-image": "qwen-image",
        "openai/gpt-image-1.5-T2I": "z-image-turbo",
        "auto": "z-image-turbo",
        "gpt-image-1": "z-image-turbo",
    }.items():
        assert (await Relay().answer(FLUX, {**CAT, "model": name}))["model"] == model


async def test_an_alias_means_the_default_model_of_edits_where_there_is_a_picture() -> None:
    fields = {**CAT, "model": "gpt-image-1", "input_image": base64_of(png())}
    assert (await Relay().answer(FLUX, fields))["model"] == "qwen-image-edit"


async def test_a_model_that_there_is_not_is_reported_in_the_relays_words() -> None:
    body = await refusal_of(await Relay().paint(FLUX, {**CAT, "model": "z-imag-turbo"}), 404)
    assert body["error"]["code"] == "MODEL_NOT_FOUND"
    assert "z-image-turbo" in body["detail"]


async def test_some_pictures_are_better_than_none() -> None:
    held = Finished((Picture(file=ImageFile(data=BytesBlob(PAINTED))),), 42)
    relay = Relay([[failure(ContentRefused, "no")], [held]])
    answer = await relay.answer(GPT, {**CAT, "n": 2})
    assert len(answer["images"]) == 1
    (reported,) = answer["errors"]
    assert reported["image_index"] == 0
    assert reported["error"]["code"] == "CONTENT_POLICY_DECLINED"


# Who calls.


def keyed(**settings: Any) -> Relay:
    """A gateway with a key, and the operator's own token at BFL behind it."""
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    tokens = {"bfl": (Secret("operators"),)}
    return Relay(parts={"settings": Settings(gateway_keys=(digest,), tokens=tokens, **settings)})


async def token_of(relay: Relay, **headers: str) -> str | None:
    """The token that a request for FLUX went out with."""
    await relay.answer(FLUX, CAT, **headers)
    _, route = relay.painter.calls[-1]
    return route.token.reveal() if route.token else None


async def test_the_key_of_the_relay_comes_before_a_bearer() -> None:
    both = {"x_api_key": "bfl:first", "authorization": "Bearer bfl:second"}
    assert await token_of(Relay(), **both) == "first"
    assert await token_of(Relay(), authorization="Bearer bfl:second") == "second"
    assert await token_of(Relay(), x_api_key=" ", authorization="Bearer bfl:second") == "second"


async def test_a_key_speaks_as_a_bearer_does() -> None:
    assert await token_of(Relay(), x_api_key="BFL: one,two") == "one"
    assert await token_of(Relay(), x_api_key="bare") == "bare"
    assert await token_of(keyed(), x_api_key=KEY) == "operators"
    assert await token_of(keyed()) is None


async def test_one_list_of_tokens_serves_all_routes() -> None:
    relay = Relay()
    for route, token in ((FLUX, "b"), (GEMINI, "g"), (GPT, "o"), (QWEN, "q")):
        await relay.answer(route, CAT, x_api_key="bfl:b,gemini:g,openai:o,qwen:q,ms:m")
        _, taken = relay.painter.calls[-1]
        assert taken.token == Secret(token)


@pytest.mark.parametrize("headers", [
    {"x_api_key": "relay_sk_abc123"},
    {"authorization": "Bearer relay_sk_abc123"},
    {"x_api_key": "relay_sk_abc123,relay_sk_def456"},
    {"x_api_key": "relay_sk_abc123", "authorization": "Bearer bfl:mine"},
])  # fmt: skip
async def test_a_key_of_the_relays_own_goes_nowhere(headers: dict[str, str]) -> None:
    assert await token_of(Relay(), **headers) is None


async def test_a_key_of_the_relays_own_may_stand_beside_a_token() -> None:
    assert await token_of(Relay(), x_api_key="relay_sk_abc123,bfl:mine") == "mine"


async def test_a_key_that_nobody_knows_is_refused() -> None:
    body = await refusal_of(await Relay().paint(FLUX, CAT, x_api_key="dk_unknown"), 401)
    assert (body["error"]["code"], body["error"]["type"]) == ("INVALID_API_KEY", "authentication")
    assert "dk_unknown" not in str(body)


async def test_a_vendors_model_without_its_token_says_which_is_missing() -> None:
    fields = {**CAT, "model": "bfl/flux-2-pro"}
    body = await refusal_of(await Relay().paint(FLUX, fields), 401)
    assert body["error"]["code"] == "MISSING_CREDENTIALS"
    assert body["error"]["source"] == "client"
    assert body["detail"] == body["error"]["message"]
    assert "bfl:TOKEN" in body["detail"]


async def test_a_refused_token_gives_way_to_a_space() -> None:
    held = Finished((Picture(file=ImageFile(data=BytesBlob(PAINTED))),), 42)
    relay = Relay([[failure(CredentialRefused)], [held]])
    answer = await relay.answer(FLUX, CAT, x_api_key="bfl:bad")
    assert answer["model"] == "flux-1-schnell"
    assert [entry.rpartition("=")[2] for entry in answer["tried"]] == ["invalid_api_key", "ok"]


# What goes wrong.


@pytest.mark.parametrize(
    ("kind", "details", "status", "code", "source"),
    [
        (ContentRefused, {}, 422, "CONTENT_POLICY_DECLINED", "provider"),
        (ContentRefused, {"code": "no_image"}, 422, "IMAGE_TEXT_RESPONSE", "provider"),
        (CredentialRefused, {}, 401, "INVALID_API_KEY", "client"),
        (RateLimited, {}, 429, "RATE_LIMITED", "provider"),
        (QuotaExhausted, {}, 429, "RATE_LIMITED", "provider"),
        (UpstreamUnavailable, {}, 502, "PROVIDER_UNAVAILABLE", "provider"),
        (UpstreamSilent, {}, 504, "UPSTREAM_TIMEOUT", "provider"),
        (UpstreamBroken, {}, 502, "PROVIDER_SCHEMA_MISMATCH", "provider"),
        (NotConfigured, {}, 403, "MODEL_NOT_AVAILABLE", "relay"),
        (Busy, {}, 503, "CAPACITY_EXHAUSTED", "relay"),
        (JobFailed, {}, 502, "UPSTREAM_ERROR", "provider"),
        (JobFailed, {"code": "no_image"}, 502, "IMAGE_NO_OUTPUT", "provider"),
        (PictureOmitted, {}, 502, "IMAGE_NO_OUTPUT", "provider"),
        (JobLost, {}, 502, "UPSTREAM_ERROR", "provider"),
        (DeadlineExceeded, {}, 504, "UPSTREAM_TIMEOUT", "relay"),
        (BodyTooLarge, {}, 413, "FILE_TOO_LARGE", "client"),
    ],
)
async def test_a_failure_is_reported_in_the_relays_words(
    kind: type[Failure], details: dict[str, Any], status: int, code: str, source: str
) -> None:
    relay = Relay([[failure(kind, "it failed", **details)]])
    reply = await relay.paint(QWEN, {**CAT, "model": "z-image"})
    body = await refusal_of(reply, status)
    assert (body["error"]["code"], body["error"]["source"]) == (code, source)
    assert "it failed" in body["error"]["message"]
    assert body["detail"] == body["error"]["message"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers.get("retry-after") == {429: "60", 503: "5"}.get(status)


async def test_a_refused_picture_says_why_as_far_as_that_is_known() -> None:
    relay = Relay([[failure(ContentRefused, "not that")]])
    body = await refusal_of(await relay.paint(QWEN, CAT), 422)
    detail = body["error"]["detail"]
    assert set(detail) == {"finish_reason", "block_reason", "text"}
    assert detail["text"] == "not that"


async def test_a_mistake_of_our_own_says_nothing_of_our_insides() -> None:
    relay = Relay([[RuntimeError("secret insides")]])
    body = await refusal_of(await relay.paint(QWEN, CAT), 500)
    assert body["error"]["code"] == "INTERNAL_ERROR"
    assert "secret insides" not in str(body)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2", 404),
        ("POST", "/v2/", 404),
        ("POST", "/v2/image/sora/generate", 404),
        ("GET", "/v2/customer/profile", 404),
        ("POST", "/v2/files", 404),
        ("GET", "/v2/image/flux/generate", 405),
        ("POST", "/v2/models", 405),
    ],
)
async def test_a_route_that_there_is_not_is_reported_in_the_relays_words(
    method: str, path: str, status: int
) -> None:
    await refusal_of(await Relay().call(method, path), status)


async def test_a_body_of_a_kind_that_nobody_reads_is_refused() -> None:
    reply = await Relay().call(
        "POST", f"/v2/{FLUX}", b"prompt=a+cat", content_type="application/x-www-form-urlencoded"
    )
    assert (await refusal_of(reply, 415))["error"]["code"] == "FILE_TYPE_UNSUPPORTED"


async def test_a_body_that_is_too_large_is_refused() -> None:
    relay = Relay(parts={"settings": Settings(max_body_bytes=100)})
    reply = await relay.paint(FLUX, {"prompt": "a" * 200})
    assert (await refusal_of(reply, 413))["error"]["code"] == "FILE_TOO_LARGE"


# In the background.


async def done(relay: Relay, accepted: dict[str, Any], name: str = "task_id") -> dict[str, Any]:
    """What became of a task, asked after without any credential."""
    while True:
        reply = await relay.call("GET", f"/v2/tasks/{accepted[name]}")
        task: dict[str, Any] = await json_of(reply)
        assert reply.status == 200, task
        if task["status"] in ("completed", "failed"):
            return task
        await asyncio.sleep(0)


def in_background(relay: Relay) -> Relay:
    relay.gateway, _ = with_background(relay.gateway)
    return relay


@pytest.mark.parametrize("route", LEAST)
async def test_every_route_works_in_the_background_too(route: str) -> None:
    relay = in_background(Relay())
    run_now = await relay.answer(route, LEAST[route])
    reply = await relay.paint(route, {**LEAST[route], "async": True})
    assert reply.status == 202
    accepted = await json_of(reply)
    assert set(accepted) == {"task_id", "task_address", "status", "poll_url", "message"}
    assert accepted["task_address"] == accepted["task_id"]
    assert accepted["status"] == "queued"
    assert reply.headers["location"] == accepted["poll_url"] == f"/v2/tasks/{accepted['task_id']}"
    task = await done(relay, accepted, "task_address")
    assert task["result"] == {"success": True, **run_now}
    assert task["model"] == run_now["model"]
    assert task["error"] is None


async def test_a_task_that_fails_says_why() -> None:
    relay = in_background(Relay([[failure(JobFailed, "out of paint")]]))
    task = await done(relay, await json_of(await relay.paint(QWEN, {**CAT, "async": True})))
    assert (task["status"], task["error"]) == ("failed", "out of paint")
    assert (task["error_code"], task["error_detail"]) == ("UPSTREAM_ERROR", None)
    assert task["result"] is None


async def test_an_invalid_request_is_refused_before_a_task_is_created() -> None:
    relay = in_background(Relay())
    for fields in ({"width": 1}, {"model": "nonsense"}, {"model": "bfl/flux-2-pro"}):
        reply = await relay.paint(FLUX, {**CAT, **fields, "async": True})
        assert reply.status in (422, 404, 401)
    assert not relay.jobs


async def test_a_task_goes_out_with_its_callers_key() -> None:
    relay = in_background(Relay())
    accepted = await json_of(await relay.paint(FLUX, {**CAT, "async": True}, x_api_key="bfl:mine"))
    await done(relay, accepted)
    ((_, route),) = relay.painter.calls
    assert route.token == Secret("mine")


async def test_the_same_idempotency_key_is_the_same_task() -> None:
    relay = in_background(Relay())
    headers = {"x_api_key": "bfl:mine", "idempotency_key": "once"}
    first = await relay.paint(FLUX, {**CAT, "async": True}, **headers)
    again = await relay.paint(FLUX, {**CAT, "async": True}, **headers)
    assert await json_of(first) == await json_of(again)
    assert again.headers["idempotency-replayed"] == "true"
    await done(relay, await json_of(first))
    assert len(relay.jobs) == 1
    other = await relay.paint(FLUX, {"prompt": "a dog", "async": True}, **headers)
    assert (await refusal_of(other, 422))["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_gateway_without_a_background_says_so() -> None:
    body = await refusal_of(await Relay().paint(FLUX, {**CAT, "async": True}), 403)
    assert body["error"]["code"] == "TIER_FEATURE_UNAVAILABLE"
    assert "async" in body["error"]["message"]
