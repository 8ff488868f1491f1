"""Whether a job of a real Gradio can be followed on by another client, as after a crash.

Gradio holds a session's messages from the join on, and lets go of its jobs when its stream breaks
off (`queue_data_helper` in gradio/routes.py, `clean_events` in gradio/queueing.py). So a job that
nobody had begun to read can be joined again, and one whose stream died with its reader cannot: 4
and 5 no longer know the session, 6 sends heartbeats for ever and no result.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.channels import configure
from darkroom.deadline import Deadline
from darkroom.edge.clock import SystemClock
from darkroom.errors import JobLost
from darkroom.events import Accepted, Event, Finished
from darkroom.job import ImageJob, Operation, Size
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.huggingface import HuggingFace
from darkroom.providers.provider import Route
from tests.support.network import HttpxHttp
from tests.support.spaces import Spaces

pytestmark = pytest.mark.every_gradio
SECONDS = 60.0


def job_of(prompt: str) -> ImageJob:
    return ImageJob(Operation.GENERATE, "flux-1-schnell", prompt, Size(512, 512), 7, steps=4)


def route_of(spaces: Spaces) -> Route:
    env = {"HUGGINGFACE_SPACE_URL": spaces.space_url}
    model = configure(load_catalog(), env).catalog.find("flux-1-schnell")
    assert model is not None
    return Route(model, model.upstreams[0])


def provider(session: str) -> HuggingFace:
    return HuggingFace(
        token_header="x-hf-authorization",
        new_session=lambda: session,
        signatures=SignatureCache(),
    )


@pytest.fixture
async def network() -> AsyncIterator[HttpxHttp]:
    async with httpx.AsyncClient(timeout=None) as client:
        yield HttpxHttp(client)


async def join_and_die(
    spaces: Spaces, http: HttpxHttp, prompt: str, *, reads: bool
) -> Mapping[str, str]:
    """Join, read the first message or none, and be gone without a word: no cancel is sent."""

    class Dying(HttpxHttp):
        async def send(self, method: str, address: Any, **rest: Any) -> Any:
            if str(address).endswith("/cancel"):
                raise ConnectionError("a dead client sends nothing")
            return await http.send(method, address, **rest)

    async with httpx.AsyncClient() as client:
        events = provider("read" if reads else "unread").run(
            job_of(prompt), route_of(spaces), Dying(client), Deadline.after(SECONDS, SystemClock())
        )
        async with aclosing(events):
            first = await anext(events)
            assert isinstance(first, Accepted)
            if reads:
                await anext(events)
    return first.handle


async def rejoined(
    spaces: Spaces, http: HttpxHttp, prompt: str, handle: Mapping[str, str]
) -> list[Event]:
    deadline = Deadline.after(SECONDS, SystemClock())
    events = provider("unused").resume(handle, job_of(prompt), route_of(spaces), http, deadline)
    async with aclosing(events):
        return [event async for event in events]


async def test_a_job_whose_stream_was_never_opened_is_joined_again(
    spaces: Spaces, network: HttpxHttp
) -> None:
    spaces.forget()
    handle = await join_and_die(spaces, network, "unread", reads=False)
    events = await rejoined(spaces, network, "unread", handle)
    assert isinstance(events[-1], Finished)
    assert events[-1].pictures[0].url
    assert len(spaces.log("/queue/join")) == 1


async def test_a_job_whose_stream_broke_off_is_dropped_by_gradio(
    spaces: Spaces, network: HttpxHttp
) -> None:
    spaces.forget()
    prompt = "read [[steps:200]]"
    handle = await join_and_die(spaces, network, prompt, reads=True)

    async def follow() -> None:
        await rejoined(spaces, network, prompt, handle)

    with pytest.raises(JobLost, match="Gradio drops a job's result when the stream"):
        await follow()
    assert len(spaces.log("/queue/join")) == 1
