"""Readiness: whether what is bound to this Worker answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from darkroom.deadline import Clock

LIMIT_S = 3.0  # for all probes together, side by side
FRESH_S = 5.0  # for so long a report is given again: anybody may ask
OK, FAILING, SILENT = "ok", "failing", "silent"

Probe = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Readiness:
    """The latest report of the probes of one isolate."""

    _report: Mapping[str, str] = field(default_factory=dict)
    _at: float | None = None

    async def report(self, probes: Mapping[str, Probe], clock: Clock) -> Mapping[str, str]:
        """The result of each probe: `ok`, `failing`, or `silent` for none within `LIMIT_S`."""
        if self._at is None or clock.monotonic() - self._at >= FRESH_S:
            self._report, self._at = await _ask(probes), clock.monotonic()
        return self._report


async def _ask(probes: Mapping[str, Probe]) -> Mapping[str, str]:
    asking = {name: asyncio.ensure_future(_outcome(probe)) for name, probe in probes.items()}
    try:
        if asking:
            await asyncio.wait(asking.values(), timeout=LIMIT_S)
        return {name: task.result() if task.done() else SILENT for name, task in asking.items()}
    finally:
        for task in asking.values():
            task.cancel()
        await asyncio.gather(*asking.values(), return_exceptions=True)


async def _outcome(probe: Probe) -> str:
    try:
        await probe()
    except Exception:
        return FAILING
    return OK
