"""The nightly proof, in slices: every segment compared with its files, row by row, once a night."""

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable

import structlog

from giddyup_watch.daemon import nights
from giddyup_watch.daemon.checking.rounds import Plan
from giddyup_watch.explain import verify
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import SegmentKey, newest_first
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import connection, ledger, verified
from giddyup_watch.store.connection import Connection

#: Segments that differed and are compared again before each round, at most, the longest ago first.
AGAIN = 4
#: Nights in which each segment is compared line by line once, whatever is remembered of it.
ANEW = 28

log = structlog.get_logger(__name__)


class Nightly:
    """Which night's proof is done is in the database: a daemon started later makes up for it."""

    def __init__(self, plan: Callable[[], Plan], metrics: Metrics) -> None:
        self._plan = plan
        self._metrics = metrics
        self._done: dt.datetime | None = None  # the night looked after
        self._todo: deque[list[SegmentKey]] = deque()  # newest first
        self._began = 0.0
        self._results: dict[str, int] = {}

    def forget(self) -> None:
        """The database may be another: which night's proof is done is asked anew."""
        self._done = None
        self._todo.clear()

    def due(self, now: dt.datetime) -> bool:
        """Whether there is something to compare, or to find out."""
        night = self._night(now)
        return night is not None and (bool(self._todo) or night != self._done)

    def go_on(
        self, conn: Connection, disk: Inventory, now: dt.datetime, may: Callable[[], bool]
    ) -> bool:
        """Compare the segments of a slice, as far as one `may`; True when any differs."""
        night = self._night(now)
        if night is None:
            self._todo.clear()
            return False
        if night != self._done:
            self._start(conn, disk, night)
        if not self._todo:
            return False
        keys = self._todo.popleft()
        results = compare(conn, self._plan(), keys, may, lambda key: due_anew(key, night))
        left = [key for key in keys if key not in results]
        if left:
            self._todo.appendleft(left)
        for result in results.values():
            self._results[result] = self._results.get(result, 0) + 1
        if not self._todo:
            self._finish()
        return "different" in results.values()

    def _night(self, now: dt.datetime) -> dt.datetime | None:
        plan = self._plan()
        return nights.last_due(plan.verify_at, plan.terms.zone, now) if plan.verify_at else None

    def _start(self, conn: Connection, disk: Inventory, night: dt.datetime) -> None:
        """Find the segments that were not compared since the clocks showed the time."""
        known = verified.fetch(conn)
        keys = ledger.fetch_segments(conn).keys() | disk.holdings.keys()
        due = [key for key in keys if key not in known or known[key].verified_at < night]
        remembered = {key for key, one in known.items() if one.remembered}
        self._todo = deque(slices(due, remembered))
        self._done, self._began, self._results = night, time.monotonic(), {}
        if known:
            self._succeeded(min(one.verified_at for one in known.values()).timestamp())
        if due:
            log.info(Event.VERIFY_STARTED, segments=len(due))

    def _finish(self) -> None:
        seconds = round(time.monotonic() - self._began, 1)
        say = log.warning if self._results.get("different") else log.info
        say(Event.VERIFY_FINISHED, **self._results, seconds=seconds)
        self._succeeded(time.time())

    def _succeeded(self, when: float) -> None:
        self._metrics.set("verify_last_success_timestamp_seconds", when)


def slices(
    keys: Iterable[SegmentKey], remembered: Collection[SegmentKey]
) -> list[list[SegmentKey]]:
    """Segments of one month together, or of one year where proofs are remembered, newest first.

    What is remembered rests on all names, which are read for each slice; what is not
    takes memory for each line that it reads.
    """
    found: dict[str, list[SegmentKey]] = {}
    for key in sorted(keys, key=newest_first):
        found.setdefault(key.month[:4] if key in remembered else key.month, []).append(key)
    return list(found.values())


def due_anew(key: SegmentKey, night: dt.datetime) -> bool:
    """Whether it is the segment's turn to be compared line by line, with those of its month."""
    return (key.first_day.year * 12 + key.first_day.month - night.toordinal()) % ANEW == 0


def again(
    conn: Connection,
    plan: Plan,
    touched: Collection[SegmentKey] | None,
    may: Callable[[], bool],
) -> None:
    """Compare segments that differed, those of them that were `touched`, or any.

    So what was repaired, by whomever, is known in the round that follows.
    """
    differ = [
        key
        for key, one in verified.fetch(conn).items()
        if one.result == "different" and (touched is None or key in touched)
    ]
    compare(conn, plan, differ[:AGAIN], may)


def compare(
    conn: Connection,
    plan: Plan,
    keys: Collection[SegmentKey],
    may: Callable[[], bool],
    anew: Callable[[SegmentKey], bool] = lambda _key: False,
) -> dict[SegmentKey, str]:
    """Compare segments, as far as one `may`, and record what was found of each."""
    proofs = list(verify.prove(plan.session(conn), keys, may, anew)) if keys else []
    with connection.transaction(conn):
        for proof in proofs:
            verify.record(conn, proof)
    return {proof.key: proof.result for proof in proofs}
