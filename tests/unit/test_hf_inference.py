"""The provider of Hugging Face's router, against answers that were written beforehand."""

import base64

import pytest

from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamUnavailable,
)
from darkroom.providers.hf_inference import HuggingFaceInference
from darkroom.providers.provider import Route
from tests.support.fakes import PNG, FakeHttp, FakeReply
from tests.support.runs import SOURCE, bytes_of, finish, job_of, route_to, run

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
KONTEXT = "black-forest-labs/FLUX.1-Kontext-dev"
JOB = job_of(steps=30, guidance_scale=7.0, negative_prompt="a dog")
ROOT = "https://router.huggingface.co/hf-inference/models"


def route(name: str = SDXL) -> Route:
    return route_to(f"hf-inference/{name}", "hf_secret")


def answers(*pieces: bytes | Exception, status: int = 200, kind: str = "image/png") -> FakeHttp:
    return FakeHttp({"": [FakeReply(status, {"content-type": kind}, pieces)]})


async def test_a_job_goes_out_as_the_row_says_and_comes_back_as_a_file() -> None:
    http = answers(PNG)
    finished = await finish(HuggingFaceInference(), JOB, route(), http)
    assert bytes_of(finished) == PNG
    assert finished.seed == 7
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("POST", f"{ROOT}/{SDXL}")
    assert sent.headers == {
        "authorization": "Bearer hf_secret",
        "accept": "image/png",
        "content-type": "application/json",
    }
    assert sent.json == {
        "inputs": "a cat",
        "parameters": {
            "width": 1024,
            "height": 768,
            "num_inference_steps": 30,
            "guidance_scale": 7.0,
            "negative_prompt": "a dog",
            "seed": 7,
        },
    }
    assert all(reply.closed for reply in http.replies)


async def test_unset_fields_of_a_job_are_not_sent() -> None:
    http = answers(PNG)
    schnell = route("black-forest-labs/FLUX.1-schnell")
    await finish(HuggingFaceInference(), job_of(steps=4), schnell, http)
    assert sorted(http.sent[0].json["parameters"]) == [
        "height", "num_inference_steps", "seed", "width",
    ]  # fmt: skip


async def test_an_edit_sends_the_picture_as_inputs_and_the_prompt_beside_it() -> None:
    http = answers(PNG)
    job = job_of(images=(SOURCE,), steps=28, guidance_scale=2.5)
    await finish(HuggingFaceInference(), job, route(KONTEXT), http)
    assert http.sent[0].url == f"{ROOT}/{KONTEXT}"
    assert http.sent[0].json == {
        "inputs": base64.b64encode(PNG).decode(),
        "parameters": {
            "prompt": "a cat",
            "num_inference_steps": 28,
            "guidance_scale": 2.5,
            "seed": 7,
            "target_size": {"width": 1024, "height": 768},
        },
    }


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, "Invalid username or password.", CredentialRefused),
        (402, "You have exceeded your monthly included credits", QuotaExhausted),
        (429, "Too many requests. Please slow down.", RateLimited),
        (400, "Potential NSFW content was detected", ContentRefused),
        (400, "out of range", InvalidRequest),
        (404, "Model a/b does not exist", UpstreamRefused),
        (500, "CUDA out of memory", JobFailed),
        (503, "Service Temporarily Unavailable", UpstreamUnavailable),
    ],
)
async def test_every_refusal_is_sorted_and_reported(
    status: int, error: str, kind: type[Failure]
) -> None:
    http = answers(f'{{"error": "{error}"}}'.encode(), status=status, kind="application/json")
    with pytest.raises(kind) as caught:
        await run(HuggingFaceInference(), JOB, route(), http)
    assert type(caught.value) is kind or kind is UpstreamUnavailable
    assert error in caught.value.message
    assert all(reply.closed for reply in http.replies)


async def test_a_model_that_is_loading_says_for_how_long() -> None:
    body = b'{"error": "Model a/b is currently loading", "estimated_time": 20.0}'
    http = answers(body, status=503, kind="application/json")
    with pytest.raises(UpstreamUnavailable, match="currently loading") as caught:
        await run(HuggingFaceInference(), JOB, route(), http)
    assert caught.value.retry_after_s == 20.0


@pytest.mark.parametrize(
    ("body", "kind", "failure"),
    [
        (b"", "image/png", JobFailed),
        (b'[{"generated_text": "soft colours"}]', "application/json", JobFailed),
        (b'{"error": "no picture today"}', "application/json", ContentRefused),
        (b"<!DOCTYPE html><h1>Hello</h1>", "text/html", UpstreamBroken),
    ],
)
async def test_an_answer_that_is_no_picture_is_never_passed_on(
    body: bytes, kind: str, failure: type[Failure]
) -> None:
    with pytest.raises(failure):
        await run(HuggingFaceInference(), JOB, route(), answers(body, kind=kind))


async def test_an_answer_that_breaks_off_is_a_lost_job() -> None:
    with pytest.raises(JobLost):
        await run(HuggingFaceInference(), JOB, route(), answers(PNG, ConnectionError("gone")))
