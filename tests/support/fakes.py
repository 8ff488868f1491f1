"""Stand-ins for time, network, providers and stores, for tests without any of them."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from darkroom.address import Address, Credential, check_destination, origin_of, split_url
from darkroom.blob import Blob, BytesBlob
from darkroom.catalog.catalog import Catalog, load_catalog
from darkroom.deadline import Deadline
from darkroom.engine.breaker import Breakers
from darkroom.engine.budget import RetryBudget
from darkroom.engine.credentials import Credentials
from darkroom.engine.run import Engine
from darkroom.errors import BodyTooLarge, Failure, UpstreamBroken
from darkroom.events import Event
from darkroom.gateway import Background, Gateway, metrics_for
from darkroom.http import Http, Part, Pause, Reply, Request, parts_of
from darkroom.job import ImageJob
from darkroom.providers.provider import Provider, Route
from darkroom.providers.registry import build_chat, build_embedders
from darkroom.settings import Settings
from darkroom.stores.conversion import Converter
from darkroom.stores.history import (
    Cleared,
    Forgotten,
    HistoryItem,
    HistoryPage,
    HistoryStore,
    ItemId,
    Which,
)
from darkroom.stores.media import ByteRange, MediaFacts, MediaStore, StoredMedia
from darkroom.stores.preferences import MemoryPreferences
from darkroom.stores.progress import MemoryProgress
from darkroom.stores.unavailable import StoreUnavailable

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 10
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 " + b"pixels" * 10
JPEG = b"\xff\xd8\xff\xe0" + b"pixels" * 10

# The defaults of a gateway of fakes: one model each, so that who serves is known where a test is of
# something else than `auto`.
ONE_MODEL = Settings(default_model="z-image-turbo", default_edit_model="qwen-image-edit")


def address_of(url: str) -> Address:
    """An address as our own code would build it."""
    return Address(*split_url(url))


class FakeClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_700_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeReply:
    """An upstream's answer that was written beforehand; an exception in `pieces` is raised."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    pieces: Sequence[bytes | Exception] = ()
    closed: bool = False

    async def read(self, limit: int) -> bytes:
        data = b"".join([piece async for piece in self.chunks(idle_s=1)])
        if len(data) > limit:
            raise UpstreamBroken("too long")
        return data

    async def read_blob(self, limit: int) -> Blob:
        return BytesBlob(await self.read(limit))

    async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> AsyncGenerator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece
            await asyncio.sleep(0)

    async def close(self) -> None:
        self.closed = True


@dataclass
class Sent:
    """A request that went out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")


class FakeHttp:
    """Answers by the path's ending, and remembers what was sent."""

    def __init__(self, answers: Mapping[str, Sequence[FakeReply | Exception]]) -> None:
        self._answers = {path: list(replies) for path, replies in answers.items()}
        self.sent: list[Sent] = []
        self.replies: list[FakeReply] = []

    async def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        credential: Credential | None = None,
        body: Sequence[Part] = (),
        deadline: Deadline,
    ) -> FakeReply:
        url = str(address)
        check_destination(origin_of(url), address, credential)
        sent = {**headers, **(credential.headers if credential else {})}
        self.sent.append(Sent(method, url, sent, b"".join(map(_bytes, body)) or None))
        path = url.partition("?")[0]
        for ending, replies in self._answers.items():
            if path.endswith(ending):
                answer = replies.pop(0) if len(replies) > 1 else replies[0]
                if isinstance(answer, Exception):
                    raise answer
                self.replies.append(answer)
                return answer
        raise ConnectionError(f"nothing answers {url}")

    def sent_to(self, ending: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.url.partition("?")[0].endswith(ending)]


Script = Sequence[Event | Exception | float]


@dataclass
class FakeProvider:
    """Plays a script for each call in turn: events, failures to raise, seconds to wait."""

    scripts: list[Script]
    calls: list[tuple[ImageJob, Route]] = field(default_factory=list)
    closed: int = 0

    async def run(
        self, job: ImageJob, route: Route, http: Http, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        script = self.scripts[min(len(self.calls), len(self.scripts) - 1)]
        self.calls.append((job, route))
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, int | float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.closed += 1


class MemoryMedia:
    """A media store that forgets."""

    def __init__(self) -> None:
        self.kept: dict[str, StoredMedia] = {}
        self.until: dict[str, float | None] = {}
        self.read: list[str] = []

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        etag = f'"{hashlib.md5(_bytes(content)).hexdigest()}"'
        self.kept[name] = StoredMedia(media_type, content.size, etag, content)

    async def put_parts(
        self, name: str, parts: Sequence[Blob], media_type: str, until: float | None = None
    ) -> None:
        await self.put(name, BytesBlob(b"".join(map(_bytes, parts))), media_type)
        self.until[name] = until

    async def names(self, beginning: str, now: float | None = None) -> Sequence[str]:
        return [
            name
            for name in self.kept
            if name.startswith(beginning)
            and (now is None or (until := self.until.get(name)) is None or until > now)
        ]

    async def head(self, name: str) -> MediaFacts | None:
        return self.kept.get(name)

    async def get(self, name: str, part: ByteRange | None = None) -> StoredMedia | None:
        self.read.append(name)
        kept = self.kept.get(name)
        if kept is None or part is None:
            return kept
        return replace(kept, content=kept.content.slice(part.start, part.end), range=part)

    async def delete(self, *names: str) -> None:
        for name in names:
            self.kept.pop(name, None)


class MemoryHistory:
    """A history store that forgets; `broken` ones do not answer."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.items: list[tuple[str, int, HistoryItem]] = []
        self._numbers: dict[str, int] = {}

    async def add(self, scope: str, item: HistoryItem, cap: int) -> Sequence[str]:
        self._answer()
        self._numbers[scope] = number = self._numbers.get(scope, 0) + 1
        self.items.append((scope, number, item))
        gone = [row for row in reversed(self.items) if row[0] == scope][cap:]
        own = {item.media_name for _, _, item in gone if item.own}
        return [name for name in self._drop(gone) if name in own]

    async def page(
        self, scope: str, *, limit: int, offset: int = 0, as_of: int | None = None
    ) -> HistoryPage:
        seen = self._seen(scope, as_of)
        items = [item for _, _, item in seen[offset : offset + limit]]
        return HistoryPage(
            items, len(seen), self._numbers.get(scope, 0) if as_of is None else as_of
        )

    async def find(self, scope: str, which: Which) -> HistoryItem | None:
        row = self._find(scope, which)
        return row[2] if row else None

    async def forget(self, scope: str, which: Which) -> Forgotten | None:
        row = self._find(scope, which)
        if row is None:
            return None
        released = self._drop([row])
        return Forgotten(row[2], len(self._seen(scope)), released)

    async def clear(self, scope: str) -> Cleared:
        gone = self._seen(scope)
        return Cleared(len(gone), self._drop(gone))

    def _find(self, scope: str, which: Which) -> tuple[str, int, HistoryItem] | None:
        if isinstance(which, ItemId):
            return next((row for row in self._seen(scope) if row[2].id == which.id), None)
        seen = self._seen(scope, which.as_of)
        return seen[which.index] if which.index < len(seen) else None

    def _seen(self, scope: str, as_of: int | None = None) -> list[tuple[str, int, HistoryItem]]:
        self._answer()
        return [
            row
            for row in reversed(self.items)
            if row[0] == scope and (as_of is None or row[1] <= as_of)
        ]

    def _drop(self, gone: Sequence[tuple[str, int, HistoryItem]]) -> Sequence[str]:
        self.items = [row for row in self.items if row not in gone]
        left = {item.media_name for _, _, item in self.items}
        names = dict.fromkeys(item.media_name for _, _, item in gone)
        return [name for name in names if name and name not in left]

    def _answer(self) -> None:
        if self.broken:
            raise StoreUnavailable


@dataclass
class FakeConverter:
    """Gives a file of the format that is asked for, and remembers what was asked."""

    requested: list[tuple[bytes, str, int | None]] = field(default_factory=list)

    async def convert(
        self, content: Blob, output_format: str, compression: int | None, size: object = None
    ) -> Blob:
        self.requested.append((_bytes(content), output_format, compression))
        return BytesBlob({"png": PNG, "webp": WEBP, "jpeg": JPEG}[output_format])


@dataclass
class FakeBody:
    """A request's body that is there already."""

    data: bytes = b""

    async def read(self, limit: int) -> Blob:
        if len(self.data) > limit:
            raise BodyTooLarge(f"The request's body is larger than {limit} bytes.")
        return BytesBlob(self.data)


def request(
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """A caller's request; a body that is not bytes goes as JSON."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Request(method, f"https://darkroom.example{path}", headers or {}, FakeBody(raw))


def engine(
    providers: Mapping[str, Provider],
    http: Http | None = None,
    clock: FakeClock | None = None,
    settings: Settings | None = None,
) -> Engine:
    """An engine that remembers nothing from before."""
    clock = clock or FakeClock()
    return Engine(
        providers=providers,
        chat=build_chat(),
        embedders=build_embedders(settings or Settings()),
        http=http or FakeHttp({}),
        credentials=Credentials(clock),
        breakers=Breakers(clock),
        budget=RetryBudget(),
        sleep=clock.sleep,
    )


def gateway(
    provider: Provider | None = None,
    *,
    http: Http | None = None,
    media: MediaStore | None = None,
    converter: Converter | None = None,
    history: HistoryStore | None = None,
    settings: Settings | None = None,
    catalog: Catalog | None = None,
    draw_seed: Callable[[], int] | None = None,
    background: Background | None = None,
    clock: FakeClock | None = None,
) -> Gateway:
    """A gateway whose only provider is the one given, under the id of the catalog's."""
    network = http or FakeHttp({})
    tokens, seeds = count(1), count(100)
    clock = clock or FakeClock()
    catalog = catalog or load_catalog()
    return Gateway(
        settings=settings or ONE_MODEL,
        catalog=catalog,
        metrics=metrics_for(catalog),
        engine=engine({"huggingface": provider} if provider else {}, network, clock, settings),
        http=network,
        clock=clock,
        draw_token=lambda: f"token{next(tokens)}",
        draw_seed=draw_seed or (lambda: next(seeds)),
        media=media,
        converter=converter,
        progress_store=MemoryProgress(clock),
        preferences=MemoryPreferences(),
        bindings={"MEDIA": media is not None},
        history=history,
        background=background,
    )


async def body_of(reply: Reply) -> bytes:
    """All of a reply's body."""
    return b"".join(map(_bytes, await parts_of(reply.body)))


async def json_of(reply: Reply) -> Any:
    """A reply's body as JSON."""
    return json.loads(await body_of(reply))


def _bytes(part: bytes | Blob) -> bytes:
    return part if isinstance(part, bytes) else part.head(part.size)


def failure(kind: type[Failure], message: str = "it failed", **details: Any) -> Failure:
    """A failure of a kind."""
    return kind(message, **details)
