"""The queue between who notices changes and who loads them: one entry per segment."""

import threading
from dataclasses import dataclass

from giddyup_watch.model import SegmentKey, Trigger, newest_first

#: Each so many deliveries, the longest waiting goes first: while the newest
#: months change faster than they can be loaded, the others still get a turn.
FAIR_TURN = 4


@dataclass(slots=True)
class _Entry:
    source: Trigger
    first: float
    last: float
    #: Deliver then, whatever the quiet says; None: by quiet and deadline.
    due: float | None


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
        self._in_hand: dict[SegmentKey, _Entry] = {}
        self._taken = 0
        self._lock = threading.Lock()

    def tune(self, *, quiet: float, deadline: float) -> None:
        with self._lock:
            self._quiet, self._deadline = quiet, deadline

    def note(self, key: SegmentKey, source: Trigger, now: float) -> bool:
        """Say that a segment looks changed; True when it was not waiting already.

        What is found at start, by comparison with the database, needs no quiet.
        """
        due = now if source == "startup" else None
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._entries[key] = _Entry(source, now, now, due)
                return True
            entry.last = now
            if source != "startup":  # it is being written after all, or again before a retry
                entry.due = None
            return False

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
            return key

    def coming(self, now: float, source: Trigger) -> list[SegmentKey]:
        """What `take` is about to give, newest month first, as far as nothing else happens."""
        with self._lock:
            ready = [
                key
                for key, entry in self._waiting()
                if entry.source == source and self._ready_at(entry) <= now
            ]
            return sorted(ready, key=newest_first)

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
            times = [self._ready_at(entry) for _, entry in self._waiting()]
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

    def _ready_at(self, entry: _Entry) -> float:
        if entry.due is not None:
            return entry.due
        return min(entry.last + self._quiet, entry.first + self._deadline)

    def _waiting(self) -> list[tuple[SegmentKey, _Entry]]:
        return [(key, entry) for key, entry in self._entries.items() if key not in self._in_hand]

    def _next(self, now: float) -> SegmentKey | None:
        ready = {key: e.first for key, e in self._waiting() if self._ready_at(e) <= now}
        if ready and self._taken % FAIR_TURN == FAIR_TURN - 1:
            oldest = min(ready.values())
            ready = {key: first for key, first in ready.items() if first == oldest}
        return min(ready, key=newest_first, default=None)
