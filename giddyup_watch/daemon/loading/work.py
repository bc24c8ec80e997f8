"""What the active daemon does on one connection: obey, compare, take what is ready, load it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from giddyup_watch.daemon.loading import keeping
from giddyup_watch.daemon.loading.asked import Asked
from giddyup_watch.daemon.loading.reporter import Reporter
from giddyup_watch.daemon.loading.turn import Turn
from giddyup_watch.daemon.state.board import Board
from giddyup_watch.daemon.state.duty import Duty
from giddyup_watch.daemon.state.heartbeat import Heartbeat
from giddyup_watch.daemon.state.intake import Intake
from giddyup_watch.daemon.state.orders import Order, Orders
from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.errors import (
    DatabaseUnavailableError,
    GiddyupError,
    LockBusyError,
    TreeMissingError,
)
from giddyup_watch.ingest import reconcile, run
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import Fingerprint, Rules, SegmentKey, Trigger, newest_first
from giddyup_watch.source import layout
from giddyup_watch.source.memory import Memory
from giddyup_watch.store import control, ledger, lock
from giddyup_watch.store.connection import Connection

#: Seconds between two looks at what operators asked for: the session's pulse.
POLL_SECONDS = 1.0
#: Seconds after which a busy ingest lock, or a tree that was gone, is tried again.
RETRY_SECONDS = 1.0
#: Seconds between two comparisons when the ledger asks for one.
COMPARE_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and how. A new one can be given at any time."""

    master: Path
    regions: tuple[str, ...]
    codes: tuple[str, ...]
    rules: Rules
    lock_id: int
    orphan_seconds: float
    reconcile_seconds: float
    incremental: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whom the worker deals with. `wrote` is called when the facts have, or may have, changed."""

    pending: Pending
    orders: Orders
    intake: Intake
    board: Board
    metrics: Metrics
    heartbeat: Heartbeat
    reporter: Reporter
    watch_mode: Callable[[], str]
    wrote: Callable[[], None]
    duty: Duty

    def announce(self, conn: Connection, role: str) -> None:
        """Say in pg_stat_activity what this daemon is doing."""
        text = f"giddyup-watch {role} {self.watch_mode()} queue={self.pending.depth}"
        lock.announce(conn, text)

    def show_queue(self) -> None:
        """Tell the metrics how much waits, also while there is no database to load it into."""
        oldest = self.pending.oldest()
        since = 0.0 if oldest is None else time.time() - (time.monotonic() - oldest)
        self.metrics.set("queue_depth", self.pending.depth)
        self.metrics.set("queue_oldest_timestamp_seconds", since)


class Work:
    """Everything remembered of the database is in here, and goes with the connection.

    `source` is said of what the first comparison finds.
    """

    def __init__(
        self,
        conn: Connection,
        job: Job,
        around: Surroundings,
        *,
        source: Trigger,
        stopping: Callable[[], bool],
    ) -> None:
        self._conn = conn
        self._job = job
        self._around = around
        self._source: Trigger = source
        self._stopping = stopping
        self._remembered: dict[SegmentKey, Fingerprint] = {}
        self._memory = Memory()
        self._paused = False
        self._due = 0
        self._poll_at = self._turn_at = 0.0
        self._compared: tuple[float, Job] | None = None  # when, and for which job
        self._announced: tuple[str, int] | None = None

    def change(self, job: Job) -> None:
        """Go on by other rules; what was loaded by the old ones is compared at once."""
        self._job = job

    def step(self) -> float:
        """Do the next thing; return the seconds to rest before the one after it."""
        self._around.heartbeat.beat("ingest")
        now = time.monotonic()
        self._poll(now)
        order = self._around.orders.take()
        if order is not None:
            self._obey(order)
            return 0.0
        if self._wants_comparison(now):
            self._compare(now)
        trigger = self._around.pending.next_source(now) if self._may_load(now) else None
        if trigger is not None:
            self._turn(trigger)
            return 0.0
        due = self._around.pending.next_due(now)
        return POLL_SECONDS if due is None or due <= now else min(due - now, POLL_SECONDS)

    def _poll(self, now: float) -> None:
        """About once a second: what was asked for. It also tells that the session lives."""
        if now < self._poll_at:
            return
        self._poll_at = now + POLL_SECONDS
        asked = control.read(self._conn)
        if asked.paused != self._paused:
            self._paused = asked.paused
            log.info(Event.PAUSED if asked.paused else Event.RESUMED, until=asked.paused_until)
        self._around.duty.paused = asked.paused
        self._due = asked.due
        self._around.metrics.set("paused", asked.paused)
        self._around.show_queue()
        self._announce()

    def _announce(self) -> None:
        around = self._around
        announced = (around.watch_mode(), around.pending.depth)
        if announced != self._announced:
            around.announce(self._conn, "active")
            self._announced = announced

    def _tree_is_up(self) -> bool:
        return not self._around.board.problem("tree")

    def _require_tree(self) -> None:
        """An empty mount point is there, and still not the tree: only the watcher knows."""
        problem = self._around.board.problem("tree")
        if problem:
            raise TreeMissingError(problem, hint="mount it, or mend master.path")

    def _may_load(self, now: float) -> bool:
        return not self._paused and now >= self._turn_at and self._tree_is_up()

    def _wants_comparison(self, now: float) -> bool:
        """At its interval, and earlier when the ledger asks for what is not in the queue."""
        if not self._tree_is_up():
            return False
        if self._compared is None or self._compared[1] is not self._job:
            return True
        asked = self._due > 0 and self._around.pending.depth == 0
        interval = self._job.reconcile_seconds
        return now >= self._compared[0] + (min(COMPARE_SECONDS, interval) if asked else interval)

    def _compare(self, now: float) -> None:
        job, around = self._job, self._around
        try:
            look = layout.look(job.master, job.regions, job.codes)
        except TreeMissingError:
            return  # the watcher will say so; the comparison stays due
        on_disk = layout.present(look.segments)
        if not on_disk:
            return
        due = reconcile.due(self._conn, on_disk.keys(), self._remembered, job.rules)
        for key in sorted(due, key=newest_first):
            if key not in around.pending:
                around.intake.note(key, self._source)
        self._source = "rescan"
        self._compared = (now, job)
        around.duty.note_compared()
        held = ledger.state_counts(self._conn).get("held", 0)
        around.metrics.set("held_segments", held)

    def _turn(self, trigger: Trigger) -> None:
        job, around = self._job, self._around
        turn = Turn(
            trigger=trigger,
            master=job.master,
            orphan_seconds=job.orphan_seconds,
            pending=around.pending,
            intake=around.intake,
            reporter=around.reporter,
            metrics=around.metrics,
            heartbeat=around.heartbeat,
            duty=around.duty,
            remembered=self._remembered,
            go_on=self._goes_on,
        )
        session = self._session()
        try:
            request = run.Request(trigger)
            result = run.turn(session, request, turn.take, turn.report, ahead=turn.ahead)
        except LockBusyError as error:
            around.reporter.lock_busy(error.holder)
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

    def _session(self) -> run.Session:
        job = self._job
        return run.Session(
            self._conn,
            job.master,
            job.rules,
            job.lock_id,
            job.orphan_seconds,
            self._memory.parse,
            keeping.within_ingest if job.incremental else keeping.nothing,
        )

    def _goes_on(self) -> bool:
        """Asked between two segments of a turn."""
        return not (self._around.orders.waiting or self._halt())

    def _halt(self) -> str:
        """Why nothing may be loaded now, if anything."""
        self._poll(time.monotonic())
        if self._stopping():
            return "the daemon was stopped"
        if self._paused:
            return "loading was paused"
        return "" if self._tree_is_up() else "the tree is gone"

    def _halt_now(self) -> str:
        """The same, by what operators asked for this very moment."""
        self._poll_at = 0.0
        return self._halt()

    def _obey(self, order: Order) -> None:
        job, around = self._job, self._around
        asked = Asked(
            order=order,
            orders=around.orders,
            session=self._session(),
            regions=job.regions,
            codes=job.codes,
            intake=around.intake,
            reporter=around.reporter,
            metrics=around.metrics,
            heartbeat=around.heartbeat,
            remembered=self._remembered,
            halt=self._halt_now,
        )
        try:
            self._require_tree()
            asked.lead()
        except GiddyupError as error:
            around.orders.refuse(order, error)  # in vain once it was accepted: its row says it
            if isinstance(error, LockBusyError):
                around.metrics.inc("lock_acquisitions_total", result="busy")
            elif isinstance(error, DatabaseUnavailableError):
                raise
        finally:
            around.orders.end()
            around.metrics.set("lock_held", 0)
            around.metrics.set("ingest_in_progress", 0)
            if order.outcomes:
                around.wrote()
