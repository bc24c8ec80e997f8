"""Coverage of a year for the page, which is drawn for many readers each second."""

import threading
import time
from dataclasses import dataclass

from giddyup_watch.errors import GiddyupError
from giddyup_watch.explain.coverage import Coverage
from giddyup_watch.http.operations.days import Days
from giddyup_watch.http.page.facts import Facts

#: Seconds for which a year serves every reader, at least; and so many times what it took.
SHARED_SECONDS, SPARE = 0.75, 4.0
#: Seconds that a reader waits for a reading. A longer one goes on, for whoever asks next.
PROMPT_SECONDS = 0.5
#: Years that are kept: as many as people look at.
KEPT = 4


@dataclass(frozen=True, slots=True)
class Read:
    coverage: Coverage
    until: float


class Years:
    """Shared by all listeners. While one reader asks the others get the answer before."""

    def __init__(self, days: Days) -> None:
        self._days = days
        self._lock = threading.Lock()
        self._read: dict[int, Read] = {}

    def read(self, year: int, facts: Facts) -> Coverage | None:
        """The year as it is now, or was a moment ago; None when it was never read."""
        known = self._read.get(year)
        if not facts.problem and self._lock.acquire(timeout=0 if known else PROMPT_SECONDS):
            try:
                known = self._ask(year)
            except GiddyupError:
                pass  # the facts will say it; the year stays as it was
            finally:
                self._lock.release()
        return known.coverage if known else None

    def last(self, year: int) -> Coverage | None:
        """The year as it was read last, without reading it."""
        known = self._read.get(year)
        return known.coverage if known else None

    def _ask(self, year: int) -> Read:
        known, began = self._read.get(year), time.monotonic()
        if known is not None and began < known.until:
            return known
        found = self._days.coverage(year)
        ended = time.monotonic()
        self._read.pop(year, None)
        known = self._read[year] = Read(found, ended + max(SHARED_SECONDS, SPARE * (ended - began)))
        while len(self._read) > KEPT:
            del self._read[next(iter(self._read))]
        return known
