"""Which refusals of an upstream are the caller's to mend, and which open a circuit breaker."""

import json

import pytest

from darkroom.access import MAX_TOKEN_CHARS, MAX_TOKENS, read_bearer
from darkroom.catalog.catalog import load_catalog
from darkroom.deadline import Deadline
from darkroom.engine.plan import Step, plan_routes
from darkroom.errors import Failure, InvalidRequest, UpstreamBroken, UpstreamRefused
from darkroom.providers.error_mapping import UpstreamError, map_error, read_text
from darkroom.providers.gradio.error_mapping import answer_failure
from darkroom.providers.openai_compatible import OpenAICompatible
from darkroom.settings import Secret
from tests.support.fakes import FakeClock, FakeHttp, FakeReply, engine
from tests.support.runs import job_of

CATALOG = load_catalog()
JSON = {"content-type": "application/json"}
PAGE = {"content-type": "text/html"}
NGINX = b"<html><head><title>400 Request Header Or Cookie Too Large</title></head></html>"


def sorted_as(status: int, body: bytes, headers: dict[str, str]) -> Failure:
    return map_error(UpstreamError(status, headers, read_text(body)), "An API")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": "steps: at most 50"}}),
        (400, {"message": "prompt is too long"}),
        (400, {"message": "the header of the picture is too large"}),
        (400, {"message": "bad https address of a picture"}),
        (409, {"detail": "busy with the same id"}),
        (415, {"error": "send a PNG"}),
        (422, {"detail": [{"loc": ["body", "size"], "msg": "not a size"}]}),
        (413, {"error": "the picture is too large"}),
        (413, None),
    ],
)
def test_a_json_error_about_the_request_is_a_caller_error(status: int, body: object) -> None:
    wire = b"" if body is None else json.dumps(body).encode()
    failure = sorted_as(status, wire, JSON)
    assert isinstance(failure, InvalidRequest)
    assert failure.status == 400


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, b"", {}),
        (400, b"{}", JSON),
        (400, b"Bad Request", {"content-type": "text/plain"}),
        (400, b'"bad"', JSON),
        (400, NGINX, PAGE),
        (413, NGINX, PAGE),
        (422, b"", {}),
        (400, b'{"error": "Request Header Fields Too Large"}', JSON),
        (400, b'{"message": "Request header or cookie too large"}', JSON),
        (400, b'{"message": "Too many headers"}', JSON),
        (400, b'{"detail": "Invalid HTTP request received."}', JSON),
        (400, b'{"message": "Request URI too long"}', JSON),
        (400, b'{"message": "Malformed HTTP request"}', JSON),
        (400, b'{"message": "The plain HTTP request was sent to HTTPS port"}', JSON),
        (405, b'{"detail": "Method Not Allowed"}', JSON),
        (411, b'{"message": "length required"}', JSON),
        (414, b'{"message": "URI too long"}', JSON),
        (417, b"", {}),
        (418, b'{"message": "teapot"}', JSON),
        (426, b'{"message": "upgrade"}', JSON),
        (428, b"", {}),
        (431, b'{"message": "Request Header Fields Too Large"}', JSON),
        (451, b"", {}),
        (494, b"", {}),
        (404, b'{"error": "no such model"}', JSON),
    ],
)
def test_an_error_that_is_not_about_the_request_is_an_upstream_failure(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    failure = sorted_as(status, body, headers)
    assert isinstance(failure, UpstreamRefused)
    assert (failure.status, failure.code) == (502, "upstream_error")


@pytest.mark.parametrize(
    ("status", "body", "headers"), [(400, NGINX, PAGE), (431, b"", {}), (400, b"{}", JSON)]
)
def test_a_space_that_does_not_understand_the_message_is_not_taken_for_one_asleep(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    assert isinstance(answer_failure(status, headers, body, "a/b"), UpstreamRefused)


async def state_after(reply: FakeReply) -> str:
    """How the breaker of an upstream is after it has answered the same ten times."""
    whole = engine(
        {"gitee": OpenAICompatible(lambda: "b")}, FakeHttp({"/images/generations": [reply]})
    )
    model = CATALOG.find("gitee/z-image-turbo")
    assert model is not None
    for number in range(10):
        steps = [Step(job_of(), r) for r in plan_routes(model, [Secret(f"token{number}")])]
        with pytest.raises(Failure):
            [e async for e in whole.run(steps, Deadline.after(60, FakeClock()), live=False)]
    return whole.breakers.of("gitee", "z-image-turbo").state.value


@pytest.mark.parametrize("status", [400, 404, 414, 431, 494])
async def test_answers_that_one_caller_can_provoke_do_not_open_the_breaker(
    status: int,
) -> None:
    assert await state_after(FakeReply(status, PAGE, [NGINX])) == "closed"


async def test_answers_that_make_no_sense_still_open_the_breaker() -> None:
    assert await state_after(FakeReply(500, PAGE, [NGINX])) == "open"
    assert isinstance(sorted_as(500, NGINX, PAGE), UpstreamBroken)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("Bearer gitee:" + "a" * (MAX_TOKEN_CHARS + 1), "a token of more than 4096 characters"),
        ("Bearer " + ",".join(["hf_token"] * (MAX_TOKENS + 1)), "65 tokens, and 64 are the most"),
    ],
)
def test_tokens_that_no_upstream_would_take_are_refused_here(header: str, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        read_bearer(header, CATALOG.providers)
