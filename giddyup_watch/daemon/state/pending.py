"""The queue between who notices changes and who loads them: one entry per segment."""

import bisect
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from giddyup_watch.model import SegmentKey, Trigger, newest_first

#: Each so many deliveries, the longest waiting goes first: while the newest
#: months change faster than they can be loaded, the others still get a turn.
FAIR_TURN = 4


@dataclass(slots=True)
class _Entry:
    """`ready`, when it is to be delivered, is kept: each delivery asks for that of many."""

    source: Trigger
    first: float
    last: float
    #: Deliver then, whatever the quiet says; None: by quiet and deadline.
    due: float | None
    ready: float = 0.0


class Pending:
    """Debounces and orders what was noted. Times are monotonic seconds given by the caller.

    A segment is delivered when nothing was noted of it for `quiet` seconds, or
    `deadline` seconds after the first note: steady writes delay it, but not for
    ever. While it is in hand a new note waits, so that it is delivered again.
    """

    def __init__(self, *, quiet: float, deadline: float) -> None:
        self._quiet = quiet
        self._deadline = deadline
        self._entries: dict[SegmentKey, _Entry] = {}
        self._line: list[SegmentKey] = []  # those of the entries, newest month first
        self._in_hand: dict[SegmentKey, _Entry] = {}
        self._taken = 0
        self._lock = threading.Lock()

    def tune(self, *, quiet: float, deadline: float) -> None:
        with self._lock:
            self._quiet, self._deadline = quiet, deadline
            for entry in (*self._entries.values(), *self._in_hand.values()):
                self._time(entry)

    def note(self, key: SegmentKey, source: Trigger, now: float) -> bool:
        """Say that a segment looks changed; True when it was not waiting already.

        What is found at start, by comparison with the database, needs no quiet.
        """
        due = now if source == "startup" else None
        with self._lock:
            entry = self._entries.get(key)
            new = entry is None
            if entry is None:
                entry = self._entries[key] = _Entry(source, now, now, due)
                bisect.insort(self._line, key, key=newest_first)
            elif source != "startup":  # it is being written after all, or again before a retry
                entry.due = None
            entry.last = now
            self._time(entry)
            return new

    def retry_at(self, key: SegmentKey, when: float) -> None:
        """Put a segment in hand back until then; a note makes it ready earlier."""
        with self._lock:
            self._return(key, when)

    def take(self, now: float, source: Trigger | None = None) -> SegmentKey | None:
        """The segment to load next: of those ready, the newest month.

        With `source` None is also the answer when the next one was told by
        somebody else: a run has one trigger.
        """
        with self._lock:
            key = self._next(now)
            if key is None or (source is not None and self._entries[key].source != source):
                return None
            self._taken += 1
            self._in_hand[key] = self._entries.pop(key)
            del self._line[bisect.bisect_left(self._line, newest_first(key), key=newest_first)]
            return key

    def coming(self, now: float, source: Trigger) -> list[SegmentKey]:
        """What `take` is about to give, newest month first, as far as nothing else happens."""
        with self._lock:
            return [key for key in self._ready(now) if self._entries[key].source == source]

    def next_source(self, now: float) -> Trigger | None:
        """Who told of the segment that `take` would give; None when none is ready."""
        with self._lock:
            key = self._next(now)
            return None if key is None else self._entries[key].source

    def since(self, key: SegmentKey) -> float:
        """When a segment in hand was first noted."""
        with self._lock:
            return self._in_hand[key].first

    def done(self, key: SegmentKey) -> None:
        with self._lock:
            self._in_hand.pop(key, None)

    def all_done(self) -> None:
        """Nothing is in hand any more."""
        with self._lock:
            self._in_hand.clear()

    def put_back(self, now: float) -> None:
        """What is in hand could not be finished: it is ready again, its age kept."""
        with self._lock:
            for key in tuple(self._in_hand):
                self._return(key, now)

    def next_due(self, now: float) -> float | None:
        """When something is ready, `now` when it is already; None with an empty queue."""
        with self._lock:
            times = [e.ready for key, e in self._entries.items() if key not in self._in_hand]
            return max(now, min(times)) if times else None

    def __contains__(self, key: SegmentKey) -> bool:
        with self._lock:
            return key in self._entries or key in self._in_hand

    @property
    def depth(self) -> int:
        with self._lock:
            return len(self._entries.keys() | self._in_hand.keys())

    @property
    def in_hand(self) -> frozenset[SegmentKey]:
        with self._lock:
            return frozenset(self._in_hand)

    def oldest(self) -> float | None:
        """When the longest waiting segment was first noted."""
        with self._lock:
            entries = [*self._entries.values(), *self._in_hand.values()]
            return min((entry.first for entry in entries), default=None)

    def ages(self, now: float) -> dict[SegmentKey, float]:
        """Seconds since each segment was first noted, those in hand included."""
        with self._lock:
            entries = [*self._entries.items(), *self._in_hand.items()]
            return {key: now - entry.first for key, entry in entries}

    def _return(self, key: SegmentKey, due: float) -> None:
        entry = self._in_hand.pop(key, None)
        if entry is None:
            return
        if key in self._entries:  # noted again meanwhile: its quiet counts, and its age
            self._entries[key].first = entry.first
        else:
            entry.due = due
            self._entries[key] = entry
            bisect.insort(self._line, key, key=newest_first)
        self._time(self._entries[key])

    def _time(self, entry: _Entry) -> None:
        if entry.due is not None:
            entry.ready = entry.due
        else:
            entry.ready = min(entry.last + self._quiet, entry.first + self._deadline)

    def _ready(self, now: float) -> Iterator[SegmentKey]:
        """Those that may be delivered now, newest month first."""
        for key in self._line:
            if self._entries[key].ready <= now and key not in self._in_hand:
                yield key

    def _next(self, now: float) -> SegmentKey | None:
        if self._taken % FAIR_TURN == FAIR_TURN - 1:
            return min(self._ready(now), key=lambda key: self._entries[key].first, default=None)
        return next(self._ready(now), None)
