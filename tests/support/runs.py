"""One job at one provider, for tests of that provider alone."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.deadline import Deadline
from darkroom.events import Accepted, Event, Finished
from darkroom.http import Http
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation, Size
from darkroom.providers.provider import Provider, Route
from darkroom.settings import Secret
from tests.support.fakes import PNG, FakeClock

CATALOG = load_catalog()
SOURCE = ImageFile(data=BytesBlob(PNG))


def route_to(name: str, token: str | None = None, urls: Mapping[str, str] | None = None) -> Route:
    """The way to a model of the catalog by its first upstream, at other addresses if need be."""
    model = CATALOG.find(name)
    assert model is not None, name
    provider = replace(model.provider, urls={**model.provider.urls, **(urls or {})})
    model = replace(model, provider=provider)
    return Route(model, model.upstreams[0], Secret(token) if token else None)


def job_of(**fields: Any) -> ImageJob:
    """A job for a picture of 1024 by 768, with other fields if need be."""
    operation = Operation.EDIT if fields.get("images") else Operation.GENERATE
    requested = {"model": "x", "prompt": "a cat", "size": Size(1024, 768), "seed": 7}
    return ImageJob(**{"operation": operation, **requested, **fields})


async def run(
    provider: Provider, job: ImageJob, route: Route, http: Http, seconds: float = 60.0
) -> list[Event]:
    """All events of a job."""
    events = provider.run(job, route, http, Deadline.after(seconds, FakeClock()))
    async with aclosing(events):
        return [event async for event in events if not isinstance(event, Accepted)]


async def finish(provider: Provider, job: ImageJob, route: Route, http: Http) -> Finished:
    """The end of a job that has no other event."""
    (finished,) = await run(provider, job, route, http)
    assert isinstance(finished, Finished)
    return finished


def bytes_of(finished: Finished) -> bytes:
    """The file of the one picture that came as bytes."""
    (picture,) = finished.pictures
    assert picture.file is not None
    assert picture.file.data is not None
    return picture.file.data.head(picture.file.data.size)
