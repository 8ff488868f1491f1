"""The provider of Z-Image studios, against answers that were written beforehand."""

import pytest

from darkroom.errors import (
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.providers.provider import Route
from darkroom.providers.studio import Studio
from tests.support.fakes import PNG, FakeHttp, FakeReply
from tests.support.runs import bytes_of, finish, job_of, route_to, run

JOB = job_of(steps=9, guidance_scale=0.0)


def route(token: str | None = None) -> Route:
    return route_to("studio/z-image-turbo", token, {"base": "https://studio.example"})


def answers(
    *pieces: bytes | Exception, status: int = 200, kind: str = "image/png", seed: str = "7"
) -> FakeHttp:
    reply = FakeReply(status, {"content-type": kind, "x-seed": seed}, pieces)
    return FakeHttp({"/api/generate": [reply]})


async def test_a_job_goes_out_as_the_row_says_and_comes_back_as_a_file() -> None:
    http = answers(PNG, seed="8")
    finished = await finish(Studio(), JOB, route(), http)
    assert bytes_of(finished) == PNG
    assert finished.seed == 8
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("POST", "https://studio.example/api/generate")
    assert sent.headers["content-type"] == "application/json"
    assert sent.json == {
        "prompt": "a cat",
        "width": 1024,
        "height": 768,
        "steps": 9,
        "seed": 7,
        "guidance_scale": 0.0,
    }
    assert all(reply.closed for reply in http.replies)


async def test_a_password_travels_as_a_bearer_token() -> None:
    http = answers(PNG)
    await finish(Studio(), JOB, route("open-sesame"), http)
    assert http.sent[0].headers["authorization"] == "Bearer open-sesame"


async def test_without_a_password_none_is_sent() -> None:
    http = answers(PNG)
    await finish(Studio(), JOB, route(), http)
    assert "authorization" not in http.sent[0].headers


async def test_the_seed_zero_is_kept_though_the_studio_calls_it_random() -> None:
    http = answers(PNG, seed="random")
    finished = await finish(Studio(), job_of(seed=0), route(), http)
    assert http.sent[0].json["seed"] == 0
    assert finished.seed == 0


@pytest.mark.parametrize(
    ("status", "detail", "kind", "words"),
    [
        (401, '"Invalid or missing password"', CredentialRefused, "Invalid or missing"),
        (400, '"Encoder-only mode: use /api/encode"', InvalidRequest, "Encoder-only mode"),
        (422, '[{"loc":["body","width"],"msg":"Field required"}]', InvalidRequest, "Field requir"),
        (500, '"Height must be divisible by 16"', JobFailed, "must be divisible by 16"),
        (500, '"CUDA out of memory"', JobFailed, "CUDA out of memory"),
        (503, '"Pipeline not loaded"', UpstreamUnavailable, "Pipeline not loaded"),
    ],
)
async def test_a_detail_is_read_be_it_a_text_or_a_list(
    status: int, detail: str, kind: type[Failure], words: str
) -> None:
    body = f'{{"detail": {detail}}}'.encode()
    http = answers(body, status=status, kind="application/json")
    with pytest.raises(kind, match=words):
        await run(Studio(), JOB, route(), http)
    assert all(reply.closed for reply in http.replies)


@pytest.mark.parametrize(
    ("body", "kind", "failure"),
    [
        (b"", "image/png", JobFailed),
        (b"<html>Welcome</html>", "text/html", UpstreamBroken),
        (b'{"detail": "what a picture"}', "application/json", Failure),
    ],
)
async def test_an_answer_that_is_no_picture_is_never_passed_on(
    body: bytes, kind: str, failure: type[Failure]
) -> None:
    with pytest.raises(failure):
        await run(Studio(), JOB, route(), answers(body, kind=kind))


async def test_a_studio_that_cannot_be_reached_took_no_job() -> None:
    http = FakeHttp({"/api/generate": [ConnectionError("refused")]})
    with pytest.raises(UpstreamUnavailable, match="cannot be reached"):
        await run(Studio(), JOB, route(), http)


async def test_a_studio_that_breaks_off_in_the_middle_has_lost_the_job() -> None:
    http = answers(PNG, ConnectionError("gone"))
    with pytest.raises(JobLost):
        await run(Studio(), JOB, route(), http)
    assert all(reply.closed for reply in http.replies)
