"""Watches over what should be there: checks at an interval and after ingests, a proof at night.

On a connection of its own, and only while this daemon is the active one.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing, suppress
from typing import Any

import structlog

from giddyup_watch.daemon import backoff
from giddyup_watch.daemon.backoff import Backoff
from giddyup_watch.daemon.checking import coverage, nightly
from giddyup_watch.daemon.checking.herald import Herald
from giddyup_watch.daemon.checking.nightly import Nightly
from giddyup_watch.daemon.checking.rounds import Plan, Rounds, StoppedError
from giddyup_watch.daemon.service import Service
from giddyup_watch.daemon.state.board import Board
from giddyup_watch.daemon.state.duty import Duty
from giddyup_watch.daemon.state.heartbeat import Heartbeat
from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.errors import GiddyupError
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import SegmentKey
from giddyup_watch.source.inventory import Holding
from giddyup_watch.store import connection, hearing
from giddyup_watch.store.connection import Connection

#: Seconds that the loop rests at most: its pulse, and how late it hears of the runs of others.
PULSE = 1.0
#: Rounds because of ingests leave so many times their own length, and at least so many seconds,
#: to others: the first comes at once, those of a backfill are few.
SPARE, SPARE_SECONDS = 4.0, 0.25
#: The nightly proof rests so many times the length of a slice, and while segments wait to be
#: loaded altogether, unless one has waited for so many seconds.
PROOF_SPARE, PROOF_PATIENCE = 1.0, 600.0
#: Seconds after which a proof that failed is tried again.
PROOF_RETRY = 60.0

log = structlog.get_logger(__name__)


class Monitor(Service):
    """A failure here is logged and counted; the ingest never hears of it."""

    name = "monitor"

    def __init__(
        self,
        failed: threading.Event,
        plan: Plan,
        *,
        connect: Callable[[], Connection],
        duty: Duty,
        pending: Pending,
        board: Board,
        metrics: Metrics,
        heartbeat: Heartbeat,
    ) -> None:
        super().__init__(failed)
        self._plan = plan
        self._connect = connect
        self._duty = duty
        self._pending = pending
        self._heartbeat = heartbeat
        self._metrics = metrics
        self._herald = Herald(metrics)
        self._rounds = Rounds(lambda: self._plan, duty, pending, board, self._begin_check)
        self._nightly = Nightly(lambda: self._plan, metrics)
        self._backoff = Backoff()
        self._conn: Connection | None = None
        self._interrupted = False
        self._anew = threading.Event()
        self._round_at = 0.0  # whatever happens
        self._not_before = 0.0  # because something happened
        self._proof_at = 0.0
        self._proving = 0  # segments of the slice in hand
        self._turn: int | None = None  # None: what goes by turns is due as a whole

    @property
    def holdings(self) -> Mapping[SegmentKey, Holding]:
        """What the tree held when it was last looked at; nothing before, and on a standby."""
        return self._rounds.holdings

    def change(self, plan: Plan) -> None:
        """By new terms everything is asked again, at once."""
        self._plan = plan
        self._anew.set()
        self.ring()

    def ask(self) -> None:
        """End, and the statement that is running with it."""
        super().ask()
        connection.cancel(self._conn)

    def run(self) -> None:
        role = self._duty.role
        while not self.stopping.is_set():
            self._heartbeat.beat()
            before, role = role, self._duty.role
            if role == "active":
                self._try_session()
            elif role == "standby" and role != before:
                self._herald.leave()
            self.rest(PULSE)

    def _try_session(self) -> None:
        began = time.monotonic()
        try:
            self._session()
        except StoppedError:
            return
        except GiddyupError as error:
            if self.stopping.is_set():
                return
            if not self._interrupted:
                log.warning(Event.MONITOR_INTERRUPTED, reason=error.message, hint=error.hint)
            self._interrupted = True
            if time.monotonic() - began > backoff.LAST:
                self._backoff.reset()
            self._wait(self._backoff.wait())

    def _session(self) -> None:
        self._heartbeat.beat("connect")
        with closing(self._connect()) as conn:
            self._conn = conn
            try:
                hearing.listen(conn)
                begun = self._duty.begun
                self._anew.set()
                self._turn = None
                self._nightly.forget()
                while self._goes_on() and self._duty.begun == begun:
                    self.rest(self._step(conn))
            finally:
                self._conn = None

    def _goes_on(self) -> bool:
        return not self.stopping.is_set() and self._duty.role == "active"

    def _step(self, conn: Connection) -> float:
        """Do the next thing; return the seconds to rest before the one after it."""
        self._heartbeat.beat()
        self._hear(hearing.heard(conn))
        if self._round_is_due():
            self._round(conn)
        now = time.monotonic()
        # While segments wait to be loaded the proof does too: then it is no reason to wake up.
        proof_due = self._nightly.due(_utcnow()) and self._is_quiet(now)
        if proof_due and now >= self._proof_at:
            self._prove(conn)
            now = time.monotonic()
        ahead = [self._round_at - now, PULSE]
        if self._duty.wanted:
            ahead.append(self._not_before - now)
        if proof_due:
            ahead.append(self._proof_at - now)
        return min(ahead)

    def _hear(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take in what was loaded, by this daemon or by others; see `giddyup_ingest`."""
        for document in documents:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                key = SegmentKey.parse(document["segment"])
                counts = (document["races"], document["runners"])
                corrected = any(one["updated"] or one["deleted"] for one in counts)
                days = [dt.date.fromisoformat(day) for day in document["days"]]
                self._duty.loaded(key, days if corrected else ())

    def _round_is_due(self) -> bool:
        now = time.monotonic()
        happened = self._duty.wanted and now >= self._not_before
        return happened or now >= self._round_at or self._anew.is_set()

    def _round(self, conn: Connection) -> None:
        began = time.monotonic()
        whole = began >= self._round_at or self._anew.is_set()
        self._anew.clear()
        news = self._duty.take()
        self._prove_again(conn, None if whole else news.segments)
        self._heartbeat.beat("check")
        ask, made = self._rounds.go(conn, news, self._turn)
        if self.stopping.is_set():
            return  # checks that the stop broke off did not fail
        self._herald.round(ask, made)
        if whole:
            coverage.show(self._metrics, ask, made)
            self._round_at = began + self._plan.interval
        seconds = time.monotonic() - began
        self._not_before = time.monotonic() + max(SPARE * seconds, SPARE_SECONDS)
        self._turn = 0 if self._turn is None else self._turn + 1
        self._interrupted = False

    def _begin_check(self) -> None:
        self._heartbeat.beat("check")
        if self.stopping.is_set():
            raise StoppedError

    def _prove_again(self, conn: Connection, touched: Collection[SegmentKey] | None) -> None:
        self._heartbeat.beat("verify")
        try:
            nightly.again(conn, self._plan, touched, self._goes_on)
        except GiddyupError as error:
            if self._goes_on():
                self._herald.unproven(error)

    def _prove(self, conn: Connection) -> None:
        """Compare the next segments; a round is due when one of them differs."""
        self._heartbeat.beat("verify")
        began = time.monotonic()
        self._proving, rest = 0, PULSE
        try:
            disk = self._rounds.disk()
            if disk is not None:
                if self._nightly.go_on(conn, disk, _utcnow(), self._may_prove):
                    self._duty.want()
                rest = PROOF_SPARE * (time.monotonic() - began)
        except GiddyupError as error:
            if self._goes_on():
                self._herald.unproven(error)
            rest = PROOF_RETRY
        self._proof_at = time.monotonic() + rest

    def _may_prove(self) -> bool:
        """Go on with another segment: one at least, however soon a round is due."""
        self._heartbeat.beat("verify")
        self._proving += 1
        free = not self._round_is_due() and self._is_quiet(time.monotonic())
        return self._goes_on() and (free or self._proving == 1)

    def _is_quiet(self, now: float) -> bool:
        oldest = self._pending.oldest()
        return oldest is None or now - oldest > PROOF_PATIENCE

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._goes_on() and (left := until - time.monotonic()) > 0:
            self._heartbeat.beat()
            self.rest(min(left, PULSE))


def _utcnow() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
