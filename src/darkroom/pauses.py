"""Cooperative yields in long CPU work, and a limit on the work of one request.

Everybody's requests share one thread, and a task gives the host a turn only by waiting for a timer
or for I/O (see edge/event_loop.py). Work is counted and not timed: in production the clock stands
still while code runs.
"""

import asyncio

PAUSE_S = 0.001
STEPS_A_TURN = 32 * 1024  # about 10 ms in workerd


class TooMuchWork(ValueError):
    """The work has taken more steps than it may."""


class WorkMeter:
    """Counts the steps of one piece of work, and says when to pause and when to give up.

    A step is what Python does for one byte that it looks at by itself: 0.3 µs in workerd.
    """

    def __init__(self, limit_steps: int) -> None:
        self._left_steps = limit_steps
        self._since_pause = 0

    def add(self, steps: int) -> bool:
        """Count steps; True when a pause is due. Raises `TooMuchWork` beyond the limit."""
        self._left_steps -= steps
        self._since_pause += steps
        if self._left_steps < 0:
            raise TooMuchWork
        return self._since_pause >= STEPS_A_TURN

    async def pause(self) -> None:
        """Give the host a turn if there has been work for one since the last pause."""
        if self._since_pause >= STEPS_A_TURN:
            self._since_pause = 0
            await yield_to_host()


async def yield_to_host() -> None:
    """Let the host run whatever else is due, such as other requests."""
    await asyncio.sleep(PAUSE_S)
