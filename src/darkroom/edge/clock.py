"""The runtime's clock."""

import time


class SystemClock:
    """A `Clock`; at the edge it stands still while code computes and moves on with I/O."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)
