"""A run: the ingest lock taken, segments one after the other, the row in `etl_runs` closed."""

import datetime as dt
import traceback
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from giddyup_watch.errors import (
    DatabaseBusyError,
    GiddyupError,
    LockBusyError,
    RunCanceledError,
)
from giddyup_watch.ingest import segment
from giddyup_watch.ingest.bulk.way import Ahead, Months
from giddyup_watch.ingest.examine import Request
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Effects, LedgerSegment, RunStatus, SegmentKey
from giddyup_watch.store import connection, control, facts, ledger, lock, runs

__all__ = ["Outcome", "Request", "Session", "TurnResult", "turn"]

#: Dates listed in a run's scope; beyond it, the first and the last.
SCOPE_DATES = 400
#: Months whose partitions are made ahead of time.
MONTHS_AHEAD = 2
#: Segments in a row that need nothing, after which the whole ledger is asked for: that takes
#: as long as to ask for this many one by one.
MANY_IDLE = 100
#: Segments named in a run's error message.
_NAMED = 5

Take = Callable[[], SegmentKey | None]
Report = Callable[[Outcome], None]
Opened = Callable[[int, dt.datetime, dict[str, Any]], None]


def turn(
    session: Session,
    request: Request,
    take: Take,
    report: Report,
    opened: Opened = lambda *_: None,
    ahead: Ahead = tuple,
) -> TurnResult:
    """Ingest the segments that `take` gives, until it gives none or somebody cancels.

    Those of a month that the database has nothing of are taken, and loaded, together.
    `ahead` tells what `take` is about to give, as far as that is known.

    `take` may raise RunCanceledError to say why it gives no more. `opened` is
    told id, start and scope of the run when its row is there.

    Raises LockBusyError when another session ingests, and whatever else makes
    going on senseless (the database is gone, the tree is gone); segments
    reported before that are committed.
    """
    with lock.held(session.conn, session.lock_id):
        runs.close_orphaned(session.conn)
        work = _Turn(session, request, report, opened)
        try:
            with closing(Months(session, request, take, ahead)) as months:
                status = work.through(months)
        except RunCanceledError as error:
            return work.close("canceled", error.message)
        except GiddyupError as error:
            work.close("failed", error.message)
            raise
        return work.close(status)


def close_orphaned(conn: connection.Connection, lock_id: int) -> None:
    """Close the runs of processes that died, without waiting for the next turn.

    While somebody ingests they are left alone: one of them is his.
    """
    with suppress(LockBusyError), lock.held(conn, lock_id):
        runs.close_orphaned(conn)


@dataclass(slots=True)
class _Turn:
    """The state of one turn; `run_id` is None until there is something to write.

    `seen` are the segments looked at, `keys` those of them that were not as
    they should be, the one in hand among them. `undecided` counts segments
    that this turn could not compare, `idle` those in a row that needed nothing;
    `known` is the whole ledger while that goes on.
    """

    session: Session
    request: Request
    report: Report
    opened: Opened
    run_id: int | None = None
    started_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    effects: Effects = field(default_factory=Effects)
    seen: set[SegmentKey] = field(default_factory=set)
    keys: set[SegmentKey] = field(default_factory=set)
    days: set[dt.date] = field(default_factory=set)
    trouble: dict[SegmentKey, str] = field(default_factory=dict)
    undecided: int = 0
    idle: int = 0
    known: dict[SegmentKey, LedgerSegment] | None = None

    def through(self, months: Months) -> RunStatus:
        adopting = self.request.adopts and ledger.needs_adoption(self.session.conn)
        if adopting:
            ledger.owe_adoption(self.session.conn, due=True)
        if self.by_hand:
            self.open()
        while (key := months.take()) is not None:
            if self._canceled():
                self._park(key, months.take)
                return "canceled"
            for outcome in self._ingest(key, months):
                self._note(outcome)
                self.report(outcome)
        if adopting and not self.undecided:
            ledger.owe_adoption(self.session.conn, due=False)
        if self.keys and len(self.trouble) == len(self.keys):
            return "failed"
        return "success"

    @property
    def by_hand(self) -> bool:
        return self.request.trigger in ("api", "cli")

    def open(self, key: SegmentKey | None = None) -> int:
        """Open the run, once, about `key` for now; only now does it exist for others."""
        if key is not None:
            self.keys.add(key)
        if self.run_id is None:
            scope = self._scope()
            self.run_id = runs.start(self.session.conn, self.started_at, scope)
            self.opened(self.run_id, self.started_at, scope)
            self._look_ahead()
        return self.run_id

    def _look_ahead(self) -> None:
        """Make the partitions of months to come; whoever is in the way, a later run does."""
        today = self.started_at.date().replace(day=1)
        with suppress(DatabaseBusyError):
            for ahead in range(1, MONTHS_AHEAD + 1):
                facts.ensure_month(self.session.conn, today + dt.timedelta(days=32 * ahead))

    def close(self, status: RunStatus, error: str = "") -> TurnResult:
        message = error or self._complaint()
        if self.run_id is not None and connection.alive(self.session.conn):
            runs.finish(
                self.session.conn,
                self.run_id,
                status,
                self._scope(),
                self.effects.stats(),
                message or None,
            )
        return TurnResult(
            self.run_id, status, self.effects, len(self.keys), tuple(sorted(self.trouble))
        )

    def _ingest(self, key: SegmentKey, months: Months) -> list[Outcome]:
        conn = self.session.conn
        known = self._fetch_known(key)
        try:
            if known is None and (outcomes := months.load(key, self.open)):
                return outcomes
            open_run = partial(self.open, key)
            made = segment.ingest(self.session, key, known, self.request, open_run)
            return [made if known is not None else replace(made, alone=months.alone(key))]
        except GiddyupError:
            raise
        except Exception as error:
            # A bug that one segment's content brings out must not keep the others
            # from being loaded: it is recorded with its trace, and tried again rarely.
            if not connection.alive(conn):
                raise
            reason = f"bug: {type(error).__name__}: {error}"
            return [segment.failed(self.session, key, known, reason, traceback.format_exc())]

    def _fetch_known(self, key: SegmentKey) -> LedgerSegment | None:
        """Ask for one segment, or for all once many in a row needed nothing.

        Segments of this very turn change what is known of others: what was asked
        for before that is not relied on.
        """
        if self.known is None and self.idle == MANY_IDLE:
            self.known = ledger.fetch_segments(self.session.conn)
        if self.known is not None:
            return self.known.get(key)
        return ledger.fetch_segment(self.session.conn, key)

    def _note(self, outcome: Outcome) -> None:
        self.seen.add(outcome.key)
        self.idle = self.idle + 1 if outcome.result == "unchanged" else 0
        self.known = self.known if self.idle else None
        self.undecided += outcome.result in ("waiting", "failed")
        if outcome.result == "waiting":
            return
        self.effects.add(outcome.effects)
        self.days.update(outcome.days)
        if outcome.result != "unchanged":
            self.keys.add(outcome.key)
        self.trouble.pop(outcome.key, None)  # what came twice is judged by the last time
        if outcome.effects.errors:
            self.trouble[outcome.key] = outcome.reason

    def _canceled(self) -> bool:
        if self.run_id is None:
            return False
        return control.read(self.session.conn).cancel_run == self.run_id

    def _park(self, key: SegmentKey | None, take: Take) -> None:
        while key is not None:
            segment.park(self.session, key, self.request)
            key = take()

    def _scope(self) -> dict[str, Any]:
        asked = self.request
        folders = self.seen if self.by_hand else self.keys
        scope: dict[str, Any] = {
            "regions": list(asked.regions) or sorted({key.region for key in folders}),
            "codes": list(asked.codes) or sorted({key.code for key in folders}),
        }
        dates = sorted(asked.days if asked.days is not None else self.days)
        if len(dates) <= SCOPE_DATES:
            scope["dates"] = [day.isoformat() for day in dates]
        else:
            scope |= {"from": dates[0].isoformat(), "to": dates[-1].isoformat()}
        segments = [str(key) for key in sorted(self.keys)]
        return scope | {"trigger": asked.trigger, "segments": segments}

    def _complaint(self) -> str:
        if not self.trouble:
            return ""
        named = [f"{key}: {reason}" for key, reason in sorted(self.trouble.items())[:_NAMED]]
        more = len(self.trouble) - len(named)
        return "; ".join(named) + (f"; and {more} more" if more > 0 else "")
