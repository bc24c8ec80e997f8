"""Where everything that looks changed is noted: counted, said, queued, the worker woken."""

import time
from collections.abc import Callable

import structlog

from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import SegmentKey, Trigger

log = structlog.get_logger(__name__)


class Intake:
    def __init__(self, pending: Pending, metrics: Metrics) -> None:
        self._pending = pending
        self._metrics = metrics
        self._wake: Callable[[], None] = _nobody

    def wakes(self, wake: Callable[[], None]) -> None:
        """Say whom to wake when something was noted."""
        self._wake = wake

    def note(self, key: SegmentKey, source: Trigger) -> None:
        if self._pending.note(key, source, time.monotonic()):
            self._metrics.inc("manifest_changes_total", source=source)
            say = log.debug if source == "startup" else log.info
            say(Event.SEGMENT_CHANGED, segment=str(key), source=source)
            self._wake()


def _nobody() -> None:
    """Nobody is there to be woken yet."""
