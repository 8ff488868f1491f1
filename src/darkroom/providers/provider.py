"""The seam between the engine and those who paint."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from darkroom.catalog.model import Model, Upstream
from darkroom.deadline import Deadline
from darkroom.events import Event
from darkroom.http import Http
from darkroom.job import ImageJob
from darkroom.settings import Secret


@dataclass(frozen=True, slots=True)
class Route:
    """One way to serve a job: a model at one of its upstreams, with a credential or none."""

    model: Model
    upstream: Upstream
    token: Secret | None = None


class Provider(Protocol):
    """Turns a job into upstream calls, and what the upstream answers into events."""

    def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        """Do the job, yielding what happens; the last event is `Finished`.

        Raises a `Failure` when there will be no picture. Closing the iterator cancels the job
        upstream.
        """
        ...
