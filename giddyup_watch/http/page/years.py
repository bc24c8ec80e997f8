"""Coverage of a year, kept until something happened that may change it."""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass

from giddyup_watch.errors import GiddyupError
from giddyup_watch.explain import coverage
from giddyup_watch.explain.coverage import Coverage
from giddyup_watch.http.desk import Desk
from giddyup_watch.http.page.facts import Facts

#: Seconds after which it is read again although nothing seems to have happened.
LONG_SECONDS = 60.0
#: Seconds between two readings, at least; and so many times what the last one took.
SHORT_SECONDS, SPARE = 0.75, 4.0
#: Seconds that a reader waits for a reading. A longer one goes on, for whoever asks next.
PROMPT_SECONDS = 0.5
#: Years that are kept: as many as people look at.
KEPT = 4


@dataclass(frozen=True, slots=True)
class Kept:
    coverage: Coverage
    cause: Hashable
    read_at: float
    seconds: float

    def serves(self, cause: Hashable, now: float) -> bool:
        age = now - self.read_at
        if cause == self.cause:
            return age < LONG_SECONDS
        return age < max(SHORT_SECONDS, SPARE * self.seconds)


class Years:
    """Shared by all listeners. Reading a year looks at the tree: not something for each poll."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: dict[int, Kept] = {}

    def read(self, year: int, facts: Facts) -> Coverage | None:
        """The year as it is now, or was a moment ago; None when it was never read."""
        kept = self._kept.get(year)
        if facts.problem or (kept and kept.serves(_cause(facts), time.monotonic())):
            return kept.coverage if kept else None
        if self._lock.acquire(timeout=0 if kept else PROMPT_SECONDS):
            try:
                kept = self._read(year, _cause(facts))
            except GiddyupError:
                pass  # the facts will say it; the year stays as it was
            finally:
                self._lock.release()
        return kept.coverage if kept else None

    def last(self, year: int) -> Coverage | None:
        """The year as it was read last, without reading it."""
        kept = self._kept.get(year)
        return kept.coverage if kept else None

    def _read(self, year: int, cause: Hashable) -> Kept:
        kept, began = self._kept.get(year), time.monotonic()
        if kept and kept.serves(cause, began):  # another reader was quicker
            return kept
        with self._desk.reading() as conn:
            ask = self._desk.ask(conn)
            found = coverage.read(conn, year, ask.disk, ask.terms, ask.now)
        ended = time.monotonic()
        self._kept.pop(year, None)
        self._kept[year] = made = Kept(found, cause, ended, ended - began)
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return made


def _cause(facts: Facts) -> Hashable:
    """What a day's state follows, as far as the facts know it already."""
    stored = facts.stored
    return (
        facts.today,
        frozenset(facts.situation.waiting),
        facts.situation.problems.get("tree"),
        stored
        and (
            tuple((run.run_id, run.status) for run in stored.runs),
            tuple(stored.states.items()),
            tuple((gap.gap_id, gap.changed_at, gap.acked_at) for gap in stored.gaps),
        ),
    )
