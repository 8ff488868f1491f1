"""Real Gradio of three generations, and the whole gateway but for the edge in front of it."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from darkroom.app import handle
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.catalog.channels import configure
from darkroom.gateway import Gateway
from darkroom.http import Reply
from darkroom.settings import Settings
from darkroom.sse import EventReader
from tests.support.apis import Apis, running_apis
from tests.support.fakes import body_of, json_of, request
from tests.support.gateways import real_gateway
from tests.support.network import HttpxHttp
from tests.support.spaces import Spaces, running_spaces

NEWEST, *OLDER = "gradio6", "gradio5", "gradio4"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `every_gradio` on each generation, the rest on old ones in slow runs."""
    if "spaces" in metafunc.fixturenames:
        everywhere = metafunc.definition.get_closest_marker("every_gradio")
        without = everywhere.kwargs.get("but", "") if everywhere else ""
        marks = () if everywhere else pytest.mark.slow
        older = [pytest.param(name, marks=marks) for name in OLDER if name != without]
        metafunc.parametrize("spaces", [NEWEST, *older], indirect=True, scope="session")


@pytest.fixture(scope="session")
def spaces(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Spaces]:
    """The stand-in Spaces on each generation of Gradio in turn."""
    logs = tmp_path_factory.mktemp(request.param)
    with running_spaces(request.param, logs, "--step-seconds", "0.01") as spaces:
        yield spaces


@pytest.fixture(scope="session")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apis]:
    """The stand-ins of the HTTP APIs."""
    with running_apis(tmp_path_factory.mktemp("apis")) as apis:
        yield apis


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks the gateway for pictures."""

    gateway: Gateway

    def within(self, seconds: float) -> "Caller":
        """The same caller with another request timeout, which bounds waits for full queues."""
        settings = replace(self.gateway.settings, request_timeout_s=seconds)
        return Caller(replace(self.gateway, settings=settings))

    async def generate(self, *, token: str | None = None, **body: Any) -> Reply:
        """Ask for a picture."""
        headers = {"authorization": f"Bearer hf:{token}"} if token else {}
        body = {"prompt": "a lighthouse", "model": "flux-1-schnell", "size": "512x512", **body}
        requested = request("POST", "/v1/images/generations", body, headers)
        return await handle(requested, self.gateway, lambda entry: None)

    async def answer(self, **body: Any) -> dict[str, Any]:
        """Ask, and read the answer of a good end."""
        reply = await self.generate(**body)
        answer: dict[str, Any] = await json_of(reply)
        assert reply.status == 200, answer
        return answer

    async def error(self, **body: Any) -> tuple[int, dict[str, Any], Reply]:
        """Ask, and read the answer of a bad end."""
        reply = await self.generate(**body)
        return reply.status, (await json_of(reply))["error"], reply

    async def stream(self, **body: Any) -> list[tuple[str, dict[str, Any]]]:
        """Ask, and read the events."""
        reply = await self.generate(stream=True, **body)
        wire = await body_of(reply)
        assert reply.status == 200, wire
        return [(event.type, json.loads(event.data)) for event in EventReader().feed(wire)]


@pytest.fixture
async def caller(spaces: Spaces) -> AsyncIterator[Caller]:
    """A caller of a fresh gateway."""
    async with httpx.AsyncClient(timeout=None) as client:
        yield Caller(build_gateway(spaces, HttpxHttp(client)))


def build_gateway(
    spaces: Spaces, http: HttpxHttp, catalog: Catalog | None = None, **settings: Any
) -> Gateway:
    """A gateway that knows the stand-ins, with another catalog or other settings if given."""
    env = {"HUGGINGFACE_SPACE_URL": spaces.space_url}
    configured = configure(catalog or load_catalog(), env)
    soon = {"request_timeout_s": 40.0}
    return real_gateway(configured.catalog, http, Settings(**{**soon, **settings}))
