"""What V8 says of the Worker's isolate, by the inspector of workerd (`--inspector-addr`)."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from local.workerd import HOST

POLL_S = 0.002


@dataclass(frozen=True, slots=True)
class HeapUsage:
    """Bytes of `Runtime.getHeapUsage`.

    `total` is V8's heap with the room that it holds in reserve, strings among it. `backing` holds
    every `ArrayBuffer`, those too that are garbage and not collected yet, and every `Blob`. No
    figure of V8's holds Wasm's memory, or what workerd copies into its own buffers to send it:
    seen by making 50 MiB of each in turn.
    """

    total: int
    embedder: int
    backing: int

    @property
    def held(self) -> int:
        """All of it together."""
        return self.total + self.embedder + self.backing


class Inspector:
    """A session with the isolate of the only Worker that a workerd serves."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._context = 0
        self._memories = ""

    async def usage(self) -> HeapUsage:
        """What the isolate holds now, but for Wasm's memory."""
        report = await self._ask("Runtime.getHeapUsage")
        return HeapUsage(
            total=int(report["totalSize"]),
            embedder=int(report["embedderHeapUsedSize"]),
            backing=int(report["backingStorageSize"]),
        )

    async def wasm_bytes(self) -> int:
        """The size of Wasm's memory, which never shrinks."""
        report = await self._ask(
            "Runtime.callFunctionOn",
            objectId=self._memories,
            functionDeclaration="function() { return this.map((one) => one.buffer.byteLength); }",
            returnByValue=True,
        )
        return sum(report["result"]["value"])

    async def find_memories(self) -> None:
        """Look for the instances of `WebAssembly.Memory`, which needs a walk over the heap."""
        await self._ask("Runtime.enable")
        found = await self._ask(
            "Runtime.evaluate", expression="WebAssembly.Memory.prototype", contextId=self._context
        )
        report = await self._ask(
            "Runtime.queryObjects", prototypeObjectId=found["result"]["objectId"]
        )
        self._memories = report["objects"]["objectId"]

    @asynccontextmanager
    async def profiled(self, sample_us: int) -> AsyncIterator[list[Any]]:
        """Sample the block; its `Profiler.Profile` is in the list that is yielded, after it."""
        taken: list[Any] = []
        await self._ask("Profiler.enable")
        await self._ask("Profiler.setSamplingInterval", interval=sample_us)
        await self._ask("Profiler.start")
        yield taken
        taken.append((await self._ask("Profiler.stop"))["profile"])

    async def _ask(self, method: str, **parameters: object) -> Any:
        number = next(self._ids)
        question = {"id": number, "method": method, "params": parameters}
        await self._socket.send(json.dumps(question))
        while True:
            message = json.loads(await self._socket.recv())
            if message.get("method") == "Runtime.executionContextCreated":
                self._context = message["params"]["context"]["id"]
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message.get("result")  # workerd leaves an empty one out


class Peak:
    """The most that was held at one moment, and in V8's heap and in arrays at any."""

    def __init__(self) -> None:
        self.held = self.total = self.backing = 0

    def note(self, usage: HeapUsage) -> None:
        """Look at one moment."""
        self.held = max(self.held, usage.held)
        self.total = max(self.total, usage.total)
        self.backing = max(self.backing, usage.backing)


@asynccontextmanager
async def inspecting(port: int) -> AsyncIterator[Inspector]:
    """A session with the Worker that is inspected at a port."""
    async with httpx.AsyncClient(trust_env=False) as client:
        (worker,) = (await client.get(f"http://{HOST}:{port}/json")).json()
    url = worker["webSocketDebuggerUrl"]
    # Without pings: a busy Worker answers none, and is alive.
    async with connect(
        url, max_size=None, compression=None, proxy=None, ping_interval=None
    ) as socket:
        inspector = Inspector(socket)
        await inspector.find_memories()
        yield inspector


@asynccontextmanager
async def watching(inspector: Inspector) -> AsyncIterator[Peak]:
    """Ask again and again during the block."""
    peak = Peak()

    async def look() -> None:
        while True:
            peak.note(await inspector.usage())
            await asyncio.sleep(POLL_S)

    peak.note(await inspector.usage())
    watcher = asyncio.create_task(look())
    try:
        yield peak
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
