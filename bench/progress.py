"""How late a progress event reaches the caller.

The instant Space writes into each event when it was sent; the caller notes when it arrived.
"""

import asyncio
import re
import time
from dataclasses import dataclass

import httpx

from bench.callers import SIDES, Side, WrongAnswer, connected, generation_request, join_queue
from bench.figures import percentile
from bench.stage import Effort, Stage

# Streams at once, events of each, seconds between two events of a stream. Fifty Spaces that each
# report five steps in a second are below what one isolate can relay, so that the delay shows and
# not a queue that grows.
PLANS = ((1, 300, 0.01), (50, 40, 0.2))
MERGED_S = 0.05  # of events that come faster Darkroom sends the newest
SENT_AT = re.compile(rb'"(?:desc|message)":"(\d+)"')


@dataclass(frozen=True, slots=True)
class Delay:
    """From the moment an event is sent by the Space to its arrival at the caller.

    `processor` is the share of one core that each party was busy for.
    """

    side: Side
    streams: int
    interval_s: float
    events: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    processor: dict[str, float]


async def measure_progress(stage: Stage) -> list[Delay]:
    """Measure one stream and many at once, from both sides."""
    return [await _measure(stage, side, *plan) for plan in PLANS for side in SIDES]


async def _measure(stage: Stage, side: Side, streams: int, events: int, interval_s: float) -> Delay:
    prompt = f"a cat [[progress:{events}:{interval_s}]]"
    effort = Effort(stage)
    async with connected(streams) as clients:
        with effort.counted():
            async with asyncio.TaskGroup() as group:
                # Spaces do not beat in time with each other: the starts spread over an interval.
                tasks = [
                    group.create_task(
                        _watch(stage, side, client, prompt, index / streams * interval_s)
                    )
                    for index, client in enumerate(clients)
                ]
    delays_ms = [delay for task in tasks for delay in task.result()]
    fewest: float = streams * events
    if side == "darkroom" and interval_s < MERGED_S:
        fewest *= interval_s / MERGED_S / 2
    if len(delays_ms) < fewest:
        raise WrongAnswer(f"{len(delays_ms)} events arrived of {streams * events}")
    return Delay(
        side=side,
        streams=streams,
        interval_s=interval_s,
        events=len(delays_ms),
        p50_ms=percentile(delays_ms, 50),
        p99_ms=percentile(delays_ms, 99),
        max_ms=max(delays_ms),
        processor=effort.shares(),
    )


async def _watch(
    stage: Stage, side: Side, client: httpx.AsyncClient, prompt: str, start_after_s: float
) -> list[float]:
    """Follow one stream; returns the delay of each progress event in milliseconds."""
    await asyncio.sleep(start_after_s)
    request = (
        generation_request(stage, prompt, response_format="url", stream=True)
        if side == "darkroom"
        else await join_queue(stage, client, prompt)
    )
    delays_ms = []
    rest = b""
    reply = await client.send(request, stream=True)
    async for chunk in reply.aiter_raw():
        arrived_ns = time.monotonic_ns()
        whole, _, rest = (rest + chunk).rpartition(b"\n\n")
        delays_ms += [(arrived_ns - int(sent)) / 1e6 for sent in SENT_AT.findall(whole)]
    await reply.aclose()
    return delays_ms
