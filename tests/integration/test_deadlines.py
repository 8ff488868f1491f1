"""Time that runs out, on real Gradio."""

from collections.abc import AsyncIterator

import httpx
import pytest

from darkroom.providers.gradio import client
from tests.integration.conftest import Caller, build_gateway
from tests.support.network import HttpxHttp
from tests.support.spaces import Spaces

HURRIED_S = 2.0


@pytest.fixture
async def hurried(spaces: Spaces) -> AsyncIterator[Caller]:
    """A caller whose requests may take hardly any time."""
    async with httpx.AsyncClient(timeout=None) as http:
        yield Caller(build_gateway(spaces, HttpxHttp(http), request_timeout_s=HURRIED_S))


@pytest.mark.parametrize("prompt", ["[[sleep:5]]", "[[stall]]"])
async def test_a_job_that_takes_too_long_is_taken_back(
    hurried: Caller, spaces: Spaces, prompt: str
) -> None:
    spaces.forget()
    status, error, reply = await hurried.error(prompt=prompt)
    assert (status, error["code"]) == (504, "deadline_exceeded")
    assert reply.headers["x-should-retry"] == "false"
    assert len(spaces.log("/cancel")) == 1


async def test_a_stream_that_takes_too_long_ends_with_an_error(
    hurried: Caller, spaces: Spaces
) -> None:
    spaces.forget()
    events = await hurried.stream(prompt="[[stall]]")
    kind, fields = events[-1]
    assert (kind, fields["error"]["code"]) == ("error", "deadline_exceeded")
    assert len(spaces.log("/cancel")) == 1


async def test_a_space_that_never_answers_gives_way_to_the_next(
    caller: Caller, spaces: Spaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_LIMIT_S", 1.0)
    with spaces.mode("mrfakename-z-image-turbo", "hang"):
        reply = await caller.generate(model="z-image-turbo")
    assert reply.status == 200
    assert reply.headers["x-darkroom-attempts"] == "2"
