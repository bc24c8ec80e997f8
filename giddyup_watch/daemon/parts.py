"""The parts of the daemon, made from the settings and introduced to each other."""

import datetime as dt
import itertools
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path

from giddyup_watch import settings
from giddyup_watch.daemon import terms
from giddyup_watch.daemon.checking import monitor, rounds
from giddyup_watch.daemon.deriving import refresher
from giddyup_watch.daemon.loading import work, worker
from giddyup_watch.daemon.loading.readiness import Readiness
from giddyup_watch.daemon.loading.reporter import Reporter
from giddyup_watch.daemon.reloading import Reload
from giddyup_watch.daemon.service import Service
from giddyup_watch.daemon.serving import listeners
from giddyup_watch.daemon.serving.asking import Asking
from giddyup_watch.daemon.serving.readers import Readers
from giddyup_watch.daemon.serving.web import Web
from giddyup_watch.daemon.state.board import Board
from giddyup_watch.daemon.state.duty import Duty
from giddyup_watch.daemon.state.heartbeat import (
    CHECK_STATEMENT_TIMEOUT_MS,
    INGEST_STATEMENT_TIMEOUT_MS,
    READ_STATEMENT_TIMEOUT_MS,
    VIEWS_STATEMENT_TIMEOUT_MS,
    Heartbeat,
    Stall,
)
from giddyup_watch.daemon.state.intake import Intake
from giddyup_watch.daemon.state.orders import Orders
from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.daemon.summary import View
from giddyup_watch.daemon.watching import watcher
from giddyup_watch.http import app
from giddyup_watch.http.access.gate import Limits
from giddyup_watch.http.operations.desk import Desk, Situation
from giddyup_watch.http.operations.forms import Folders
from giddyup_watch.metrics import Metrics
from giddyup_watch.settings import Settings
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


class Parts:
    """Everything that runs.

    `server` makes sure, while it is entered, that the database's server runs if
    that is ours to see to, and gives the URL. `load` reads the settings again;
    `socket` is where to listen for this machine's root and the daemon's own user,
    `limits` what a listener allows.
    """

    def __init__(
        self,
        given: Settings,
        server: Callable[[], AbstractContextManager[str]],
        *,
        load: Callable[[], Settings] | None = None,
        socket: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.settings = given
        self.failed = threading.Event()
        self.ready = False
        self.metrics = Metrics(regions=given.master.regions, codes=given.master.codes)
        self._server = server
        self._board = Board(self.metrics)
        self._duty = Duty()
        self._heartbeats: list[Heartbeat] = []
        self._pending = Pending(**_debounce(given))
        self._intake = Intake(self._pending, self.metrics)
        self.orders = Orders()
        self.watcher = self._watcher()
        self.refresher = self._refresher()
        self.monitor = self._monitor()
        self.worker = self._worker()
        self._intake.wakes(self.worker.ring)
        self._duty.wakes(self.monitor.ring)
        self.orders.wakes(self.worker.ring)
        self.reload = Reload(load or (lambda: given), lambda: self.settings, self)
        self._readers = Readers(partial(self._connect, "api", READ_STATEMENT_TIMEOUT_MS, True))
        doors = listeners.make(given.http, self._site(limits or Limits()), socket)
        self.web = Web(self.failed, doors, self._heartbeat("http").beat)
        self._settings_read()

    @property
    def loops(self) -> tuple[Service, ...]:
        """The services with work to finish, in the order to start them in."""
        return (self.watcher, self.refresher, self.monitor, self.worker)

    def change(self, given: Settings) -> None:
        """Take over settings that differ in what can change while running."""
        self.settings = given
        self._pending.tune(**_debounce(given))
        self.watcher.change_pace(_pace(given))
        self.refresher.change(refresher.plan(given))
        self.monitor.change(_watch(given))
        self.worker.change(_job(given))
        self._settings_read()

    def close(self) -> None:
        """After everything has stopped: the sessions that are left."""
        self._readers.close()

    def settings_refused(self) -> None:
        self.metrics.set("config_last_reload_successful", 0)

    def stalls(self) -> list[Stall]:
        """Name the loops that make no progress."""
        found = (heartbeat.stall() for heartbeat in self._heartbeats)
        return [stall for stall in found if stall is not None]

    def view(self) -> View:
        """How things stand, for whoever asks systemd."""
        return View(
            problems=self._board.problems,
            stalls=self.stalls(),
            role=self._duty.role,
            compared=self._duty.compared,
            paused=self._duty.paused,
            waiting=self._pending.ages(time.monotonic()).keys(),
            in_hand=self._pending.in_hand,
            mode=self.watcher.mode,
        )

    def _settings_read(self) -> None:
        self.metrics.set("config_last_reload_successful", 1)
        self.metrics.set("config_last_reload_success_timestamp_seconds", time.time())

    def _heartbeat(self, component: str) -> Heartbeat:
        heartbeat = Heartbeat(component, self.metrics)
        self._heartbeats.append(heartbeat)
        return heartbeat

    def _connect(
        self, purpose: str, statement_timeout_ms: int, read_only: bool = False
    ) -> Connection:
        database = self.settings.database
        with self._server() as url:
            return connection.connect(
                url,
                application_name=f"giddyup-watch {purpose}",
                lock_timeout_ms=database.lock_timeout_ms,
                statement_timeout_ms=statement_timeout_ms,
                password=database.password.get_secret_value() or None,
                read_only=read_only,
            )

    def _watcher(self) -> watcher.Watcher:
        master = self.settings.master
        return watcher.Watcher(
            self.failed,
            tree=watcher.Tree(master.tree, master.regions, master.codes),
            backend=self.settings.watch.backend,
            pace=_pace(self.settings),
            note=self._intake.note,
            board=self._board,
            metrics=self.metrics,
            heartbeat=self._heartbeat("watcher"),
        )

    def _refresher(self) -> refresher.Refresher:
        return refresher.Refresher(
            self.failed,
            refresher.plan(self.settings),
            connect=partial(self._connect, "views", VIEWS_STATEMENT_TIMEOUT_MS),
            metrics=self.metrics,
            heartbeat=self._heartbeat("refresher"),
            duty=self._duty,
        )

    def _monitor(self) -> monitor.Monitor:
        return monitor.Monitor(
            self.failed,
            _watch(self.settings),
            connect=partial(self._connect, "monitor", CHECK_STATEMENT_TIMEOUT_MS),
            duty=self._duty,
            pending=self._pending,
            board=self._board,
            metrics=self.metrics,
            heartbeat=self._heartbeat("monitor"),
        )

    def _worker(self) -> worker.Worker:
        around = work.Surroundings(
            pending=self._pending,
            orders=self.orders,
            intake=self._intake,
            board=self._board,
            metrics=self.metrics,
            heartbeat=self._heartbeat("worker"),
            reporter=Reporter(self.metrics),
            watch_mode=lambda: self.watcher.mode,
            wrote=self.refresher.want,
            duty=self._duty,
        )
        readiness = Readiness(
            self._board,
            self.settings.database.lock_id,
            own=self.settings.database.url == settings.EMBEDDED,
            connect=partial(self._connect, "migrate", 0),
        )
        return worker.Worker(
            self.failed,
            _job(self.settings),
            around,
            connect=partial(self._connect, "starting", INGEST_STATEMENT_TIMEOUT_MS),
            readiness=readiness,
        )

    def _site(self, limits: Limits) -> app.Site:
        given = self.settings
        return app.Site(
            metrics=self.metrics,
            stalls=self.stalls,
            problems=lambda: self._board.problems,
            desk=self._desk(),
            folders=Folders(given.master.regions, given.master.codes),
            token=given.http.token.get_secret_value(),
            limits=limits,
        )

    def _desk(self) -> Desk:
        zone = self.settings.master.zone
        return Desk(
            identity=settings.identity(self.settings),
            orders=self.orders,
            ask=Asking(
                lambda: self.settings, self._pending, self._board, lambda: self.monitor.holdings
            ),
            session=lambda conn: _watch(self.settings).session(conn),
            reading=self._readers.session,
            writing=lambda: closing(self._connect("api", READ_STATEMENT_TIMEOUT_MS)),
            rescan=self._rescan,
            reload=self.reload,
            wake=self.worker.ring,
            terms=lambda: terms.of(self.settings),
            today=lambda: dt.datetime.now(zone).date(),
            situation=self._situation,
            log=listeners.note,
        )

    def _situation(self) -> Situation:
        given = self.settings
        master = given.master
        return Situation(
            role=self._duty.role,
            watcher=self.watcher.mode,
            problems=self._board.problems,
            waiting=self._pending.ages(time.monotonic()),
            master=str(master.tree),
            folders=tuple(itertools.product(master.regions, master.codes)),
            zone=master.zone,
            lock_id=given.database.lock_id,
        )

    def _rescan(self) -> None:
        self.watcher.change_pace(_pace(self.settings))
        self.worker.compare()


def _debounce(given: Settings) -> dict[str, float]:
    return {"quiet": given.watch.quiet_ms / 1000, "deadline": given.watch.deadline_ms / 1000}


def _pace(given: Settings) -> watcher.Pace:
    return watcher.Pace(rescan=given.watch.rescan_seconds, poll=given.watch.poll_ms / 1000)


def _job(given: Settings) -> work.Job:
    return work.Job(
        master=given.master.tree,
        regions=given.master.regions,
        codes=given.master.codes,
        rules=settings.rules(given),
        lock_id=given.database.lock_id,
        orphan_seconds=given.watch.orphan_seconds,
        reconcile_seconds=given.gaps.interval_seconds,
        incremental=given.derived.mode == "incremental",
    )


def _watch(given: Settings) -> rounds.Plan:
    at = given.gaps.verify_at
    return rounds.Plan(
        master=given.master.tree,
        terms=terms.of(given),
        rules=settings.rules(given),
        lock_id=given.database.lock_id,
        orphan_seconds=given.watch.orphan_seconds,
        interval=given.gaps.interval_seconds,
        verify_at=dt.time.fromisoformat(at) if at else None,
    )
