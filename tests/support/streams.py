"""What a streamed reply sends, heartbeats among it."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from darkroom.http import Part, RelayableReply, Reply
from darkroom.stream_pump import StreamPump


async def sent(reply: Reply, look: Callable[[bytes], object] = bytes) -> bytes:
    """All that a streamed reply sends, heartbeats too; `look` is shown what was sent so far."""
    assert not isinstance(reply.body, Sequence)
    wire, loop = bytearray(), asyncio.get_running_loop()

    def write(part: Part) -> None:
        wire.extend(part if isinstance(part, bytes) else part.head(part.size))
        look(bytes(wire))
        loop.call_soon(pump.note_read)

    async def pipe(_upstream: RelayableReply) -> None:
        raise NotImplementedError

    pump = StreamPump(reply.body, reply.heartbeat, write, lambda: None, pipe)
    await pump.start()
    return bytes(wire)


def hurry_heartbeats(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.01) -> None:
    """Let streams send their heartbeats so often."""
    monkeypatch.setattr("darkroom.stream_pump.HEARTBEAT_S", seconds)
    monkeypatch.setattr("darkroom.generation.stream.HEARTBEAT_S", seconds)
