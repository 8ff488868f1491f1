"""Hugging Face's Inference API as callers speak it: requests in, replies out, providers faked."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from darkroom.app import handle
from darkroom.blob import Blob, BytesBlob
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    JobLost,
    NotConfigured,
    QuotaExhausted,
    RateLimited,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.events import Finished, Picture
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation, Size
from darkroom.prompts.instructions import variation_prompt
from tests.support.fakes import (
    PNG,
    WEBP,
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

HELD = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
PAINTER, EDITOR = "black-forest-labs/FLUX.1-schnell", "Qwen/Qwen-Image-Edit"
TEXT = base64.b64encode(PNG).decode()


async def post(
    gate: Gateway, body: object, model: str = PAINTER, headers: Mapping[str, str] | None = None
) -> Reply:
    requested = request("POST", f"/hf-inference/models/{model}", body, headers)
    return await handle(requested, gate, lambda entry: None)


async def painted(
    body: object, model: str = PAINTER, headers: Mapping[str, str] | None = None
) -> tuple[ImageJob, Reply]:
    """The job that a request came to, and its answer."""
    provider = FakeProvider([[HELD]])
    reply = await post(gateway(provider), body, model, headers)
    assert reply.status == 200, await body_of(reply)
    return provider.calls[0][0], reply


async def test_a_prompt_is_answered_with_a_picture_file() -> None:
    job, reply = await painted({"inputs": "a cat"})
    assert job.prompt == "a cat"
    assert await body_of(reply) == PNG
    headers = {name: text for name, text in reply.headers.items() if name.startswith("x-darkroom")}
    assert headers == {
        "x-darkroom-provider": "huggingface",
        "x-darkroom-attempts": "1",
        "x-darkroom-tried": "huggingface:black-forest-labs/FLUX.1-schnell=ok",
        "x-darkroom-model": "flux-1-schnell",
        "x-darkroom-seed": "42",
    }
    assert reply.headers["content-type"] == "image/png"
    exposed = reply.headers["access-control-expose-headers"].split(", ")
    assert {*headers, "x-darkroom-ignored"} <= set(exposed)


async def test_the_file_is_handed_on_as_it_was_held() -> None:
    """No copy of it is made in Python's memory."""
    file = BytesBlob(PNG)
    held = Finished((Picture(file=ImageFile(data=file)),), 1)
    reply = await post(gateway(FakeProvider([[held]])), {"inputs": "a cat"})
    assert isinstance(reply.body, list)
    assert reply.body[0] is file


async def test_a_picture_that_came_as_base64_or_by_address_comes_as_its_file() -> None:
    text = Finished((Picture(file=ImageFile(base64=BytesBlob(TEXT.encode()))),), 1)
    address = Finished((Picture(url="https://s.hf.space/a.webp"),), 1)
    gate = gateway(
        FakeProvider([[text], [address]]), http=FakeHttp({"a.webp": [FakeReply(pieces=[WEBP])]})
    )
    first, second = await post(gate, {"inputs": "a"}), await post(gate, {"inputs": "a"})
    assert (await body_of(first), first.headers["content-type"]) == (PNG, "image/png")
    assert (await body_of(second), second.headers["content-type"]) == (WEBP, "image/webp")


async def test_the_parameters_take_effect() -> None:
    parameters = {
        "negative_prompt": "blurry", "height": 640, "width": 512, "num_inference_steps": 12,
        "guidance_scale": 5.5, "seed": 9, "scheduler": None,
    }  # fmt: skip
    job, reply = await painted({"inputs": "a cat", "parameters": parameters}, "Tongyi-MAI/Z-Image")
    assert (job.negative_prompt, job.size, job.steps) == ("blurry", Size(512, 640), 12)
    assert (job.guidance_scale, job.seed) == (5.5, 9)
    assert "x-darkroom-ignored" not in reply.headers


async def test_ignored_fields_are_listed_in_a_header() -> None:
    parameters = {
        "guidance_scale": 3, "width": 512, "scheduler": "Euler", "n": 4, "size": "1x1",
        "stream": True, "odd\nname": 1, "long" * 99: 1,
    }  # fmt: skip
    body = {"inputs": "a cat", "parameters": parameters, "options": {"wait_for_model": True}}
    _, reply = await painted(body, headers={"accept": "image/jpeg"})
    assert reply.headers["x-darkroom-ignored"] == (
        "accept, width, guidance_scale, options, parameters.scheduler, parameters.n, "
        f"parameters.size, parameters.stream, parameters.odd?name, {'parameters.' + 'long' * 99:.60}"
    )


@pytest.mark.parametrize("text", [TEXT, f"data:image/png;base64,{TEXT}"])
async def test_a_picture_beside_parameters_is_a_source(text: str) -> None:
    parameters = {"prompt": "a hat on it", "target_size": {"width": 640, "height": 512}}
    job, _ = await painted({"inputs": text, "parameters": parameters}, EDITOR)
    assert (job.operation, job.prompt, job.size) == (Operation.EDIT, "a hat on it", Size(640, 512))
    assert (await job.images[0].to_bytes()).head(99) == PNG


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PNG, None),
        (PNG, "image/png"),
        (WEBP, "application/octet-stream"),
        ({"inputs": TEXT}, "application/json"),
        ({"inputs": TEXT, "parameters": {"num_inference_steps": 3}}, "application/json"),
    ],
)
async def test_a_picture_without_a_prompt_is_varied(body: object, kind: str | None) -> None:
    job, _ = await painted(body, EDITOR, {"content-type": kind} if kind else {})
    assert (job.operation, job.prompt) == (Operation.EDIT, variation_prompt())
    assert (await job.images[0].to_bytes()).head(4) in (PNG[:4], WEBP[:4])


async def test_a_large_picture_is_a_source_too() -> None:
    text = base64.b64encode(PNG + b"pixels" * 50_000).decode()
    for parameters in ({"prompt": "a hat"}, {}):
        job, _ = await painted({"inputs": text, "parameters": parameters}, EDITOR)
        assert (await job.images[0].to_base64()).head(10**6) == text.encode()


@pytest.mark.parametrize(
    "accept", ["image/webp", "image/webp,image/*;q=0.8", "text/html, IMAGE/WEBP"]
)
async def test_the_accepted_format_is_what_the_picture_is_turned_into(
    accept: str,
) -> None:
    class Converter:
        async def convert(
            self, content: Blob, output_format: str, compression: int | None, size: object = None
        ) -> Blob:
            assert (output_format, compression) == ("webp", None)
            return BytesBlob(WEBP)

    gate = gateway(FakeProvider([[HELD]]), converter=Converter())
    reply = await post(gate, {"inputs": "a cat"}, headers={"accept": accept})
    assert (await body_of(reply), reply.headers["content-type"]) == (WEBP, "image/webp")
    assert "x-darkroom-ignored" not in reply.headers


@pytest.mark.parametrize("accept", ["image/png", "*/*", "image/*", "application/json"])
async def test_an_accepted_format_that_the_picture_already_has_is_not_reported(accept: str) -> None:
    _, reply = await painted({"inputs": "a cat"}, headers={"accept": accept})
    assert "x-darkroom-ignored" not in reply.headers


async def test_a_remembered_picture_comes_as_its_file() -> None:
    provider = FakeProvider([[HELD]])
    gate = gateway(provider, media=MemoryMedia())
    headers = {"authorization": f"Bearer hf_{'t' * 20}"}
    body = {"inputs": "a cat", "parameters": {"seed": 5}}
    first = await post(gate, body, headers=headers)
    again = await post(gate, body, headers=headers)
    assert await body_of(first) == await body_of(again) == PNG
    assert again.headers["content-type"] == "image/png"
    assert (again.headers["x-darkroom-cache"], len(provider.calls)) == ("hit", 1)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("black-forest-labs/FLUX.1-schnell", "flux-1-schnell"),
        ("Tongyi-MAI/Z-Image-Turbo", "z-image-turbo"),
        ("Tongyi-MAI/Z-Image", "z-image"),
        ("Qwen/Qwen-Image", "Qwen/Qwen-Image"),
        ("AIDC-AI/Ovis-Image-7B", "ovis-image"),
        ("black-forest-labs/FLUX.1-dev", "hf-inference/black-forest-labs/FLUX.1-dev"),
        ("hf-inference/black-forest-labs/FLUX.1-schnell",
         "hf-inference/black-forest-labs/FLUX.1-schnell"),
        ("stabilityai/stable-diffusion-xl-base-1.0",
         "hf-inference/stabilityai/stable-diffusion-xl-base-1.0"),
        ("gemini-3-pro-image", "gemini/gemini-3-pro-image"),
        ("ms/flux-2", "ms/black-forest-labs/FLUX.2-dev"),
        ("auto", "z-image-turbo"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("spell", [str, lambda name: quote(name, safe=""), lambda name: f"{name}/"])
async def test_the_hubs_ids_mean_a_free_space_where_there_is_one(
    written: str, meant: str, spell: Any
) -> None:
    provider = FakeProvider([[HELD]])
    everyone = {"huggingface", "hf-inference", "gemini", "modelscope"}
    gate = replace(gateway(provider), engine=engine(dict.fromkeys(everyone, provider)))
    prefix = meant.partition("/")[0] if meant.startswith(("ms/", "gemini/")) else "hf"
    headers = {"authorization": f"Bearer {prefix}:a-token"}
    reply = await post(gate, {"inputs": "a cat"}, spell(written), headers)
    assert reply.headers["x-darkroom-model"] == meant


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "inputs: say what"),
        ({"inputs": " "}, "inputs: say what"),
        ({"inputs": None}, "inputs: say what"),
        ({"inputs": 5}, "inputs: "),
        ({"inputs": "a cat", "parameters": []}, "parameters: must be an object"),
        ({"inputs": "a cat", "parameters": {"width": "wide", "height": 1}}, "width: "),
        ({"inputs": "a cat", "parameters": {"num_inference_steps": 999}}, "num_inference_steps: "),
        ({"inputs": "a cat", "parameters": {"target_size": "9"}}, "target_size: "),
        ({"inputs": "a cat", "parameters": {"prompt": "a hat"}}, "inputs: this is not a PNG"),
        ({"inputs": TEXT, "parameters": {"prompt": "a hat"}}, "inputs: flux-1-schnell paints from"),
        ({"inputs": "x" * 300_000}, "inputs: "),
        (b"", "The request's body is not JSON"),
        (b"GIF87", "The request's body is not JSON"),
        (b"[]", "The request's body must be a JSON object"),
    ],
)
async def test_a_wrong_request_is_a_400_in_the_hubs_shape(body: object, says: str) -> None:
    reply = await post(gateway(), body)
    answer = await json_of(reply)
    assert reply.status == 400
    assert set(answer) == {"error", "error_type"}
    assert answer["error"].startswith(says), answer


async def test_a_body_that_calls_itself_a_picture_must_be_one() -> None:
    reply = await post(gateway(), b"{}", EDITOR, {"content-type": "image/png"})
    assert (reply.status, (await json_of(reply))["error_type"]) == (400, "invalid_image_file")


@pytest.mark.parametrize(
    ("kind", "details", "status", "estimated_time"),
    [
        (ContentRefused, {}, 400, None),
        (CredentialRefused, {}, 401, None),
        (RateLimited, {"retry_after_s": 5.0}, 429, None),
        (QuotaExhausted, {}, 429, None),
        (JobLost, {}, 502, None),
        (UpstreamUnavailable, {}, 503, 20.0),
        (UpstreamUnavailable, {"retry_after_s": 9.5}, 503, 9.5),
        (UpstreamSilent, {}, 503, None),
        (NotConfigured, {}, 503, None),
        (DeadlineExceeded, {}, 504, None),
    ],
)
async def test_a_failure_keeps_its_status_and_says_when_to_come_again(
    kind: type[Failure], details: dict[str, Any], status: int, estimated_time: float | None
) -> None:
    gate = gateway(FakeProvider([[failure(kind, "it went wrong", **details)]]))
    reply = await post(gate, {"inputs": "a cat"})
    answer = await json_of(reply)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    assert (answer["error"], answer["error_type"]) == ("it went wrong", kind.default_code)
    assert answer.get("estimated_time") == estimated_time
    assert reply.headers["x-darkroom-provider"] == "huggingface"


async def test_an_unknown_model_and_a_wrong_method_are_reported_in_the_same_shape() -> None:
    reply = await post(gateway(), {"inputs": "a"}, "black-forest-labs/FLUX.1-schnel")
    assert reply.status == 404
    assert "Did you mean black-forest-labs/FLUX.1-schnell" in (await json_of(reply))["error"]
    requested = request("GET", f"/hf-inference/models/{PAINTER}")
    reply = await handle(requested, gateway(), lambda entry: None)
    assert (reply.status, reply.headers["allow"]) == (405, "POST, OPTIONS")
    assert (await json_of(reply))["error_type"] == "method_not_allowed"


async def test_an_answer_is_never_200_without_a_picture() -> None:
    http = FakeHttp({"a.png": [FakeReply(pieces=[b"<html>"])]})
    provider = FakeProvider([[Finished((Picture(url="https://x.example.com/a.png"),), 1)]])
    reply = await post(gateway(provider, http=http), {"inputs": "a cat"})
    assert (reply.status, (await json_of(reply))["error_type"]) == (502, "generation_failed")


async def test_a_token_reaches_the_provider_and_nothing_else() -> None:
    provider = FakeProvider([[HELD]])
    log: list[Mapping[str, object]] = []
    headers = {"authorization": "Bearer hf_topsecret1"}
    path = f"/hf-inference/models/{PAINTER}"
    requested = request("POST", path, {"inputs": "my private thoughts"}, headers)
    reply = await handle(requested, gateway(provider), log.append)
    token = provider.calls[0][1].token
    assert token is not None
    assert token.reveal() == "hf_topsecret1"
    assert "topsecret" not in repr((reply.headers, log))
    assert "private" not in json.dumps(log)
