"""The seam between the engine and the providers."""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from darkroom.address import Address, AddressRefused, address_below, origin_of_base, path_segments
from darkroom.catalog.model import ChatModel, Model, Upstream
from darkroom.catalog.provider_row import ProviderRow
from darkroom.deadline import Deadline
from darkroom.embedding import Embedding, EmbeddingJob
from darkroom.errors import InvalidRequest
from darkroom.events import Event
from darkroom.http import Http, UpstreamReply
from darkroom.job import ImageJob
from darkroom.settings import Secret


@dataclass(frozen=True, slots=True)
class Route:
    """One way to serve a job: a model at one of its upstreams, with a credential or none.

    `credential` is the token's place in the list that it was taken from, counted from 1.
    `has_next` says that another upstream could serve the job, where the provider wants to know.
    """

    model: Model
    upstream: Upstream
    token: Secret | None = None
    credential: int | None = None
    has_next: bool = False

    @property
    def provider(self) -> ProviderRow:
        """The provider's row."""
        return self.model.provider

    @property
    def place(self) -> str:
        """The name of the upstream at its provider."""
        return self.upstream.id

    @property
    def base_url(self) -> str:
        """The configured address that this upstream's paths are added to."""
        urls = self.provider.urls
        return urls["base"] if "base" in urls else space_url(urls["space"], self.place)

    @property
    def own_origins(self) -> frozenset[str]:
        """The origins that the upstream's own files may lie at."""
        return frozenset(
            origin_of_base(space_url(url, self.place)) for url in self.provider.urls.values()
        )

    def address(self, path: str) -> Address:
        """The address of a path of the upstream's; our own code writes the path."""
        return address_below(self.base_url, path)

    def place_path(self) -> str:
        """The name of the upstream as part of a path: callers may name any model.

        Raises `InvalidRequest` for a name that could lead to another path.
        """
        try:
            return path_segments(self.place)
        except AddressRefused:
            raise InvalidRequest(
                f"model: {self.place[:80]!r} is not the name of a model.", param="model"
            ) from None


@dataclass(frozen=True, slots=True)
class ChatRoute:
    """One way to have a conversation continued."""

    model: ChatModel
    token: Secret | None = None
    credential: int | None = None

    @property
    def provider(self) -> ProviderRow:
        """The provider's row."""
        return self.model.provider

    @property
    def place(self) -> str:
        """The name of the upstream at its provider."""
        return self.model.name


@dataclass(frozen=True, slots=True)
class EmbeddingRoute:
    """One way to have something embedded: `place` is what the upstream for it is called."""

    provider: ProviderRow
    place: str
    token: Secret | None = None
    credential: int | None = None


def space_url(url: str, space: str) -> str:
    """A configured address with the Space's name in it as hf.space spells it, if it has a place.

    `Qwen/Qwen-Image` is `qwen-qwen-image` there.
    """
    return url.replace("{subdomain}", re.sub(r"[^a-z0-9]+", "-", space.lower()).strip("-"))


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


@runtime_checkable
class ResumableProvider(Provider, Protocol):
    """A provider whose jobs outlive whoever asked for them, and can be asked after again.

    As soon as the upstream has taken a job, `run` yields `Accepted`.
    """

    def resume(
        self,
        handle: Mapping[str, str],
        job: ImageJob,
        route: Route,
        http: Http,
        deadline: Deadline,
    ) -> AsyncGenerator[Event]:
        """Follow a job that the upstream took before, by the handle that `run` yielded.

        Begins nothing anew; events and failures are those of `run`. `JobLost` says that the
        upstream cannot be asked after the job any more.
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


class Embedder(Protocol):
    """Turns prompts or pictures into embeddings."""

    async def embed(
        self, job: EmbeddingJob, route: EmbeddingRoute, http: Http, deadline: Deadline
    ) -> Embedding:
        """Embed one thing, of a kind that the provider's row names; raises a `Failure`."""
        ...
