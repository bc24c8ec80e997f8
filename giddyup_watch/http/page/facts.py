"""What the page knows: the daemon's memory now, and the database's word, the last one it gave."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from giddyup_watch.errors import GiddyupError
from giddyup_watch.http.operations.desk import Desk, Situation
from giddyup_watch.store import connection, control, incidents, kept, ledger, lock, runs, server
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.control import Control
from giddyup_watch.store.incidents import Incident
from giddyup_watch.store.kept import Mark
from giddyup_watch.store.ledger import Freshness
from giddyup_watch.store.lock import Holder
from giddyup_watch.store.runs import Run
from giddyup_watch.store.server import Daemon

#: Runs that are shown.
RUNS = 12
#: Seconds for which an answer of the database serves every reader of the page.
SHARED_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database said, in one snapshot; `mark` is its state then."""

    at: dt.datetime
    mark: Mark
    control: Control
    holder: Holder | None
    daemons: list[Daemon]
    runs: list[Run]
    states: dict[str, int]
    gaps: list[Incident]
    freshness: list[Freshness]


@dataclass(frozen=True, slots=True)
class Facts:
    """`stored` is None when nothing was heard yet; `problem` says why it is not from now."""

    now: dt.datetime
    situation: Situation
    stored: Stored | None
    problem: str
    stalls: tuple[str, ...]

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(self.situation.zone).date()

    @property
    def open_gaps(self) -> list[Incident]:
        """Those that nobody has acknowledged."""
        found = self.stored.gaps if self.stored else []
        return [gap for gap in found if gap.acked_at is None]


class Reader:
    """Reads for all listeners; a page that is open all day costs a few small queries a second.

    While the worker knows that the database is away nobody waits for it here, and
    while one reader asks the others get the answer before.
    """

    def __init__(self, desk: Desk, stalls: Callable[[], Iterable[object]]) -> None:
        self._desk = desk
        self._stalls = stalls
        self._lock = threading.Lock()
        self._stored: Stored | None = None
        self._problem = ""
        self._asked = 0.0

    def read(self) -> Facts:
        situation = self._desk.situation()
        away = situation.problems.get("database") or situation.problems.get("migrations", "")
        if not away and self._lock.acquire(blocking=self._stored is None):
            try:
                self._ask(situation.lock_id)
            finally:
                self._lock.release()
        return Facts(
            now=dt.datetime.now(dt.UTC),
            situation=situation,
            stored=self._stored,
            problem=away or self._problem,
            stalls=tuple(str(stall) for stall in self._stalls()),
        )

    def _ask(self, lock_id: int) -> None:
        if time.monotonic() - self._asked < SHARED_SECONDS:
            return
        try:
            with (
                self._desk.reading() as conn,
                connection.transaction(conn, read_only=True, isolation="repeatable read"),
            ):
                self._stored = _read(conn, lock_id, self._stored)
            self._problem = ""
        except GiddyupError as error:
            self._problem = error.message
        self._asked = time.monotonic()


def _read(conn: Connection, lock_id: int, before: Stored | None) -> Stored:
    """Read it all; where nothing was written since `before`, only clock, locks and sessions."""
    now, mark = dt.datetime.now(dt.UTC), kept.mark(conn)
    asked, holder = control.read(conn), lock.holder(conn, lock_id)
    daemons = server.daemons(conn)
    if before is not None and before.mark == mark:
        return replace(before, at=now, control=asked, holder=holder, daemons=daemons)
    return Stored(
        at=now,
        mark=mark,
        control=asked,
        holder=holder,
        daemons=daemons,
        runs=runs.recent(conn, RUNS),
        states=ledger.state_counts(conn),
        gaps=incidents.unresolved(conn),
        freshness=ledger.freshness(conn),
    )
