"""The provider of Pollinations' three hosts, against answers that were written beforehand."""

import base64
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from darkroom.errors import (
    Action,
    ContentRefused,
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.providers.pollinations import MAX_ADDRESS_CHARS, Pollinations
from darkroom.providers.provider import Route
from tests.support.fakes import PNG, FakeHttp, FakeReply
from tests.support.runs import SOURCE, bytes_of, finish, job_of, route_to, run

JOB = job_of(prompt_enhance=False)
PAINTED = b'{"data": [{"b64_json": "%s"}]}' % base64.b64encode(PNG)
NOTICE = b"IMPORTANT NOTICE: the legacy API is being deprecated. See https://enter.pollinations.ai"


def route(token: str | None = None, name: str = "flux") -> Route:
    return route_to(f"pollinations/{name}", token)


def answers(
    *pieces: bytes | Exception, status: int = 200, kind: str = "application/json"
) -> FakeHttp:
    return FakeHttp({"": [FakeReply(status, {"content-type": kind}, pieces)]})


async def test_with_a_token_a_job_goes_to_the_new_host() -> None:
    http = answers(PAINTED)
    finished = await finish(Pollinations(), JOB, route("sk_secret"), http)
    assert finished.seed == 7
    (picture,) = finished.pictures
    assert picture.file is not None
    assert (await picture.file.to_bytes()).head(99) == PNG
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("POST", "https://gen.pollinations.ai/v1/images/generations")
    assert sent.headers["authorization"] == "Bearer sk_secret"
    assert sent.json == {
        "model": "flux",
        "prompt": "a cat",
        "size": "1024x768",
        "seed": 7,
        "n": 1,
        "enhance": False,
        "response_format": "b64_json",
    }
    assert all(reply.closed for reply in http.replies)


async def test_without_a_token_a_job_goes_to_the_old_host_as_an_address() -> None:
    http = answers(PNG, kind="image/jpeg")
    finished = await finish(Pollinations(), JOB, route(), http)
    assert bytes_of(finished) == PNG
    assert finished.seed == 7
    (sent,) = http.sent
    parts = urlsplit(sent.url)
    assert (sent.method, sent.body) == ("GET", None)
    assert (parts.netloc, parts.path) == ("image.pollinations.ai", "/prompt/a%20cat")
    assert dict(parse_qsl(parts.query)) == {
        "model": "flux",
        "width": "1024",
        "height": "768",
        "seed": "7",
        "enhance": "false",
        "nologo": "true",
        "private": "true",
    }
    assert "authorization" not in sent.headers
    assert all(reply.closed for reply in http.replies)


@pytest.mark.parametrize("prompt", ["who? me & you", "a/b#c", "50% of 猫", "../models", "\ud83d!"])
async def test_any_prompt_stays_inside_its_part_of_the_address(prompt: str) -> None:
    http = answers(PNG, kind="image/jpeg")
    await finish(Pollinations(), job_of(prompt=prompt), route(), http)
    path = urlsplit(http.sent[0].url).path
    assert path.count("/") == 2
    assert unquote(path.removeprefix("/prompt/")) == prompt.replace("\ud83d", "?")


async def test_a_prompt_too_long_for_an_address_is_refused_before_anything_is_sent() -> None:
    http = answers(PNG)
    job = job_of(prompt="猫" * (MAX_ADDRESS_CHARS // 9))
    with pytest.raises(InvalidRequest, match=f"{MAX_ADDRESS_CHARS} are the most") as caught:
        await run(Pollinations(), job, route(), http)
    assert caught.value.param == "prompt"
    assert not http.sent


async def test_a_long_prompt_is_no_trouble_with_a_token() -> None:
    http = answers(PAINTED)
    await finish(Pollinations(), job_of(prompt="x" * 30_000), route("sk_secret"), http)
    assert len(http.sent[0].json["prompt"]) == 30_000


async def test_an_edit_sends_the_picture_as_a_data_url() -> None:
    http = answers(PAINTED)
    job = job_of(images=(SOURCE,))
    await finish(Pollinations(), job, route("sk_secret", "kontext"), http)
    sent = http.sent[0].json
    assert sent["model"] == "kontext"
    assert sent["image"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


async def test_an_edit_without_a_token_is_refused_before_anything_is_sent() -> None:
    http = answers(PNG)
    with pytest.raises(InvalidRequest, match="send a token") as caught:
        await run(Pollinations(), job_of(images=(SOURCE,)), route(name="kontext"), http)
    assert caught.value.param == "image"
    assert not http.sent


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "BAD_REQUEST", "n: at most 1", InvalidRequest),
        (401, "UNAUTHORIZED", "Invalid API key.", CredentialRefused),
        (402, "PAYMENT_REQUIRED", "Insufficient balance.", QuotaExhausted),
        (403, "FORBIDDEN", "No permission for this model", CredentialRefused),
        (422, "content_policy_violation", "rejected by moderation", ContentRefused),
        (429, "RATE_LIMITED", "Please slow down.", RateLimited),
        (500, "INTERNAL_ERROR", "fetch failed", UpstreamBroken),
        (503, "SERVICE_UNAVAILABLE", "No available servers.", UpstreamUnavailable),
    ],
)
async def test_every_refusal_of_the_new_host_is_sorted_and_reported(
    status: int, code: str, message: str, kind: type[Failure]
) -> None:
    error = f'{{"success":false,"error":{{"message":"{message}","code":"{code}"}}}}'
    http = answers(error.encode(), status=status)
    with pytest.raises(kind) as caught:
        await run(Pollinations(), JOB, route("sk_secret"), http)
    assert message in caught.value.message
    assert all(reply.closed for reply in http.replies)


async def test_an_answer_of_the_new_host_without_a_picture_is_a_failed_job() -> None:
    with pytest.raises(JobFailed) as caught:
        await run(Pollinations(), JOB, route("sk_secret"), answers(b'{"data": []}'))
    assert caught.value.code == "no_image"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (NOTICE, "text/plain", 200),
        (b"<!DOCTYPE html><p>" + NOTICE + b"</p>", "text/html", 200),
        (b'{"message": "' + NOTICE + b'"}', "application/json", 200),
        (b'{"error": "' + NOTICE + b'"}', "application/json", 410),
    ],
)
async def test_a_notice_of_the_old_host_is_an_error_that_another_route_may_cure(
    body: bytes, kind: str, status: int
) -> None:
    http = answers(body, kind=kind, status=status)
    with pytest.raises(JobFailed, match="Send a token, or name another model") as caught:
        await run(Pollinations(), JOB, route(), http)
    assert caught.value.code == "upstream_notice"
    assert caught.value.action is Action.NEXT_ROUTE
    assert "http" not in caught.value.message
    assert all(reply.closed for reply in http.replies)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, CredentialRefused),
        (402, RateLimited),
        (404, UpstreamBroken),
        (429, RateLimited),
        (500, UpstreamBroken),
        (503, UpstreamUnavailable),
    ],
)
async def test_no_refusal_of_the_old_host_speaks_of_a_token_that_was_sent(
    status: int, kind: type[Failure]
) -> None:
    body = b'{"error": "Payment Required", "message": "Get a key."}'
    with pytest.raises(kind) as caught:
        await run(Pollinations(), JOB, route(), answers(body, status=status))
    assert "this token" not in caught.value.message
    assert "does not accept" not in caught.value.message
    if kind is RateLimited:
        assert type(caught.value) is RateLimited
        assert caught.value.retry_after_s == 5.0


@pytest.mark.parametrize(
    ("body", "kind", "failure"),
    [
        (b"", "image/jpeg", JobFailed),
        (b"A picture in words: soft colours.", "text/plain", ContentRefused),
        (b"<html>Welcome</html>", "text/html", UpstreamBroken),
    ],
)
async def test_an_answer_of_the_old_host_that_is_no_picture_is_never_passed_on(
    body: bytes, kind: str, failure: type[Failure]
) -> None:
    with pytest.raises(failure):
        await run(Pollinations(), JOB, route(), answers(body, kind=kind))


async def test_a_get_that_breaks_off_may_be_called_again() -> None:
    with pytest.raises(UpstreamUnavailable):
        await run(Pollinations(), JOB, route(), answers(PNG, ConnectionError("gone")))


async def test_a_post_that_breaks_off_is_a_lost_job() -> None:
    http = answers(PAINTED[:20], ConnectionError("gone"))
    with pytest.raises(JobLost):
        await run(Pollinations(), JOB, route("sk_secret"), http)
