"""Who is still making progress: what /healthz and the systemd watchdog go by."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from giddyup_watch.metrics import Metrics

Phase = Literal["idle", "look", "connect", "ingest", "migrate", "views", "check", "verify"]

#: Seconds that a loop may stay in a phase without a beat.
LIMITS: Mapping[Phase, float] = MappingProxyType(
    {
        "idle": 30.0,  # loops wake up at least each second
        "look": 300.0,  # a network file system that answers slowly, not one that hangs
        "connect": 60.0,  # several hosts in the URL, five seconds for each
        "ingest": 60.0,
        "migrate": 1800.0,
        "views": 1800.0,
        "check": 600.0,  # one round: the tree read at first, then fifteen checks
        "verify": 3600.0,
    }
)

#: Milliseconds for one statement: the server gives up before the watchdog does.
INGEST_STATEMENT_TIMEOUT_MS = 50_000
#: The same for who asks over HTTP, and does not wait longer.
READ_STATEMENT_TIMEOUT_MS = 10_000
VIEWS_STATEMENT_TIMEOUT_MS = 29 * 60 * 1000
#: Of the monitor: all checks together stay below the limit of a round.
CHECK_STATEMENT_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Stall:
    """A loop that has been in one phase longer than it may."""

    component: str
    phase: Phase
    seconds: float
    limit: float

    def __str__(self) -> str:
        return (
            f"{self.component} made no progress in {self.phase!r}"
            f" for {self.seconds:.0f} s (limit {self.limit:.0f} s)"
        )


class Heartbeat:
    """The pulse of one loop. Beaten by that loop, read by anybody."""

    def __init__(
        self, component: str, metrics: Metrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.component = component
        self._metrics = metrics
        self._clock = clock
        self._last: tuple[Phase, float] = ("idle", clock())

    def beat(self, phase: Phase = "idle") -> None:
        self._last = (phase, self._clock())
        self._metrics.set("heartbeat_timestamp_seconds", time.time(), component=self.component)
        self._metrics.set("heartbeat_limit_seconds", LIMITS[phase], component=self.component)

    def stall(self) -> Stall | None:
        phase, since = self._last
        seconds = self._clock() - since
        limit = LIMITS[phase]
        return Stall(self.component, phase, seconds, limit) if seconds > limit else None
