"""Objects that do work in the background, in this process, and can be made to lose their memory."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from darkroom.app import TASK_SHAPES, perform
from darkroom.blob import Blob, BytesBlob
from darkroom.deadline import Clock
from darkroom.gateway import Background, Gateway
from darkroom.http import Remainder
from darkroom.stores.idempotency import Claim, Ticket
from darkroom.stores.sealing import SealBroken
from darkroom.stores.tasks import Submission, Task
from darkroom.stores.unavailable import StoreUnavailable
from darkroom.tasks.idempotency import IdempotencyRecord
from darkroom.tasks.runner import TaskRunner


@dataclass
class MemoryDisk:
    """A `Disk` that remembers what was written, unless it is `broken`."""

    texts: dict[str, str] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    alarm: float | None = None
    broken: bool = False
    saved: list[str] = field(default_factory=list)

    async def load(self, name: str) -> str | None:
        await self._work()
        return self.texts.get(name)

    async def save(self, name: str, text: str) -> None:
        await self._work()
        self.texts[name] = text
        self.saved.append(text)

    async def keep(self, name: str, parts: Sequence[bytes | Blob]) -> bool:
        await self._work()
        self.contents[name] = b"".join(
            part if isinstance(part, bytes) else part.head(part.size) for part in parts
        )
        return False

    async def fetch(self, name: str) -> Blob | None:
        await self._work()
        content = self.contents.get(name)
        return None if content is None else BytesBlob(content)

    async def drop(self, name: str) -> None:
        await self._work()
        self.contents.pop(name, None)

    async def erase(self) -> None:
        await self._work()
        self.texts.clear()
        self.contents.clear()
        self.alarm = None

    async def alarm_at(self) -> float | None:
        await self._work()
        return self.alarm

    async def set_alarm(self, at: float) -> None:
        await self._work()
        self.alarm = at

    async def _work(self) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise StoreUnavailable("this disk is broken")


class MemoryTasks:
    """A `TaskStore` whose objects are woken by `wake`, or by themselves if it is `awake`."""

    def __init__(self, clock: Clock, *, awake: bool = True) -> None:
        self.gateway: Gateway | None = None
        self.disks: dict[str, MemoryDisk] = {}
        self.created: list[Submission] = []
        self.log: list[Mapping[str, object]] = []
        self._clock = clock
        self._awake = awake
        self._lives: dict[str, TaskRunner] = {}
        self._wakings: set[asyncio.Task[None]] = set()

    async def create(self, submission: Submission, contents: Sequence[Blob]) -> None:
        self.created.append(submission)
        await self.life(submission.id).store_request(contents)
        await self.life(submission.id).create(submission)
        if self._awake:
            waking = asyncio.create_task(self.wake(submission.id))
            self._wakings.add(waking)
            waking.add_done_callback(self._wakings.discard)

    async def read(self, task_id: str, wait_s: float = 0) -> Task | None:
        reported = await self.life(task_id).read(wait_s)
        return reported.record.task(reported.body, reported.progress) if reported else None

    async def follow(
        self, task_id: str, seen: int, _limit_s: float
    ) -> AsyncGenerator[bytes | Blob | Remainder] | None:
        return await self.life(task_id).follow(seen)

    async def cancel(self, task_id: str) -> Task | None:
        reported = await self.life(task_id).cancel()
        return reported.record.task(reported.body, reported.progress) if reported else None

    async def wake(self, task_id: str) -> None:
        """The alarm, if it is time."""
        storage = self.disks[task_id]
        if storage.alarm is not None and storage.alarm <= self._clock.time():
            storage.alarm = None
            await self.life(task_id).wake()

    def life(self, task_id: str) -> TaskRunner:
        """The object of that name, made anew if it is not in memory."""
        assert self.gateway is not None
        if task_id not in self._lives:
            storage = self.disks.setdefault(task_id, MemoryDisk())
            self._lives[task_id] = TaskRunner(
                storage, self.gateway, perform, TASK_SHAPES, self.log.append
            )
        return self._lives[task_id]

    def evict(self) -> None:
        """Lose what is in memory of objects that have nothing to do."""
        self._lives.clear()

    def crash(self) -> None:
        """Lose all that is in memory. Alarms that were being answered go off again."""
        for task_id, storage in self.disks.items():
            alarm = self._clock.time() if storage.alarm is None else storage.alarm
            texts, contents = dict(storage.texts), dict(storage.contents)
            storage.broken = True
            self.disks[task_id] = MemoryDisk(texts, contents, alarm)
        self._lives.clear()
        for waking in self._wakings:
            waking.cancel()


class MemoryKeys:
    """A `KeyStore` that forgets with its process."""

    def __init__(self, clock: Clock) -> None:
        self.lives: dict[str, IdempotencyRecord] = {}
        self._clock = clock

    async def claim(self, name: str, fingerprint: str, ticket: Ticket) -> Claim:
        return await self._life(name).claim(fingerprint, ticket)

    async def settle(self, name: str, ticket: Ticket) -> None:
        await self._life(name).settle(ticket)

    async def release(self, name: str, ticket: Ticket) -> None:
        await self._life(name).release(ticket)

    def _life(self, name: str) -> IdempotencyRecord:
        return self.lives.setdefault(name, IdempotencyRecord(MemoryDisk(), self._clock))


class PlainSealer:
    """A `Sealer` that hides nothing from who knows base64, and knows one purpose from another."""

    async def seal(self, text: str, purpose: str) -> str:
        return base64.b64encode(f"{purpose} {text}".encode()).decode()

    async def open(self, sealed: str, purpose: str) -> str:
        known, _, text = base64.b64decode(sealed).decode().partition(" ")
        if known != purpose:
            raise SealBroken
        return text


def with_background(gate: Gateway, *, awake: bool = True) -> tuple[Gateway, MemoryTasks]:
    """The same gateway with a background, and what keeps its tasks."""
    store = MemoryTasks(gate.clock, awake=awake)
    ids = (str(UUID(int=number, version=4)) for number in range(1, 10_000))
    background = Background(
        store, MemoryKeys(gate.clock), PlainSealer(), lambda: next(ids), store.follow
    )
    store.gateway = replace(gate, background=background)
    return store.gateway, store
