"""Events at a pace that the prompt asks for: `[[progress:300:0.005]]` for 300, 5 ms apart."""

import asyncio
import re
from collections.abc import AsyncIterator

DIRECTIVE = re.compile(r"\[\[progress:(\d+):([\d.]+)\]\]")


async def paced(prompt: str) -> AsyncIterator[tuple[int, int]]:
    """The number of each event and how many there are, each at its time; none without a directive.

    By the clock and not by the last event, so that the pace holds. Without an interval they come as
    fast as the loop turns.
    """
    parsed = DIRECTIVE.search(prompt)
    if parsed is None:
        return
    count, interval_s = int(parsed[1]), float(parsed[2])
    clock = asyncio.get_running_loop().time
    began = clock()
    for index in range(count):
        await asyncio.sleep(max(0.0, began + (index + 1) * interval_s - clock()))
        yield index, count
