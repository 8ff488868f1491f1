"""Jobs that are cancelled at their upstream, in the time of the request itself."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from darkroom.address import Address
from darkroom.catalog.model import Upstream
from darkroom.deadline import LONGEST_CLOSING_S, Deadline
from darkroom.engine.plan import Step, plan_routes
from darkroom.errors import DeadlineExceeded
from darkroom.providers.a1111 import Automatic1111
from darkroom.providers.gitee import Gitee
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.huggingface import HuggingFace
from darkroom.providers.provider import Provider
from darkroom.providers.qwen import Qwen
from darkroom.settings import Secret
from tests.support.fakes import FakeClock, FakeHttp, FakeReply, engine
from tests.support.runs import CATALOG, job_of

REQUEST_S = 0.5
LATE_S = 0.3  # what a busy machine may add


class RealClock(FakeClock):
    """The time as it is."""

    def monotonic(self) -> float:
        return time.monotonic()


def answer(text: str, kind: str = "application/json") -> FakeReply:
    return FakeReply(200, {"content-type": kind}, [text.encode()])


class Staller(FakeHttp):
    """Takes jobs, and then says nothing more: neither of a job, nor to being told to cancel it."""

    def __init__(self, accepted: Mapping[str, FakeReply], *stalled: str) -> None:
        super().__init__({path: [reply] for path, reply in accepted.items()})
        self.stalled = stalled
        self.cancels: list[Deadline] = []
        self.waiting = asyncio.Event()

    async def send(self, method: str, address: Address, **rest: Any) -> FakeReply:
        url = str(address)
        if url.endswith(("/cancel", "/interrupt")):
            self.cancels.append(rest["deadline"])
            await asyncio.Event().wait()
        if url.partition("?")[0].endswith(self.stalled):
            self.waiting.set()
            with rest["deadline"].enforced():
                await asyncio.Event().wait()
        return await super().send(method, address, **rest)


CONFIG = '{"dependencies": [{"id": 2, "api_name": "infer", "inputs": [1, 2, 3, 4, 5, 6]}]}'
SPACE = {"/config": answer(CONFIG), "/queue/join": answer('{"event_id": "E"}')}
GITEE_TASK = {"/async/images/generations": answer('{"task_id": "T"}')}
QWEN_TASK = {"/image-synthesis": answer('{"output": {"task_id": "T"}}')}


def stalling(name: str) -> tuple[str, Provider, Staller]:
    """A model, its provider, and a server that stalls once it has taken a job."""
    match name:
        case "space":
            spaces = HuggingFace(
                token_header="x", new_session=lambda: "s", signatures=SignatureCache()
            )
            return "flux-1-schnell", spaces, Staller(SPACE, "/queue/data")
        case "gitee":
            return "gitee/z-image-turbo", Gitee(lambda: "b", [0.0]), Staller(GITEE_TASK, "/task/T")
        case "qwen":
            return "qwen/qwen-image", Qwen([0.0]), Staller(QWEN_TASK, "/tasks/T")
        case _:
            return "a1111/default", Automatic1111(0.01), Staller({}, "/txt2img", "/progress")


def steps_to(name: str) -> list[Step]:
    """The way to a model, by the task routes of a provider that has some."""
    model = CATALOG.find(name)
    assert model is not None
    urls = {key: url or "https://a1111.example" for key, url in model.provider.urls.items()}
    provider, upstream = replace(model.provider, urls=urls), model.upstreams[0]
    if provider.id in ("gitee", "qwen"):
        upstream = Upstream(upstream.id, {**upstream.options, "task": True})
    model = replace(model, provider=provider, upstreams=(upstream,))
    token = [] if provider.serves_without_token or provider.owned else [Secret("token")]
    return [Step(job_of(), route) for route in plan_routes(model, token)]


STALLING = ["space", "gitee", "qwen", "a1111"]


@pytest.mark.parametrize("kind", STALLING)
async def test_no_answer_is_later_than_its_deadline_for_the_sake_of_a_cancel(kind: str) -> None:
    name, provider, http = stalling(kind)
    steps, clock = steps_to(name), RealClock()
    whole = engine({steps[0].route.provider.protocol: provider}, http, clock)
    deadline = Deadline.after(REQUEST_S, clock)
    with pytest.raises(DeadlineExceeded):
        [event async for event in whole.run(steps, deadline, live=False)]
    assert len(http.cancels) == 1
    assert http.cancels[0].at <= deadline.at + LATE_S
    assert clock.monotonic() <= deadline.at + LATE_S


@pytest.mark.parametrize("kind", STALLING)
async def test_a_cancel_for_a_caller_who_leaves_has_as_little_time(kind: str) -> None:
    name, provider, http = stalling(kind)
    steps, clock = steps_to(name), RealClock()
    whole = engine({steps[0].route.provider.protocol: provider}, http, clock)

    async def ask() -> None:
        async with aclosing(whole.run(steps, Deadline.after(3.0, clock), live=False)) as events:
            async for _ in events:
                pass

    asking = asyncio.ensure_future(ask())
    await http.waiting.wait()
    asking.cancel()
    left = clock.monotonic()
    await asyncio.gather(asking, return_exceptions=True)
    assert asking.cancelled()
    assert len(http.cancels) == 1
    assert clock.monotonic() - left <= 0.3 + LATE_S


@pytest.mark.parametrize(
    ("request_s", "closing_s"), [(0.0, 0.0), (5.0, 0.5), (20.0, 2.0), (300.0, LONGEST_CLOSING_S)]
)
def test_a_provider_is_given_a_little_less_time_than_the_request(
    request_s: float, closing_s: float
) -> None:
    clock = FakeClock()
    whole = Deadline.after(request_s, clock)
    early = whole.before_closing()
    assert early.at == whole.at - closing_s
    clock.now = early.at
    assert early.closing().at == whole.at
