"""A gateway that counts its sub-requests: what it asks of upstreams, and of Cloudflare's services.

Upstreams are honest and as slow as is asked for; time passes where something is waited for.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from darkroom.address import Address, Credential
from darkroom.app import handle
from darkroom.blob import Blob
from darkroom.deadline import Deadline
from darkroom.edge.gateway_keys import D1GatewayKeys
from darkroom.edge.history import D1History
from darkroom.edge.kept import D1Kept
from darkroom.edge.usage import D1Usage
from darkroom.engine.credentials import Credentials
from darkroom.gateway import Gateway
from darkroom.http import Part, Reply
from darkroom.settings import Settings
from darkroom.stores.budget import Answer, MemoryBudget, Reservation
from darkroom.stores.cooldowns import MemoryCooldowns, Rest
from darkroom.stores.database import Statement
from darkroom.stores.gateway_keys import IssuedKeys
from darkroom.stores.idempotency import Claim, Ticket
from darkroom.stores.media import ByteRange, MediaFacts, StoredMedia
from darkroom.stores.request_counts import RequestCounts
from darkroom.stores.tasks import Submission, Task
from tests.support.background import MemoryKeys, MemoryTasks, with_background
from tests.support.fakes import (
    FakeClock,
    FakeConverter,
    FakeReply,
    MemoryMedia,
    body_of,
    request,
)
from tests.support.limits import SqliteDatabase
from tests.support.odd import Odd
from tests.support.odd_upstreams import SETTINGS, OddHttp, content_of, gateway_before

ADDRESS = {"cf-connecting-ip": "203.0.113.7", "content-type": "application/json"}
PENDING: Mapping[str, Any] = {
    "/task/task-1": {"task_id": "task-1", "status": "waiting"},
    "/api/v1/tasks/task-1": {"output": {"task_id": "task-1", "task_status": "RUNNING"}},
    "/tasks/task-1": {"task_id": "task-1", "task_status": "PROCESSING"},
    "/v1/get_result": {"id": "1", "status": "Pending"},
}


@dataclass
class Counts:
    """Sub-requests, by what they go to: `http`, `r2`, `d1`, `objects`, `images` or `rates`.

    `queries` are the statements that went to D1.
    """

    of: Counter[str] = field(default_factory=Counter)
    queries: int = 0

    @property
    def external(self) -> int:
        """Those to hosts on the internet, of which the Free plan allows 50."""
        return self.of["http"]

    @property
    def services(self) -> int:
        """Those to services of Cloudflare's, of which the Free plan allows 1,000."""
        return self.of.total() - self.external

    def clear(self) -> None:
        """Begin again, as another invocation of the Worker does."""
        self.of.clear()
        self.queries = 0


@dataclass
class CountedHttp(OddHttp):
    """Honest upstreams, whose tasks take `task_s`; pictures below `/hops/` redirect three times."""

    counts: Counts = field(default_factory=Counts)
    task_s: float = 0.0
    refusing: tuple[str, ...] = ()

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
        self.counts.of["http"] += 1
        path = str(address).partition("?")[0]
        self.sent.append(f"{method} {path}")
        if any(host in path for host in self.refusing):
            return FakeReply(503, {"content-type": "text/html"}, [b"<html>away</html>"])
        if "/hops/" in path:
            left = int(path.rpartition("/")[2].partition(".")[0])
            if left:
                return FakeReply(302, {"location": f"/hops/{left - 1}.png"})
        if "x-modelscope-async-mode" in headers:
            return FakeReply(200, pieces=[json.dumps(PENDING["/tasks/task-1"]).encode()])
        pending = next((end for end in PENDING if path.endswith(end)), None)
        if pending and self.clock.now < self.task_s:
            return FakeReply(200, pieces=[json.dumps(PENDING[pending]).encode()])
        sent = b"".join(part if isinstance(part, bytes) else part.head(1000) for part in body)
        kind, value = self._honest(path, b'"stream": true' in sent)
        if path.endswith("/upload"):
            value = [f"/tmp/{number}.png" for number in range(sent.count(b"filename="))]
        return FakeReply(200, {"content-type": kind}, [content_of(kind, value)])


class CountedMedia(MemoryMedia):
    """A bucket."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self._counts = counts.of

    async def put(self, name: str, content: Blob, media_type: str) -> None:
        self._counts["r2"] += 1
        await super().put(name, content, media_type)

    async def head(self, name: str) -> MediaFacts | None:
        self._counts["r2"] += 1
        return await super().head(name)

    async def get(self, name: str, part: ByteRange | None = None) -> StoredMedia | None:
        self._counts["r2"] += 1
        return await super().get(name, part)

    async def delete(self, *names: str) -> None:
        self._counts["r2"] += 1
        await super().delete(*names)


class CountedDatabase(SqliteDatabase):
    """A database: a batch is one sub-request, of as many queries as it has statements."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self._counts = counts

    async def run(self, *statements: Statement) -> list[list[dict[str, Any]]]:
        self._counts.of["d1"] += 1
        self._counts.queries += len(statements)
        return await super().run(*statements)


@dataclass
class CountedConverter(FakeConverter):
    """Cloudflare Images."""

    counts: Counts = field(default_factory=Counts)

    async def convert(
        self, content: Blob, output_format: str, compression: int | None, size: object = None
    ) -> Blob:
        self.counts.of["images"] += 1
        return await super().convert(content, output_format, compression, size)


@dataclass
class CountedLimiter:
    """A rate-limit binding."""

    counts: Counts

    async def allow(self, name: str) -> bool:
        self.counts.of["rates"] += 1
        return True


@dataclass
class CountedBudget:
    """The budget's Durable Object."""

    counts: Counts
    inner: MemoryBudget

    async def reserve(self, reservation: Reservation) -> Answer:
        self.counts.of["objects"] += 1
        return await self.inner.reserve(reservation)

    async def settle(self, reservation_id: str, images: int) -> None:
        self.counts.of["objects"] += 1
        await self.inner.settle(reservation_id, images)

    async def count_request(self, who: str, limit: int) -> bool:
        self.counts.of["objects"] += 1
        return await self.inner.count_request(who, limit)


class CountedCooldowns(MemoryCooldowns):
    """The Durable Objects of resting tokens."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self._counts = counts.of

    async def read(self, provider: str, digests: Sequence[str]) -> Mapping[str, Rest]:
        self._counts["objects"] += 1
        return await super().read(provider, digests)

    async def write(self, provider: str, digest: str, rest: Rest | None) -> None:
        self._counts["objects"] += 1
        await super().write(provider, digest, rest)


@dataclass
class CountedTasks:
    """The Durable Objects of tasks, as those who ask them count."""

    counts: Counts
    inner: MemoryTasks

    async def create(self, submission: Submission, contents: Sequence[Blob]) -> None:
        self.counts.of["objects"] += 1 if len(contents) == 1 else 2  # see `ObjectTasks.create`
        await self.inner.create(submission, contents)

    async def read(self, task_id: str, wait_s: float = 0) -> Task | None:
        self.counts.of["objects"] += 1
        return await self.inner.read(task_id, wait_s)

    async def cancel(self, task_id: str) -> Task | None:
        self.counts.of["objects"] += 1
        return await self.inner.cancel(task_id)


class CountedKeys(MemoryKeys):
    """The Durable Objects of idempotency keys."""

    def __init__(self, counts: Counts, clock: FakeClock) -> None:
        super().__init__(clock)
        self._counts = counts.of

    async def claim(self, name: str, fingerprint: str, ticket: Ticket) -> Claim:
        self._counts["objects"] += 1
        return await super().claim(name, fingerprint, ticket)

    async def settle(self, name: str, ticket: Ticket) -> None:
        self._counts["objects"] += 1
        await super().settle(name, ticket)

    async def release(self, name: str, ticket: Ticket) -> None:
        self._counts["objects"] += 1
        await super().release(name, ticket)


@dataclass
class Counting:
    """A gateway with every store that can be bound, and what it counts."""

    gateway: Gateway
    tasks: MemoryTasks
    http: CountedHttp
    counts: Counts
    clock: FakeClock

    async def ask(
        self, path: str, body: object, token: str = "", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A caller's request to its end; what it defers counts."""
        sent = {**ADDRESS, **(headers or {})}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        reply = await handle(
            request("POST" if body is not None else "GET", path, body, sent),
            self.gateway,
            lambda _: None,
        )
        content = await body_of(reply)
        await settled()
        return replace(reply, body=[content])


def counting(
    monkeypatch: Any, task_s: float = 0.0, *, awake: bool = False, **settings: Any
) -> Counting:
    """A fresh gateway, whose waits for tasks take no time."""
    counts, clock = Counts(), FakeClock(0.0)
    http = CountedHttp(Odd(Random(1), []), clock, 0.0, counts=counts, task_s=task_s)

    sleepers: list[float] = []

    async def sleep(seconds: float) -> None:
        until = clock.now + seconds
        sleepers.append(until)
        while clock.now < until:
            await settled(5)
            if until == min(sleepers):  # time goes on when everybody waits for it
                clock.now = until
        sleepers.remove(until)
        await _real_sleep(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    usual = {name: getattr(Settings(), name) for name in ("poll_delays_s", "request_timeout_s")}
    chosen: Settings = replace(SETTINGS, **{**usual, **settings})
    database = CountedDatabase(counts)
    gate = gateway_before(http, clock, chosen)
    gate = replace(
        gate,
        engine=replace(
            gate.engine,
            credentials=Credentials(clock, CountedCooldowns(counts)),
            sleep=clock.sleep,
        ),
        media=CountedMedia(counts),
        converter=CountedConverter(counts=counts),
        history=D1History(database),
        issued_keys=IssuedKeys(D1GatewayKeys(database), clock, ()),
        request_counts=RequestCounts(),
        caller_limiter=CountedLimiter(counts),
        deployment_limiter=CountedLimiter(counts),
        budget=CountedBudget(counts, MemoryBudget(clock)),
        usage=D1Usage(database),
        kept=D1Kept(database),
    )
    whole, tasks = with_background(gate, awake=awake)
    assert whole.background is not None
    background = replace(
        whole.background, store=CountedTasks(counts, tasks), keys=CountedKeys(counts, clock)
    )
    tasks.gateway = whole = replace(whole, background=background)
    return Counting(whole, tasks, http, counts, clock)


_real_sleep = asyncio.sleep


async def settled(turns: int = 50) -> None:
    """Let what can go on do so."""
    for _ in range(turns):
        await _real_sleep(0)
