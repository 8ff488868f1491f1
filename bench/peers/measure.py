"""The measurements of each peer."""

import asyncio
import json
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import httpx

from bench.callers import call_all, connected, demand
from bench.figures import percentile
from bench.peers.cases import Case, generation, masked_edit, slow_chat, waiting
from bench.peers.load import Load, Request, put_load
from bench.peers.peer import Peer
from bench.usage import (
    highest_resident_bytes,
    machine_processor_s,
    processes_of,
    resident_bytes,
)
from local.http_server import HOST
from local.instant_api import WAIT_S

MIB = 1024 * 1024
MEMORY_REQUESTS, MEMORY_CALLERS = 2000, 8
FALLBACKS = 20
PARTIES = ("peer", "upstream", "generator")
SETTLE_S, SETTLE_LIMIT_S = 0.1, 15.0
IDLE = 0.1  # of a core
LEAVE_AFTER_S, NOTICE_WITHIN_S = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One case at one peer: medians of the rounds.

    `cpu_ms` is the processor time that the peer spent on a request. The shares are those of one
    core that each of `PARTIES` kept busy.
    """

    per_second: float
    slowest: float
    fastest: float
    failed: int
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of all processes of a peer after so many small generations, in MiB."""

    requests: int
    now_mib: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Fallback:
    """Until an answer of the second upstream, the first refusing every connection."""

    first_ms: float
    later_p50_ms: float


@dataclass(frozen=True, slots=True)
class Conduct:
    """A peer's treatment of a mask, and of the upstream's work when its caller leaves."""

    mask: str
    generation: str
    stream: str


class Rounds:
    """The rounds of one case at one peer."""

    def __init__(self, case: Case, peer: Peer, upstream: Peer) -> None:
        self._peer, self._upstream = peer, upstream
        self._callers = case.callers
        self._request = peer.fit(case.make(peer.named))
        self._loads: list[Load] = []
        self._cpu_ms: list[float] = []
        self._used_s = dict.fromkeys(PARTIES, 0.0)
        self._elapsed_s = 0.0

    def run(self, seconds: float) -> None:
        """Run one round."""
        parties = {"upstream": self._upstream, "peer": self._peer}
        if self._peer is self._upstream:
            del parties["peer"]
        before_s = {name: party.processor_s() for name, party in parties.items()}
        began = time.monotonic()
        load = put_load(self._peer.url, self._request, self._callers, seconds)
        self._elapsed_s += time.monotonic() - began
        used_s = {name: party.processor_s() - before_s[name] for name, party in parties.items()}
        for name, spent_s in {**used_s, "generator": load.generator_s}.items():
            self._used_s[name] += spent_s
        self._loads.append(load)
        self._cpu_ms.append(used_s.get("peer", 0.0) / max(1, load.requests) * 1000)
        self._settle()

    def _settle(self) -> None:
        """Wait until the peer is done with what the generator left behind, which is nobody's."""
        until = time.monotonic() + SETTLE_LIMIT_S
        while time.monotonic() < until:
            before_s = self._peer.processor_s()
            time.sleep(SETTLE_S)
            if self._peer.processor_s() - before_s < SETTLE_S * IDLE:
                break

    @property
    def used_s(self) -> float:
        """The processor time that all three parties have used."""
        return sum(self._used_s.values())

    def sum_up(self) -> Figure:
        """The figure of all rounds."""
        rates = [load.per_second for load in self._loads]
        return Figure(
            per_second=median(rates),
            slowest=min(rates),
            fastest=max(rates),
            failed=sum(load.failed for load in self._loads),
            p50_ms=median(load.p50_ms for load in self._loads),
            p99_ms=median(load.p99_ms for load in self._loads),
            cpu_ms=median(self._cpu_ms),
            shares={name: used_s / self._elapsed_s for name, used_s in self._used_s.items()},
        )


async def measure_memory(peer: Peer) -> Memory:
    """Measure a peer that has done nothing yet; this warms it up as well."""
    request = _built(peer, peer.fit(generation(peer.named("small"))))

    async def call(client: httpx.AsyncClient) -> None:
        demand((await client.send(request)).content, b"b64_json")

    async with connected(MEMORY_CALLERS) as clients:
        await call_all(clients, MEMORY_REQUESTS, call)
    pids = processes_of(peer.process.pid)
    return Memory(
        requests=MEMORY_REQUESTS,
        now_mib=sum(map(resident_bytes, pids)) / MIB,
        peak_mib=sum(map(highest_resident_bytes, pids)) / MIB,
    )


async def measure_fallback(peer: Peer) -> Fallback | None:
    """Measure a caller who asks again and again; None where the peer has no fallbacks."""
    if peer.fallback is None:
        return None
    request = _built(peer, peer.fallback(peer.fit(generation(peer.named("small")))))

    async def call(client: httpx.AsyncClient) -> None:
        demand((await client.send(request)).content, b"b64_json")

    async with connected(1) as clients:
        first_s, *later_s = await call_all(clients, 1 + FALLBACKS, call)
    return Fallback(first_s * 1000, percentile(later_s, 50) * 1000)


async def observe_conduct(peer: Peer, upstream: Peer) -> Conduct:
    """See what reaches the upstream."""
    async with connected(1) as (client,):
        before = await _seen(client, upstream, "masks")
        reply = await client.send(_built(peer, peer.fit(masked_edit(peer.named("small")))))
        came = await _seen(client, upstream, "masks") > before
    if reply.status_code != 200:
        mask = f"refuses the edit ({reply.status_code})"
    else:
        mask = "forwards it" if came else "drops it"
    return Conduct(
        mask=mask,
        generation=await _leave(peer, upstream, peer.fit(waiting(peer.named))),
        stream=await _leave(peer, upstream, peer.fit(slow_chat(peer.named))),
    )


async def _leave(peer: Peer, upstream: Peer, request: Request) -> str:
    """The state of the upstream's work after a caller of the peer has left.

    Most clients close their connection. A proxy in front, or a client that crashes, resets it.
    """
    async with connected(1) as (client,):
        for words, reset in (("cancelled", False), ("cancelled after a reset alone", True)):
            before = await _seen(client, upstream, "leavers")
            with socket.create_connection((HOST, int(peer.url.rpartition(":")[2]))) as caller:
                if reset:
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.sendall(_wire(request))
                await asyncio.sleep(LEAVE_AFTER_S)
            await asyncio.sleep(NOTICE_WITHIN_S)
            if await _seen(client, upstream, "leavers") > before:
                return words
            await asyncio.sleep(WAIT_S)
    return "goes on"


def _wire(request: Request) -> bytes:
    """A request as it goes over the wire."""
    fields = {"host": HOST, "content-length": str(len(request.body)), **request.headers}
    lines = [f"POST {request.path} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


async def _seen(client: httpx.AsyncClient, upstream: Peer, what: str) -> int:
    return int(json.loads((await client.get(f"{upstream.url}/_seen")).content)[what])


def _built(peer: Peer, request: Request) -> httpx.Request:
    headers = dict(request.headers)
    return httpx.Request("POST", peer.url + request.path, headers=headers, content=request.body)


def run_rounds(turns: Sequence[Rounds], rounds: int, seconds: float) -> float:
    """Run all turns in each round; returns how many cores everything else kept busy meanwhile."""
    began, before_s = time.monotonic(), machine_processor_s()
    for number in range(1, rounds + 1):
        print(f"bench: round {number} of {rounds}", file=sys.stderr, flush=True)
        for turn in turns:
            turn.run(seconds)
    others_s = machine_processor_s() - before_s - sum(turn.used_s for turn in turns)
    return others_s / (time.monotonic() - began)
