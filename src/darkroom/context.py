"""The context of one request, made once by the dispatcher.

Whatever several layers need of a request is worked out here at most once: who calls, until when the
answer is due, the body and the pictures that were downloaded for it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from darkroom.access import Caller
from darkroom.account import Account, account_of
from darkroom.async_options import AsyncOptions
from darkroom.blob import Blob
from darkroom.caller_key import caller_key_of, credential_key_of
from darkroom.deadline import Deadline
from darkroom.errors import Failure
from darkroom.gateway import Gateway
from darkroom.http import Reply, Request
from darkroom.image import ImageFile
from darkroom.request_body import parse_document
from darkroom.trace import Trace

Work = Callable[[], Awaitable[None]]
Defer = Callable[[Work], Awaitable[None]]
Identify = Callable[[Request, Gateway], Caller]
# Called with each event of each job of a request: the job's index, and the event.
Observer = Callable[[int, object], None]


@dataclass(frozen=True, slots=True)
class Painted:
    """A picture that an upstream has painted, by which model and provider."""

    model: str
    provider: str


async def run_now(work: Work) -> None:
    """Run deferred work immediately."""
    await work()


@dataclass(slots=True)
class RequestContext:
    """A request, and all that its handler and the layers around it share.

    `identify` identifies the caller, as the dialect's clients say it. `defer` takes work that the
    response does not wait for. An `observer` and the `task_id` are there in the background run of
    a task, and only there. `downloads` are the pictures that the request names, by their address.
    `address` is the client's, which limits count for; `answer_headers` go into every answer, and
    `painted` is what upstreams have painted so far.
    `trace` is what the log and the metrics are told at the end.
    """

    request: Request
    gateway: Gateway
    identify: Identify
    deadline: Deadline
    id: str
    defer: Defer = run_now
    observer: Observer | None = None
    task_id: str | None = None
    downloads: dict[str, ImageFile] = field(default_factory=dict)
    trace: Trace = field(default_factory=Trace)
    address: str | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    painted: list[Painted] = field(default_factory=list)
    _caller: Caller | None = None
    _account: Account | None = None
    _body: Blob | None = None

    @property
    def caller(self) -> Caller:
        """The caller; raises `CredentialRefused` and its kin as `access.identify` does."""
        if self._caller is None:
            self._caller = self.identify(self.request, self.gateway)
        return self._caller

    @property
    def account(self) -> Account:
        """The account that the request is charged to, its address's where the caller is unknown."""
        if self._account is None:
            try:
                self._account = account_of(self.caller, self.address)
            except Failure:  # of a key that was not read yet, too
                return account_of(None, self.address)
        return self._account

    @property
    def caller_key(self) -> str | None:
        """The key under which this caller's data is stored; see `caller_key_of`."""
        return caller_key_of(self.caller, self.request.headers, self.gateway.settings)

    @property
    def credential_key(self) -> str | None:
        """The same, None for callers without a credential; see `credential_key_of`."""
        return credential_key_of(self.caller, self.request.headers, self.gateway.settings)

    async def read_body(self, max_bytes: int | None = None) -> Blob:
        """Read the body within the deadline, once; `max_bytes` is for bodies without a picture.

        Raises `BodyTooLarge` as soon as it is, and what `RequestBody.read` raises.
        """
        if self._body is None:
            limit = max_bytes or self.gateway.settings.max_body_bytes
            with self.deadline.enforced():
                self._body = await self.request.body.read(limit)
            self.trace.request_bytes = self._body.size
        return self._body

    async def read_document(self, max_bytes: int | None = None) -> dict[str, Any]:
        """Read the body's fields; see `parse_document`. Each call gives a dictionary of its own."""
        return await parse_document(await self.read_body(max_bytes), self.request.headers)


Handler = Callable[[RequestContext], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Job:
    """A validated painting request: its model, whether it is answered with a stream, and the work.

    `run` paints and answers; raises a `Failure` where nothing came of it. `pictures` is how many it
    paints at the most.
    """

    model: str
    stream: bool
    run: Callable[[], Awaitable[Reply]]
    pictures: int = 1


@dataclass(frozen=True, slots=True)
class Painting:
    """A painting request whose body was read, and how the caller wants it to be run.

    `build` validates it, downloads the pictures that it names, and plans the attempts; raises a
    `Failure` for what is wrong, before any upstream begins to paint. One that is `followable` may
    be a task and streamed: the caller is sent the task's events.
    """

    options: AsyncOptions
    build: Callable[[], Awaitable[Job]]
    followable: bool = False


# Reads a painting request. With one of these an endpoint has tasks and idempotency keys.
ReadPainting = Callable[[RequestContext], Awaitable[Painting]]
