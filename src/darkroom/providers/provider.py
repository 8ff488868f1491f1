"""The seam between the engine and those who paint."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Protocol

from darkroom.catalog.model import ChatModel, Model, Upstream
from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.events import Event
from darkroom.http import Http, UpstreamReply
from darkroom.job import ImageJob
from darkroom.settings import Secret


@dataclass(frozen=True, slots=True)
class Route:
    """One way to serve a job: a model at one of its upstreams, with a credential or none.

    `credential` is the token's place in the list that it was taken from, counted from 1.
    """

    model: Model
    upstream: Upstream
    token: Secret | None = None
    credential: int | None = None

    @property
    def provider(self) -> ProviderRow:
        """Who serves it."""
        return self.model.provider

    @property
    def place(self) -> str:
        """What the upstream is called at its provider."""
        return self.upstream.id


@dataclass(frozen=True, slots=True)
class ChatRoute:
    """One way to have a conversation continued."""

    model: ChatModel
    token: Secret | None = None
    credential: int | None = None

    @property
    def provider(self) -> ProviderRow:
        """Who serves it."""
        return self.model.provider

    @property
    def place(self) -> str:
        """What the text model is called at its provider."""
        return self.model.name


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


class ChatProvider(Protocol):
    """Has conversations continued, in the shape of OpenAI's chat completions."""

    async def ask(
        self, body: Mapping[str, object], route: ChatRoute, http: Http, deadline: Deadline
    ) -> UpstreamReply:
        """Send a conversation; returns an answer of 200 whose body has not been read.

        Raises a `Failure` for any other answer.
        """
        ...
