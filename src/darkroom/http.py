"""Requests, replies and the network as plain values and one protocol.

Nothing here knows who runs it: at the edge the protocols are met by the runtime's own fetch and
streams, in tests by httpx and by fakes.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qsl, unquote

from darkroom.address import Address, Credential, origin_of, url_parts
from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.errors import Failure

Part = bytes | Blob
Pause = Callable[[], float]  # the seconds between two reads, as they may be now
HEARTBEAT_S = 10.0  # of silence, after which a stream shows that it is alive


def path_of(url: str) -> str:
    """The path of an address, as it was sent."""
    return url_parts(url)[2] or "/"


class RequestBody(Protocol):
    """A request's body, not read yet."""

    async def read(self, limit: int) -> Blob:
        """Read all of it, unpacked; raises `BodyTooLarge` as soon as that is more than `limit`.

        Raises `RequestTimeout` when nothing comes any more, and `Busy` when there is no memory.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A caller's request. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: RequestBody

    @property
    def path(self) -> str:
        """The path as it was sent, percent-encoding and all."""
        return path_of(self.url)

    @property
    def origin(self) -> str:
        """Scheme and host that the caller used, without a trailing slash."""
        return origin_of(self.url)

    @property
    def query(self) -> Mapping[str, str]:
        """The query's fields, the last of those that repeat."""
        return dict(self.query_fields())

    def query_fields(self, *, keep_blank: bool = False) -> Sequence[tuple[str, str]]:
        """The query's fields in order, with those without a value if asked for."""
        return parse_qsl(url_parts(self.url)[3], keep_blank_values=keep_blank)

    def path_after(self, prefix: str) -> str:
        """The rest of the path behind `prefix`, decoded: `Qwen%2FQwen-Image` has a slash in it."""
        return unquote(self.path.removeprefix(prefix))


@dataclass(frozen=True, slots=True)
class Remainder:
    """The rest of an upstream's body, which the runtime hands on without Python.

    `lost` is the failure of a connection that breaks off; it is raised where this was yielded.
    """

    reply: "RelayableReply"
    lost: Failure


Body = Sequence[Part] | AsyncIterator[Part | Remainder]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response to the caller. A body that is an iterator is streamed.

    `render_failure` is how such a stream ends when it fails, where otherwise than in its dialect.
    While it has nothing to send, `heartbeat` is sent every `HEARTBEAT_S`, if there is one.
    `relayed` tells that the iterator yields a `Remainder`, `is_page` that the body is HTML of ours.
    """

    status: int
    headers: Mapping[str, str]
    body: Body
    render_failure: Callable[[Failure], Sequence[Part]] | None = None
    heartbeat: bytes = b""
    relayed: bool = False
    is_page: bool = False


async def parts_of(body: Body) -> Sequence[Part]:
    """All parts of a body that is read here; raises `TypeError` for one that is relayed."""
    if isinstance(body, Sequence):
        return body
    parts = []
    async for part in body:
        if isinstance(part, Remainder):
            raise TypeError("this body is handed on by the runtime")
        parts.append(part)
    return parts


MODELS_CACHE = "public, max-age=60"  # of lists of models, which change with settings alone


def json_reply(
    value: object, *, cache: str = "no-store", headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer of 200 in JSON; `cache` is its `Cache-Control`."""
    own = {"content-type": "application/json", "cache-control": cache}
    return Reply(200, {**own, **(headers or {})}, [json.dumps(value).encode()])


class UpstreamReply(Protocol):
    """An upstream's answer whose body is still to come. It must be closed, read or not."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, names in lower case."""
        ...

    async def read(self, limit: int) -> bytes:
        """The whole body; raises `UpstreamBroken` if it is longer than `limit` bytes."""
        ...

    async def read_blob(self, limit: int) -> Blob:
        """The whole body, left outside Python's heap where the runtime allows it."""
        ...

    def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        """The body as it arrives; raises `TimeoutError` when nothing comes for `idle_s`.

        What comes within `pause_s()` after a chunk may come as one, for whoever can wait. Raises
        `ConnectionError` when the connection breaks off.
        """
        ...

    async def close(self) -> None:
        """Stop reading and let go of the connection; harmless when repeated."""
        ...


@runtime_checkable
class RelayableReply(UpstreamReply, Protocol):
    """An upstream's answer of which the runtime can hand on what Python has not read."""

    async def first_chunk(self, *, idle_s: float) -> bytes:
        """The beginning of the body, nothing where it is empty; raises as `chunks` does."""
        ...

    async def pipe_to(self, stream: Any) -> None:
        """Hand what is left to the runtime's stream, and leave that open.

        Raises `ConnectionError` when either side breaks off, `DeadlineExceeded` when time is up.
        """
        ...


class Http(Protocol):
    """The one way out to the network."""

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> UpstreamReply:
        """Send a request, with the parts of its body one after the other, and wait for headers.

        Secrets travel in `credential` alone. Redirects are not followed. Everything read from the
        answer stays under the same deadline. Raises `ConnectionError` when no answer comes,
        `DeadlineExceeded` when time is up, and `CredentialMisdirected`, with nothing sent, when the
        credential is not for the address.
        """
        ...
