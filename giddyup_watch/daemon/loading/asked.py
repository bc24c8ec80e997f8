"""A run that somebody asked for, as the worker leads it between two turns of its own."""

import datetime as dt
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from giddyup_watch.daemon.loading.reporter import Reporter
from giddyup_watch.daemon.state.heartbeat import Heartbeat
from giddyup_watch.daemon.state.intake import Intake
from giddyup_watch.daemon.state.orders import Order, Orders
from giddyup_watch.errors import PausedError, RunCanceledError
from giddyup_watch.http.operations.desk import Accepted
from giddyup_watch.ingest import asked, run
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import Fingerprint, SegmentKey, newest_first
from giddyup_watch.store import control, ledger


@dataclass(slots=True)
class Asked:
    """`halt` says why the run has to end before its time; empty: it may go on."""

    order: Order
    orders: Orders
    session: run.Session
    regions: tuple[str, ...]
    codes: tuple[str, ...]
    intake: Intake
    reporter: Reporter
    metrics: Metrics
    heartbeat: Heartbeat
    remembered: dict[SegmentKey, Fingerprint]
    halt: Callable[[], str]
    _queue: deque[SegmentKey] = field(default_factory=deque, init=False)
    _started: float = field(default_factory=time.monotonic, init=False)

    def lead(self) -> TurnResult:
        """Raises what run.turn raises, and PausedError."""
        self._refuse_while_paused()
        request = self._prepare()
        result = run.turn(
            self.session,
            request,
            self._take,
            self._report,
            self._opened,
            ahead=lambda: tuple(self._queue),
        )
        self.reporter.run_finished(result, request.trigger, time.monotonic() - self._started)
        return result

    def _refuse_while_paused(self) -> None:
        found = control.read(self.session.conn)
        if found.paused:
            until = f" until {found.paused_until:%Y-%m-%d %H:%M} UTC" if found.paused_until else ""
            raise PausedError(f"loading is paused{until}", hint="ingest/resume ends the pause")

    def _prepare(self) -> run.Request:
        """Fill the queue, newest month first."""
        wanted = self.order.wanted
        conn, master = self.session.conn, self.session.master
        there = asked.segments(
            conn, master, self.regions, self.codes, given_up="shrink" in wanted.accept
        )
        keys = {key for key in there if key.region in wanted.regions and key.code in wanted.codes}
        if wanted.days is not None:
            keys = asked.of_days(keys, wanted.days)
        else:
            keys = {key for key in keys if wanted.first_month <= key.month <= wanted.last_month}
        self._queue.extend(sorted(keys, key=newest_first))
        return run.Request(
            wanted.trigger,
            wanted.days,
            force=wanted.force,
            accept=wanted.accept,
            adopts=wanted.days is None and keys == there and ledger.needs_adoption(conn),
            regions=wanted.regions,
            codes=wanted.codes,
        )

    def _opened(self, run_id: int, started_at: dt.datetime, scope: dict[str, Any]) -> None:
        self.reporter.lock_taken()
        self.metrics.set("lock_held", 1)
        self.metrics.set("ingest_in_progress", 1)
        self.reporter.run_started(run_id, self.order.wanted.trigger)
        self.orders.accept(self.order, Accepted(run_id, started_at, scope), len(self._queue))

    def _take(self) -> SegmentKey | None:
        self.heartbeat.beat("ingest")
        if not self._queue:
            return None
        reason = self.halt()
        if reason:
            raise RunCanceledError(f"{reason}, {len(self._queue)} segments before the end")
        return self._queue.popleft()

    def _report(self, outcome: Outcome) -> None:
        self.heartbeat.beat("ingest")
        self.reporter.segment(outcome, self.order.wanted.trigger, 0.0)
        if outcome.fingerprint is not None:
            self.remembered[outcome.key] = outcome.fingerprint
        if outcome.retry_after is not None:  # the daemon's own work from here on
            self.intake.note(outcome.key, "rescan")
        self._queue.extend(key for key in outcome.also if key not in self._queue)
        self.orders.note(self.order, outcome, len(self._queue))
