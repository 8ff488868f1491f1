"""Jobs at the catalog's own rows, run by a provider against answers that are written beforehand."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.model import Model
from darkroom.catalog.parameters import RequestedParameters, resolve_for_model
from darkroom.deadline import Deadline
from darkroom.errors import Failure
from darkroom.events import Accepted, Event, Finished
from darkroom.http import Http
from darkroom.image import ImageFile
from darkroom.job import Size
from darkroom.providers.provider import Provider, Route
from darkroom.settings import Secret
from tests.support.fakes import PNG, FakeClock, FakeHttp, FakeReply

CATALOG = load_catalog()
KEY = "the-callers-own-key"
PNG_BASE64 = base64.b64encode(PNG).decode()
SOURCE = ImageFile(base64=BytesBlob(PNG_BASE64.encode()))


def model_called(name: str) -> Model:
    """A row of the catalog."""
    (model,) = CATALOG.resolve(name, "").models
    return model


def start(
    provider: Provider, name: str, http: Http, clock: FakeClock | None = None, **requested: Any
) -> Any:
    """The events of a job for "a cat" with seed 7, which nobody has asked for yet."""
    model = model_called(name)
    job = resolve_for_model(
        RequestedParameters(**{"prompt": "a cat", "seed": 7, **requested}), model
    ).job
    route = Route(model, model.upstreams[0], Secret(KEY), 1)
    return shown(provider.run(job, route, http, Deadline.after(60, clock or FakeClock())))


async def shown(events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
    """The events that leave the engine."""
    async with aclosing(events):
        async for event in events:
            if not isinstance(event, Accepted):
                yield event


async def events_of(provider: Provider, name: str, http: FakeHttp, **requested: Any) -> list[Event]:
    """All events of a job; every answer must have been let go of when it is over."""
    async with aclosing(start(provider, name, http, **requested)) as events:
        seen = [event async for event in events]
    assert all(reply.closed for reply in http.replies)
    return seen


async def end_of(provider: Provider, name: str, http: FakeHttp, **requested: Any) -> Finished:
    """The last event of a job that goes well."""
    last = (await events_of(provider, name, http, **requested))[-1]
    assert isinstance(last, Finished)
    return last


async def failure_of(
    provider: Provider, name: str, http: FakeHttp, **requested: Any
) -> tuple[Failure, Sequence[Event]]:
    """How a job failed, and the events before; no message may hold the caller's key."""
    seen: list[Event] = []
    try:
        async with aclosing(start(provider, name, http, **requested)) as events:
            async for event in events:
                seen.append(event)
    except Failure as failure:
        assert all(reply.closed for reply in http.replies)
        assert KEY not in failure.message
        assert "http" not in failure.message
        return failure, seen
    raise AssertionError(f"it went well: {seen}")


def answer(value: object, status: int = 200, **headers: str) -> FakeReply:
    """An answer in JSON; `retry_after` is the header Retry-After."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    kind = {"content-type": "application/json", **named}
    return FakeReply(status, kind, [json.dumps(value).encode()])


def page(status: int = 200) -> FakeReply:
    """A page for people."""
    return FakeReply(status, {"content-type": "text/html"}, [b"<html><h1>Hello</h1></html>"])


def stream(*events: Mapping[str, object] | bytes | Exception) -> FakeReply:
    """An event stream, each event named by its type."""
    pieces = [
        f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n".encode()
        if isinstance(event, Mapping)
        else event
        for event in events
    ]
    return FakeReply(200, {"content-type": "text/event-stream"}, pieces)


def source(side: int = 64) -> dict[str, Any]:
    """The part of a wish that makes it an edit, of a picture whose size is known."""
    return {"images": (SOURCE,), "image_size": Size(side, side)}


class Broken(FakeReply):
    """An answer that breaks off."""

    def __init__(self, status: int = 200, kind: str = "application/json") -> None:
        super().__init__(status, {"content-type": kind}, [b'{"', ConnectionError("reset")])


async def settle() -> None:
    """Let whatever is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)
