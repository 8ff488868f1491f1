"""Real Gradio of three generations, and the whole gateway but for the edge in front of it."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from darkroom.app import handle
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.dialects.context import Gateway
from darkroom.edge.clock import SystemClock
from darkroom.engine.run import Engine
from darkroom.http import Reply
from darkroom.job import MAX_SEED
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.registry import build_providers
from darkroom.settings import Settings
from darkroom.sse import EventReader
from tests.support.fakes import body_of, json_of, request
from tests.support.network import HttpxHttp
from tests.support.spaces import Spaces, running_spaces


@pytest.fixture(scope="session", params=["gradio6", "gradio5", "gradio4"])
def spaces(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Spaces]:
    """The stand-in Spaces on each generation of Gradio in turn."""
    logs = tmp_path_factory.mktemp(request.param)
    with running_spaces(request.param, logs, "--step-seconds", "0.01") as spaces:
        yield spaces


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks the gateway for pictures."""

    gateway: Gateway

    async def generate(self, *, token: str | None = None, **body: Any) -> Reply:
        """Ask for a picture."""
        headers = {"authorization": f"Bearer hf:{token}"} if token else {}
        body = {"prompt": "a lighthouse", "model": "flux-1-schnell", "size": "512x512", **body}
        asked = request("POST", "/v1/images/generations", body, headers)
        return await handle(asked, self.gateway, lambda entry: None)

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
    chosen = Settings(huggingface_space_url=spaces.space_url, **settings)
    providers = build_providers(chosen, lambda: secrets.token_hex(8), SignatureCache())
    return Gateway(
        settings=chosen,
        catalog=catalog or load_catalog(),
        engine=Engine(providers, http),
        http=http,
        clock=SystemClock(),
        draw_token=lambda: secrets.token_hex(16),
        draw_seed=lambda: secrets.randbelow(MAX_SEED),
        media=None,
        bindings={},
    )
