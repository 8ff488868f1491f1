"""Tokens that fail: at which upstreams, what is tried instead, and what the caller is told."""

import json
from collections.abc import Sequence

import pytest

from darkroom.app import handle
from darkroom.attempt import Attempt
from darkroom.catalog.catalog import load_catalog
from darkroom.deadline import Deadline
from darkroom.engine.plan import ChatStep, Step, plan_chat, plan_routes
from darkroom.engine.run import Engine
from darkroom.errors import (
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    QuotaExhausted,
    RateLimited,
    UpstreamUnavailable,
)
from darkroom.events import AttemptFailed, Finished, Picture
from darkroom.http import Reply
from darkroom.job import ImageJob
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.huggingface import HuggingFace
from darkroom.providers.pollinations import Pollinations
from darkroom.settings import Secret
from tests.support.fakes import (
    PNG,
    FakeClock,
    FakeHttp,
    FakeProvider,
    FakeReply,
    engine,
    failure,
    gateway,
    json_of,
    request,
)
from tests.support.runs import SOURCE, job_of

CATALOG = load_catalog()
DONE = Finished((Picture(url="https://x.hf.space/y"),), 1)
FIRST, SECOND = "mrfakename/Z-Image-Turbo", "luca115/z-image-turbo"
DAY_S = 24 * 3600.0


def plan(model: str, *tokens: str, job: ImageJob | None = None) -> list[Step]:
    found = CATALOG.find(model)
    assert found is not None
    return [Step(job or job_of(), r) for r in plan_routes(found, list(map(Secret, tokens)))]


async def attempt_log(whole: Engine, steps: Sequence[Step]) -> list[str]:
    """What was tried on the way to a picture, without the end."""
    events = whole.run(steps, Deadline.after(60, FakeClock()), live=False)
    return [str(event.attempt) async for event in events if isinstance(event, AttemptFailed)]


async def failing(whole: Engine, steps: Sequence[Step]) -> Failure:
    with pytest.raises(Failure) as caught:
        await attempt_log(whole, steps)
    return caught.value


def spaces(*scripts: Sequence[object]) -> tuple[Engine, FakeProvider, FakeClock]:
    provider, clock = FakeProvider([list(script) for script in scripts]), FakeClock()  # type: ignore[arg-type]
    return engine({"huggingface": provider}, clock=clock), provider, clock


@pytest.mark.parametrize("kind", [RateLimited, QuotaExhausted, CredentialRefused])
async def test_one_hostile_space_makes_no_token_rest_at_the_space_of_another_author(
    kind: type[Failure],
) -> None:
    hostile = failure(kind, retry_after_s=9_999_999)
    whole, provider, _ = spaces([hostile], [DONE], [DONE])
    await attempt_log(whole, plan("flux-1-schnell", "hf_one"))
    assert await attempt_log(whole, plan("z-image-turbo", "hf_one")) == []
    assert provider.calls[-1][1].token == Secret("hf_one")


async def test_a_token_that_rests_gives_way_to_none_and_the_caller_sees_it() -> None:
    refused = failure(CredentialRefused)
    whole, provider, _ = spaces([refused], [DONE], [DONE])
    assert await attempt_log(whole, plan("z-image-turbo", "hf_one")) == [
        f"huggingface:{FIRST}#1=invalid_api_key"
    ]
    assert await attempt_log(whole, plan("z-image-turbo", "hf_one")) == [
        f"huggingface:{FIRST}#1=resting_refused"
    ]
    assert [route.token for _, route in provider.calls] == [Secret("hf_one"), None, None]


async def test_a_space_cannot_make_a_token_rest_for_longer_than_an_hour() -> None:
    whole, provider, clock = spaces([failure(RateLimited, retry_after_s=9_999_999)], [DONE])
    await attempt_log(whole, plan("z-image-turbo", "hf_one"))
    clock.now += 3601
    assert await attempt_log(whole, plan("z-image-turbo", "hf_one")) == []
    assert provider.calls[-1][1].token == Secret("hf_one")


async def test_a_space_that_fails_otherwise_is_not_called_again_without_the_token() -> None:
    whole, provider, _ = spaces([failure(UpstreamUnavailable)], [DONE])
    await attempt_log(whole, plan("z-image-turbo", "hf_one"))
    assert [(route.place, route.token) for _, route in provider.calls] == [
        (FIRST, Secret("hf_one")),
        (SECOND, Secret("hf_one")),
    ]


async def test_failures_with_and_without_a_token_are_both_reported() -> None:
    used_up = [failure(QuotaExhausted, "used up", retry_after_s=600)]
    whole, _, _ = spaces(used_up, [failure(RateLimited, "too fast", retry_after_s=5)])
    caught = await failing(whole, plan("flux-1-schnell", "hf_one"))
    assert isinstance(caught, QuotaExhausted)
    assert caught.retry_after_s == 600
    assert caught.message.startswith(
        "No token can be used now: token 1 of Hugging Face Spaces, "
        "black-forest-labs/FLUX.1-schnell: its quota is used up until "
    )
    assert caught.message.endswith(" Without a token: too fast")
    assert caught.attempt_log == (
        Attempt("huggingface", "black-forest-labs/FLUX.1-schnell", "insufficient_quota", 1),
        Attempt("huggingface", "black-forest-labs/FLUX.1-schnell", "rate_limit_exceeded"),
    )


async def test_a_refused_token_is_reported_rather_than_the_failure_without_it() -> None:
    refused = [failure(CredentialRefused, "no such token")]
    whole, _, _ = spaces(refused, [failure(RateLimited, "too fast")])
    caught = await failing(whole, plan("flux-1-schnell", "hf_one"))
    assert (type(caught), caught.message) == (CredentialRefused, "no such token")
    later = await failing(whole, plan("flux-1-schnell", "hf_one"))
    assert isinstance(later, CredentialRefused)
    assert "has refused every token that was sent: token 1" in later.message
    assert later.message.endswith(" Without a token: too fast")


async def test_a_space_that_repeats_a_token_of_an_earlier_attempt_gives_nothing_away() -> None:
    refused = failure(CredentialRefused, "no such token: abcdef, nor abcdefgh")
    whole, _, _ = spaces([refused], [failure(JobFailed, "I saw abcdefgh and abcdef")])
    caught = await failing(whole, plan("flux-1-schnell", "abcdef", "abcdefgh"))
    assert "abcdef" not in f"{caught.message} {refused.message}"


async def test_a_job_refused_without_a_token_is_reported_despite_a_limited_token() -> None:
    whole, _, _ = spaces([failure(RateLimited)], [failure(InvalidRequest, "too many steps")])
    caught = await failing(whole, plan("flux-1-schnell", "hf_one"))
    assert (type(caught), caught.message) == (InvalidRequest, "too many steps")


def answer(status: int, body: bytes = b"{}", kind: str = "application/json") -> FakeReply:
    return FakeReply(status, {"content-type": kind}, [body])


USED_UP = answer(402, b'{"error": {"message": "not enough pollen"}}')


def pollinations(without: FakeReply) -> tuple[Engine, FakeHttp]:
    http = FakeHttp({"/images/generations": [USED_UP], "": [without]})
    return engine({"pollinations": Pollinations()}, http), http


async def test_pollinations_paints_without_a_token_whose_allowance_is_used_up() -> None:
    whole, http = pollinations(answer(200, PNG, "image/png"))
    assert await attempt_log(whole, plan("pollinations/flux", "sk_secret")) == [
        "pollinations:flux#1=insufficient_quota"
    ]
    assert [("authorization" in sent.headers, sent.url[:25]) for sent in http.sent] == [
        (True, "https://gen.pollinations."),
        (False, "https://image.pollination"),
    ]


@pytest.mark.parametrize(
    ("without", "job"),
    [
        (answer(200, PNG), job_of(images=(SOURCE,))),  # edits need a token
        (answer(200, PNG), job_of(prompt="a" * 7000)),  # too long for an address
        (answer(404, b'{"error": "no such model"}'), job_of()),
        (answer(401), job_of()),
        (answer(429), job_of()),
        (answer(400, b'{"error": "bad"}'), job_of()),
        (answer(200, b'{"message": "IMPORTANT NOTICE: we are deprecated"}'), job_of()),
    ],
    ids=["edit", "long prompt", "unknown model", "refused", "busy", "bad", "notice"],
)
async def test_pollinations_failing_without_a_token_is_reported_as_the_tokens_failure(
    without: FakeReply, job: ImageJob
) -> None:
    whole, _ = pollinations(without)
    for _ in range(2):  # the token fails, and then rests
        caught = await failing(whole, plan("pollinations/flux", "sk_secret", job=job))
        assert isinstance(caught, QuotaExhausted)
        assert "token 1 of Pollinations: its quota is used up until" in caught.message
        assert " Without a token: " in caught.message


async def test_callers_without_a_token_learn_what_the_request_lacks() -> None:
    whole, _ = pollinations(answer(200, PNG))
    caught = await failing(whole, plan("pollinations/flux", job=job_of(images=(SOURCE,))))
    assert isinstance(caught, InvalidRequest)
    assert caught.param == "image"


def conversation(*tokens: str) -> Sequence[ChatStep]:
    return plan_chat(CATALOG.find_chat("pollinations/openai"), list(map(Secret, tokens)))


async def converse(whole: Engine, *tokens: str) -> Sequence[Attempt]:
    body = {"messages": [{"role": "user", "content": "hello"}]}
    deadline = Deadline.after(60, FakeClock())
    reply, tried = await whole.converse(conversation(*tokens), body, deadline)
    await reply.close()
    return tried


def chat(without: FakeReply) -> tuple[Engine, FakeHttp]:
    http = FakeHttp({"/v1/chat/completions": [USED_UP], "/openai": [without]})
    return engine({}, http), http


async def test_a_conversation_goes_on_without_a_token_whose_allowance_is_used_up() -> None:
    said = {"choices": [{"message": {"content": "hello"}}]}
    whole, http = chat(answer(200, json.dumps(said).encode()))
    assert list(map(str, await converse(whole, "sk_secret"))) == [
        "pollinations:openai#1=insufficient_quota",
        "pollinations:openai=ok",
    ]
    assert "authorization" not in http.sent[-1].headers


@pytest.mark.parametrize(
    "without",
    [
        answer(404),
        answer(400, b'{"error": "no such model"}'),
        answer(
            200, b'{"choices": [{"message": {"content": "This legacy text API is deprecated"}}]}'
        ),
    ],
    ids=["gone", "refused", "notice"],
)
async def test_the_old_text_hosts_failure_is_reported_as_the_tokens_failure(
    without: FakeReply,
) -> None:
    whole, _ = chat(without)
    with pytest.raises(QuotaExhausted, match=r"token 1 of Pollinations: .* Without a token: "):
        await converse(whole, "sk_secret")
    with pytest.raises(JobFailed if without.status == 200 else Failure) as caught:
        await converse(whole)
    assert "token 1" not in caught.value.message


async def test_a_hostile_spaces_wait_is_capped_at_an_hour_and_applies_to_it_alone() -> None:
    config = '{"dependencies": [{"id": 2, "api_name": "infer", "inputs": [1, 2, 3, 4, 5, 6]}]}'
    hostile = {"content-type": "text/html", "retry-after": "9999999"}
    http = FakeHttp(
        {"/config": [answer(200, config.encode())], "/queue/join": [FakeReply(429, hostile)]}
    )
    spaces = HuggingFace(token_header="x", new_session=lambda: "s", signatures=SignatureCache())
    gate = gateway(spaces, http=http)
    bearer = {"authorization": "Bearer hf:hf_good"}
    body = {"model": "flux-1-schnell", "prompt": "a cat"}

    async def ask(method: str, path: str, body: object = None) -> Reply:
        return await handle(request(method, path, body, bearer), gate, lambda entry: None)

    reply = await ask("POST", "/v1/images/generations", body)
    assert (reply.status, reply.headers["retry-after"]) == (429, "3600")
    rows = (await json_of(await ask("GET", "/v1/providers")))["data"]
    row = next(row for row in rows if row["id"] == "huggingface")
    assert row["usable"] is True
    (credential,) = row["credentials"]
    assert credential["state"] == "usable"
    assert set(credential["upstreams"]) == {"black-forest-labs/FLUX.1-schnell"}
