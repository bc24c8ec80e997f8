"""How long to wait before the next attempt."""

import random

FIRST, LAST = 0.5, 30.0  # seconds
FACTOR = 2.0
#: Part of the wait by which it is longer or shorter, so that many daemons do not come back as one.
JITTER = 0.2


class Backoff:
    """Waits that double from `FIRST` to `LAST`, until `reset`."""

    def __init__(self) -> None:
        self._next = FIRST

    def reset(self) -> None:
        self._next = FIRST

    def wait(self) -> float:
        """Seconds to wait now; the next wait is longer."""
        seconds = self._next
        self._next = min(seconds * FACTOR, LAST)
        return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret
