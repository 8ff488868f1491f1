"""The pump of a streamed response."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from darkroom import stream_pump
from darkroom.blob import BytesBlob
from darkroom.errors import DeadlineExceeded, Failure, JobLost
from darkroom.http import Part, RelayableReply, Remainder
from darkroom.stream_pump import MAX_AHEAD_BYTES, PART_BYTES, StreamPump
from tests.support.fakes import FakeReply


class Reader:
    """The other end of a stream, which takes nothing by itself."""

    def __init__(self, source: AsyncGenerator[Part | Remainder], heartbeat: bytes = b"") -> None:
        self.parts: list[Part] = []
        self.closed = self.gone = False
        self.pump = StreamPump(source, heartbeat, self.write, self.close, self.pipe)

    async def pipe(self, reply: RelayableReply) -> None:
        await reply.pipe_to(self.parts)

    def write(self, part: Part) -> None:
        if self.gone:
            raise ConnectionError
        self.parts.append(part)

    def close(self) -> None:
        self.closed = True

    def read(self) -> None:
        self.pump.note_read()


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def numbered(count: int) -> AsyncGenerator[Part]:
    for number in range(count):
        yield b"%d" % number


async def test_a_slow_reader_holds_up_the_generator_after_some_bytes() -> None:
    part = bytes(MAX_AHEAD_BYTES // 4 - PART_BYTES)

    async def source() -> AsyncGenerator[Part]:
        for _ in range(12):
            yield part

    reader = Reader(source())
    task = reader.pump.start()
    await turns()
    assert len(reader.parts) == 4
    while not task.done():
        reader.read()
        await turns(1)
    assert reader.parts == [part] * 12
    assert reader.closed


async def test_a_blob_is_kept_until_it_has_been_read() -> None:
    async def source() -> AsyncGenerator[Part]:
        yield BytesBlob(b"picture")
        yield b"rest"

    reader = Reader(source())
    task = reader.pump.start()
    await turns()
    assert len(reader.parts) == 1
    reader.read()
    await task
    assert reader.parts[1] == b"rest"


async def test_a_second_stop_does_not_break_off_the_clean_up_of_the_first() -> None:
    cleaning, cleaned = asyncio.Event(), asyncio.Event()

    async def source() -> AsyncGenerator[Part]:
        try:
            yield b"a"
            await asyncio.sleep(60)
        finally:
            cleaning.set()
            await asyncio.sleep(0.01)
            cleaned.set()

    reader = Reader(source())
    reader.pump.start()
    await turns()
    first = asyncio.ensure_future(reader.pump.stop())
    await cleaning.wait()
    await reader.pump.stop()
    assert cleaned.is_set()
    await first
    assert not reader.closed


async def test_a_reader_who_is_gone_ends_the_generator() -> None:
    ended = asyncio.Event()

    async def source() -> AsyncGenerator[Part]:
        try:
            while True:
                yield b"a"
        finally:
            ended.set()

    reader = Reader(source())
    reader.gone = True
    await reader.pump.start()
    assert ended.is_set()


async def test_a_stop_before_the_start_leaves_nothing_behind() -> None:
    reader = Reader(numbered(1), b"beat")
    before = asyncio.all_tasks()
    reader.pump.start()
    await reader.pump.stop()
    assert asyncio.all_tasks() == before
    assert reader.parts == []


async def test_heartbeats_come_while_the_generator_waits_and_never_within_an_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_pump, "HEARTBEAT_S", 0.005)
    go_on = asyncio.Event()

    async def source() -> AsyncGenerator[Part]:
        yield b"event: "
        yield BytesBlob(b"picture")
        yield b"\n\n"
        await go_on.wait()

    reader = Reader(source(), b"beat")
    task = reader.pump.start()
    await asyncio.sleep(0.02)  # in which a heartbeat would have been due
    assert len(reader.parts) == 2
    reader.read()
    async with asyncio.timeout(5):
        while reader.parts.count(b"beat") < 2:
            await asyncio.sleep(0)
            reader.read()
    go_on.set()
    await task
    assert reader.parts[2] == b"\n\n"


class Relayed(FakeReply):
    """An answer whose rest goes past Python."""

    async def first_chunk(self, *, idle_s: float) -> bytes:
        raise NotImplementedError

    async def pipe_to(self, stream: list[Part]) -> None:
        async for piece in self.chunks(idle_s=1):
            stream.append(piece)


async def relayed(reply: Relayed, caught: list[Failure]) -> AsyncGenerator[Part | Remainder]:
    yield b"first"
    try:
        yield Remainder(reply, JobLost("broke off"))
    except Failure as failure:
        caught.append(failure)
        yield b"error: "
        yield str(failure.message).encode()
    finally:
        await reply.close()


async def test_the_rest_of_an_upstreams_body_is_handed_on_whole() -> None:
    reply, caught = Relayed(pieces=[b"second", b"third"]), list[Failure]()
    reader = Reader(relayed(reply, caught))
    await reader.pump.start()
    assert reader.parts == [b"first", b"second", b"third"]
    assert reader.closed
    assert reply.closed
    assert caught == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [(ConnectionError(), b"broke off"), (DeadlineExceeded("too late"), b"too late")],
    ids=["broken off", "too late"],
)
async def test_a_rest_that_fails_is_told_by_its_generator(broken: Exception, told: bytes) -> None:
    reply, caught = Relayed(pieces=[b"second", broken]), list[Failure]()
    reader = Reader(relayed(reply, caught))
    await reader.pump.start()
    assert reader.parts == [b"first", b"second", b"error: ", told]
    assert reader.closed
    assert reply.closed


async def test_no_heartbeat_comes_within_a_rest_that_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_pump, "HEARTBEAT_S", 0.005)

    class Slow(Relayed):
        async def pipe_to(self, stream: list[Part]) -> None:
            await asyncio.sleep(0.02)  # in which heartbeats would have been due
            stream.append(b"rest")

    reader = Reader(relayed(Slow(), []), b"beat")
    await reader.pump.start()
    assert reader.parts == [b"first", b"rest"]


async def test_a_stop_while_a_rest_is_handed_on_closes_its_upstream() -> None:
    class Endless(Relayed):
        async def pipe_to(self, stream: list[Part]) -> None:
            await asyncio.Event().wait()

    reply = Endless()
    reader = Reader(relayed(reply, []))
    reader.pump.start()
    await turns()
    await reader.pump.stop()
    assert reply.closed
    assert not reader.closed
