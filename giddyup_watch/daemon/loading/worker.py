"""The one thread that writes facts: connects, becomes active, works; and again when it must."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import structlog

from giddyup_watch.daemon import backoff
from giddyup_watch.daemon.backoff import Backoff
from giddyup_watch.daemon.loading.readiness import Readiness
from giddyup_watch.daemon.loading.work import Job, Surroundings, Work
from giddyup_watch.daemon.service import Service
from giddyup_watch.errors import (
    ConfigError,
    DatabaseUnavailableError,
    GiddyupError,
    LockBusyError,
    PermissionDeniedError,
    TransientError,
)
from giddyup_watch.ingest import run
from giddyup_watch.logs import Event
from giddyup_watch.model import Trigger
from giddyup_watch.store import lock
from giddyup_watch.store.connection import Connection

#: Seconds between two attempts of a standby to become active; takeover has to be done within 5.
STANDBY_SECONDS = 1.0
#: Seconds between two looks at a database that is not ready.
NOT_READY_SECONDS = 2.0
#: Seconds that a wait rests at most: its pulse.
PULSE = 1.0

_SOON = "try again in a few seconds"
_ASK_IT = "ask the active daemon, or wait: this one takes over when that ends"
_AFTERWARDS = "try again when it has been started again"
_NOT_READY = "giddyup-watch status and doctor tell more; /readyz names the conditions"

log = structlog.get_logger(__name__)


class Worker(Service):
    """Waits for the database as for the tree: the queue is kept, everything else is asked anew."""

    name = "worker"

    def __init__(
        self,
        failed: threading.Event,
        job: Job,
        around: Surroundings,
        *,
        connect: Callable[[], Connection],
        readiness: Readiness,
    ) -> None:
        super().__init__(failed)
        self._job = job
        self._around = around
        self._connect = connect
        self._readiness = readiness
        self._backoff = Backoff()
        self._lost = False
        self._worked = False
        self._work: Work | None = None

    def change(self, job: Job) -> None:
        self._job = job
        work = self._work
        if work is not None:
            work.change(job)
        self.ring()

    def compare(self) -> None:
        """Compare disk, ledger and memory at once."""
        self.change(replace(self._job))

    def run(self) -> None:
        try:
            self._sessions()
        finally:
            self._around.orders.close("stopping", "the daemon is stopping", _AFTERWARDS)

    def _sessions(self) -> None:
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                self._session()
            except GiddyupError as error:
                if self.stopping.is_set():
                    return
                # Before the work began, what waiting does not cure ends the daemon.
                if self._work is None and not isinstance(error, TransientError):
                    raise
                self._lose(error)
                # A connection is no success yet: what ends every session soon is slowed down too.
                if time.monotonic() - began > backoff.LAST:
                    self._backoff.reset()
                self._wait(self._backoff.wait())

    def _session(self) -> None:
        around = self._around
        self._work = None
        around.heartbeat.beat("connect")
        with closing(self._reach()) as conn:
            try:
                self._found()
                if self._become_active(conn) and self._become_ready(conn):
                    self._go_to_work(conn)
            finally:
                around.duty.end()
                if not self.stopping.is_set():  # whose orders run() closes
                    around.orders.close("starting", "the daemon is about to connect again", _SOON)
                for name in ("active", "db_up"):
                    around.metrics.set(name, 0)

    def _reach(self) -> Connection:
        """Connect. A database that was there once may be missing while somebody restores it."""
        try:
            return self._connect()
        except (ConfigError, PermissionDeniedError) as error:
            if not self._worked:
                raise
            raise DatabaseUnavailableError(error.message, hint=error.hint) from error

    def _go_to_work(self, conn: Connection) -> None:
        source: Trigger = "rescan" if self._worked else "startup"
        self._work = Work(
            conn, self._job, self._around, source=source, stopping=self.stopping.is_set
        )
        self._worked = True
        self._around.duty.begin()
        run.close_orphaned(conn, self._job.lock_id)
        self._around.wrote()  # while nobody was here, or before it was recorded
        self._around.orders.open()
        while not self.stopping.is_set():
            seconds = self._work.step()
            self._around.heartbeat.beat()
            self.rest(seconds)

    def _found(self) -> None:
        self._around.metrics.set("db_up", 1)
        self._around.board.set("database")
        if self._lost:
            self._around.metrics.inc("db_reconnects_total")
            log.info(Event.DATABASE_BACK)
        self._lost = False

    def _lose(self, error: GiddyupError) -> None:
        """Keep the queue, and say once what happened."""
        around = self._around
        around.pending.put_back(time.monotonic())
        if isinstance(error, LockBusyError):  # while migrating: the server is there
            around.reporter.lock_busy(error.holder)
            return
        around.board.set("database", error.message)
        around.orders.close("database", f"no database: {error.message}", error.hint or _SOON)
        around.metrics.inc("ingest_errors_total", reason="database")
        if not self._lost:
            log.error(Event.DATABASE_LOST, reason=error.message, hint=error.hint)
        self._lost = True

    def _become_active(self, conn: Connection) -> bool:
        """Wait until no other daemon works on this database; False when asked to stop."""
        check_at = 0.0
        while not lock.become_active(conn, self._job.lock_id):
            if not check_at:
                other = lock.holder(conn, self._job.lock_id, lock.ACTIVE_DAEMON)
                log.info(Event.DAEMON_STANDBY, active=str(other))
                self._around.orders.close("standby", f"this daemon stands by for {other}", _ASK_IT)
                self._around.announce(conn, "standby")
                self._around.duty.stand_by()
            if time.monotonic() >= check_at:
                check_at = time.monotonic() + NOT_READY_SECONDS
                self._readiness.check(conn)
            if not self._wait(STANDBY_SECONDS):
                return False
        self._around.metrics.set("active", 1)
        self._around.announce(conn, "active")
        log.info(Event.DAEMON_ACTIVE)
        return True

    def _become_ready(self, conn: Connection) -> bool:
        """Wait until the database can be worked with; False when asked to stop."""
        while not self.stopping.is_set():
            self._around.heartbeat.beat("migrate")
            # One that was full and is empty now is being restored: leave it to who does that.
            if self._readiness.bring_up(conn, self._wait_or_leave, fill=not self._worked):
                return True
            self._close_until_ready()
            self._wait(NOT_READY_SECONDS)
        return False

    def _close_until_ready(self) -> None:
        problems = [why for why in self._around.board.problems.values() if why]
        self._around.orders.close(
            "not-ready", f"the database is not ready: {'; '.join(problems)}", _NOT_READY
        )

    def _wait(self, seconds: float) -> bool:
        """Wait, whoever rings; False when asked to stop."""
        until = time.monotonic() + seconds
        while not self.stopping.is_set() and (left := until - time.monotonic()) > 0:
            self._around.heartbeat.beat()
            self._around.show_queue()
            self.rest(min(left, PULSE))
        return not self.stopping.is_set()

    def _wait_or_leave(self, seconds: float) -> None:
        if not self._wait(seconds):
            raise TransientError("asked to stop")
