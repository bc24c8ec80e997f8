"""What the monitor is told: whether to work, and what was loaded since it last asked."""

import datetime as dt
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import SegmentKey

#: `idle`: there is no database to work on. `standby`: another daemon does.
Role = Literal["idle", "active", "standby"]


@dataclass(frozen=True, slots=True)
class News:
    """Segments that a run came by, and the days that it corrected."""

    segments: frozenset[SegmentKey]
    days: frozenset[dt.date]


class Duty:
    """Told by the worker, and by whoever hears of the runs of others; asked by the monitor."""

    def __init__(self) -> None:
        self.role: Role = "idle"
        #: Whether the queue holds all that is to be loaded, as far as a comparison can tell.
        self.compared = False
        #: Whether somebody has paused the loading.
        self.paused = False
        #: How often work has begun.
        self.begun = 0
        self._lock = threading.Lock()
        self._wanted = False
        self._segments: set[SegmentKey] = set()
        self._days: set[dt.date] = set()
        self._wake: Callable[[], None] = _nobody

    def wakes(self, wake: Callable[[], None]) -> None:
        """Say whom to wake when there is something to do."""
        self._wake = wake

    def begin(self) -> None:
        """Work on the database begins; nothing is known of it yet."""
        self.compared = False
        self.begun += 1
        self._become("active")

    def note_compared(self) -> None:
        if not self.compared:
            self.compared = True
            self.want()

    def end(self) -> None:
        self._become("idle")

    def stand_by(self) -> None:
        self._become("standby")

    def settled(self, outcome: Outcome) -> None:
        """Note what a turn of this daemon did to a segment."""
        if outcome.result == "waiting":
            return
        counts = (outcome.effects.races, outcome.effects.runners)
        corrected = any(one.updated or one.deleted for one in counts)
        self.loaded(outcome.key, outcome.days if corrected else ())

    def loaded(self, key: SegmentKey, corrected: Collection[dt.date]) -> None:
        """Note a segment that somebody loaded, and its days that were loaded before.

        Days of long ago that are loaded for the first time open no incidents
        about their races: a backfill of twenty years would open thousands.
        """
        with self._lock:
            self._segments.add(key)
            self._days.update(corrected)
        self.want()

    @property
    def wanted(self) -> bool:
        """Whether anything has happened since `take`."""
        return self._wanted

    def take(self) -> News:
        with self._lock:
            news = News(frozenset(self._segments), frozenset(self._days))
            self._segments.clear()
            self._days.clear()
            self._wanted = False
        return news

    def _become(self, role: Role) -> None:
        self.role = role
        self.want()

    def want(self) -> None:
        self._wanted = True
        self._wake()


def _nobody() -> None:
    """Nobody is there to be woken yet."""
