"""The runtime's clock."""

import time


class SystemClock:
    """A `Clock`; at the edge it stands still while code computes and moves on with I/O."""

    def monotonic(self) -> float:
        """Seconds from some fixed point."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()
