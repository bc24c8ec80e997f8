"""The one thread that writes facts: connects, becomes active, compares, loads what is due."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

from giddyup_watch.daemon import rescan
from giddyup_watch.daemon.backoff import Backoff
from giddyup_watch.daemon.board import Board
from giddyup_watch.daemon.heartbeat import Heartbeat
from giddyup_watch.daemon.intake import Intake
from giddyup_watch.daemon.pending import Pending
from giddyup_watch.daemon.readiness import Readiness
from giddyup_watch.daemon.reporter import Reporter
from giddyup_watch.daemon.service import Service
from giddyup_watch.daemon.turn import Turn
from giddyup_watch.errors import GiddyupError, LockBusyError, TransientError, TreeMissingError
from giddyup_watch.ingest import reconcile, run
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import Fingerprint, Rules, SegmentKey, Trigger, newest_first
from giddyup_watch.source import layout
from giddyup_watch.store import control, ledger, lock
from giddyup_watch.store.connection import Connection

#: Seconds between two looks at what operators asked for; the session's pulse.
CONTROL_SECONDS = 1.0
#: Seconds between two looks at a database that is not ready.
NOT_READY_SECONDS = 2.0
#: Seconds after which a busy ingest lock, or a tree that was gone, is tried again.
RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What the worker is to do, and how. A new one can be given while it runs."""

    master: Path
    regions: tuple[str, ...]
    codes: tuple[str, ...]
    rules: Rules
    lock_id: int
    orphan_seconds: float
    reconcile_seconds: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whom the worker deals with."""

    pending: Pending
    intake: Intake
    board: Board
    metrics: Metrics
    heartbeat: Heartbeat
    readiness: Readiness
    connect: Callable[[], Connection]
    watch_mode: Callable[[], str]
    #: Called when a run has written, and once the database is found ready.
    wrote: Callable[[], None]


class Worker(Service):
    name = "worker"

    def __init__(self, failed: threading.Event, job: Job, around: Surroundings) -> None:
        super().__init__(failed)
        self._job = job
        self._around = around
        self._reporter = Reporter(around.metrics)
        self._backoff = Backoff()
        self._lost = False
        self._compared = False  # once in the life of the daemon: then it is no longer its start
        self._forget()

    def change(self, job: Job) -> None:
        """Go on by other rules; what was loaded by the old ones is compared again."""
        self._job = job
        self._reconcile_at = 0.0
        self.ring()

    def run(self) -> None:
        while not self.stopping.is_set():
            self._forget()
            try:
                self._session()
            except GiddyupError as error:
                # Before the work began, what waiting does not cure ends the daemon.
                if not (self._working or isinstance(error, TransientError)):
                    raise
                self._lose(error)
                self._wait(self._backoff.wait())

    def _forget(self) -> None:
        """Drop everything remembered of a session and its database."""
        self._working = False
        self._remembered: dict[SegmentKey, Fingerprint] = {}
        self._paused = False
        self._due = 0
        self._control_at = self._reconcile_at = self._turn_at = 0.0
        self._said = ""

    # The session

    def _session(self) -> None:
        around = self._around
        around.heartbeat.beat("connect")
        with closing(around.connect()) as conn:
            try:
                self._found()
                if self._become_active(conn) and self._become_ready(conn):
                    self._working = True
                    around.wrote()
                    self._work(conn)
            finally:
                for name in ("active", "db_up", "lock_held", "ingest_in_progress"):
                    around.metrics.set(name, 0)

    def _found(self) -> None:
        self._around.metrics.set("db_up", 1)
        self._around.board.set("database")
        if self._lost:
            self._around.metrics.inc("db_reconnects_total")
            log.info(Event.DATABASE_BACK)
        self._lost = False
        self._backoff.reset()

    def _lose(self, error: GiddyupError) -> None:
        """Keep the queue, say it once."""
        self._around.pending.put_back(time.monotonic())
        if isinstance(error, LockBusyError):
            self._reporter.lock_busy(error.holder)
            return
        self._around.board.set("database", error.message)
        self._around.metrics.inc("ingest_errors_total", reason="database")
        if not self._lost:
            log.error(Event.DATABASE_LOST, reason=error.message, hint=error.hint)
        self._lost = True

    def _become_active(self, conn: Connection) -> bool:
        """Wait until no other daemon works on this database; False when asked to stop."""
        around = self._around
        check_at = 0.0
        while not lock.become_active(conn, self._job.lock_id):
            if not check_at:
                other = lock.holder(conn, self._job.lock_id, lock.ACTIVE_DAEMON)
                log.info(Event.DAEMON_STANDBY, active=str(other))
            if time.monotonic() >= check_at:
                check_at = time.monotonic() + NOT_READY_SECONDS
                around.readiness.check(conn)
            self._announce(conn, "standby")
            if not self._wait(CONTROL_SECONDS):
                return False
        around.metrics.set("active", 1)
        log.info(Event.DAEMON_ACTIVE)
        return True

    def _become_ready(self, conn: Connection) -> bool:
        around = self._around
        while True:
            around.heartbeat.beat("migrate")
            if around.readiness.bring_up(conn, self._wait):
                return True
            self._announce(conn, "active")
            if not self._wait(NOT_READY_SECONDS):
                return False

    def _announce(self, conn: Connection, role: str) -> None:
        """Say in pg_stat_activity how it is, when it is news."""
        around = self._around
        text = f"giddyup-watch {role} {around.watch_mode()} queue={around.pending.depth}"
        if text != self._said:
            lock.announce(conn, text)
            self._said = text

    def _wait(self, seconds: float) -> bool:
        """Wait, whoever rings; False when asked to stop."""
        until = time.monotonic() + seconds
        while not self.stopping.is_set() and (left := until - time.monotonic()) > 0:
            self._around.heartbeat.beat()
            self.rest(min(left, CONTROL_SECONDS))
        return not self.stopping.is_set()

    # The work

    def _work(self, conn: Connection) -> None:
        while not self.stopping.is_set():
            now = time.monotonic()
            self._around.heartbeat.beat("ingest")
            self._poll(conn, now)
            if self._wants_comparison(now):
                self._compare(conn)
            trigger = self._ready(now)
            if trigger is None:
                self._around.heartbeat.beat()
                self.rest(min(self._idle_for(now), CONTROL_SECONDS))
            else:
                self._turn(conn, trigger)

    def _poll(self, conn: Connection, now: float) -> None:
        """About once a second: what was asked for; it also tells that the session lives."""
        if now < self._control_at:
            return
        self._control_at = now + CONTROL_SECONDS
        asked = control.read(conn)
        if asked.paused != self._paused:
            self._paused = asked.paused
            log.info(Event.PAUSED if asked.paused else Event.RESUMED, until=asked.paused_until)
        self._due = asked.due
        self._around.metrics.set("paused", asked.paused)
        self._measure_queue(now)
        self._announce(conn, "active")

    def _measure_queue(self, now: float) -> None:
        pending, metrics = self._around.pending, self._around.metrics
        oldest = pending.oldest()
        since = 0.0 if oldest is None else time.time() - (now - oldest)
        metrics.set("queue_depth", pending.depth)
        metrics.set("queue_oldest_timestamp_seconds", since)

    def _tree_is_up(self) -> bool:
        return not self._around.board.problem("tree")

    def _wants_comparison(self, now: float) -> bool:
        """At its interval, and earlier when the ledger asks for something that is not queued."""
        if not self._tree_is_up():
            return False
        if now >= self._reconcile_at:
            return True
        early = self._reconcile_at - self._job.reconcile_seconds + NOT_READY_SECONDS
        return self._due > 0 and self._around.pending.depth == 0 and now >= early

    def _compare(self, conn: Connection) -> None:
        job, around = self._job, self._around
        try:
            look = layout.look(job.master, job.regions, job.codes)
        except TreeMissingError:
            return  # the watcher will say so; the comparison stays due
        on_disk = rescan.present(look.segments)
        if not on_disk:
            return
        source: Trigger = "rescan" if self._compared else "startup"
        due = reconcile.due(conn, on_disk.keys(), self._remembered, job.rules)
        for key in sorted(due, key=newest_first):
            if key not in around.pending:
                around.intake.note(key, source)
        self._compared = True
        self._reconcile_at = time.monotonic() + job.reconcile_seconds
        around.metrics.set("held_segments", ledger.state_counts(conn).get("held", 0))

    def _ready(self, now: float) -> Trigger | None:
        if self._paused or now < self._turn_at or not self._tree_is_up():
            return None
        return self._around.pending.next_source(now)

    def _idle_for(self, now: float) -> float:
        due = self._around.pending.next_due(now)
        return CONTROL_SECONDS if due is None or due <= now else due - now

    def _turn(self, conn: Connection, trigger: Trigger) -> None:
        job, around = self._job, self._around
        turn = Turn(
            trigger=trigger,
            master=job.master,
            orphan_seconds=job.orphan_seconds,
            pending=around.pending,
            intake=around.intake,
            reporter=self._reporter,
            metrics=around.metrics,
            heartbeat=around.heartbeat,
            remembered=self._remembered,
            go_on=lambda: self._goes_on(conn),
        )
        session = run.Session(conn, job.master, job.rules, job.lock_id, job.orphan_seconds)
        try:
            result = run.turn(session, run.Request(trigger), turn.take, turn.report)
        except LockBusyError as error:
            self._reporter.lock_busy(error.holder)
            self._turn_at = time.monotonic() + RETRY_SECONDS
        except TreeMissingError:
            around.pending.put_back(time.monotonic())
            self._turn_at = time.monotonic() + RETRY_SECONDS
        else:
            turn.end(result)
            if result.effects.written:
                around.wrote()
        finally:
            around.metrics.set("lock_held", 0)
            around.metrics.set("ingest_in_progress", 0)

    def _goes_on(self, conn: Connection) -> bool:
        """Asked between two segments of a turn."""
        self._poll(conn, time.monotonic())
        return not (self.stopping.is_set() or self._paused) and self._tree_is_up()
