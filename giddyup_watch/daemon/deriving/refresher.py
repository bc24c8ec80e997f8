"""Keeps the derived views up: after runs that wrote, on a connection of its own, coalesced."""

import math
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import structlog

from giddyup_watch.daemon.deriving import upkeep
from giddyup_watch.daemon.service import Service
from giddyup_watch.daemon.state.duty import Duty
from giddyup_watch.daemon.state.heartbeat import Heartbeat
from giddyup_watch.derived import refresh
from giddyup_watch.errors import GiddyupError
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.settings import Settings
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection

#: Seconds after which a pass that failed is made again, at the earliest.
RETRY_SECONDS = 60.0
#: Seconds that the loop rests at most: its pulse.
PULSE = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """`interval`: seconds between the beginnings of two passes, at least."""

    on: bool
    interval: float
    lock_id: int
    keeping: upkeep.Plan


def plan(given: Settings) -> Plan:
    """Return what the settings want of the views."""
    return Plan(
        on=given.derived.mode != "off",
        interval=given.derived.min_interval_seconds,
        lock_id=given.database.lock_id,
        keeping=upkeep.plan(given),
    )


class Refresher(Service):
    """A failure here is logged and counted; the ingest never hears of it."""

    name = "refresher"

    def __init__(
        self,
        failed: threading.Event,
        plan: Plan,
        *,
        connect: Callable[[], Connection],
        metrics: Metrics,
        heartbeat: Heartbeat,
        duty: Duty,
    ) -> None:
        super().__init__(failed)
        self._plan = plan
        self._connect = connect
        self._metrics = metrics
        self._heartbeat = heartbeat
        self._duty = duty
        self._upkeep = upkeep.Upkeep(metrics)
        self._wanted_since = self._left_since = 0.0  # by the wall clock; 0: nothing is behind
        self._conn: Connection | None = None
        self._not_before = 0.0  # a pass because of a run
        self._again_at = math.inf  # a pass because of a failure

    def change(self, plan: Plan) -> None:
        self._plan = plan
        self._tell()
        self.ring()

    def want(self) -> None:
        """The facts have changed, or may have."""
        self._wanted_since = self._wanted_since or time.time()
        self._upkeep.ask()
        self._tell()
        self.ring()

    def ask(self) -> None:
        """End, and the statement that is running with it."""
        super().ask()
        connection.cancel(self._conn)

    def run(self) -> None:
        while not self.stopping.is_set():
            self._heartbeat.beat()
            now = time.monotonic()
            wanted = self._plan.on and self._wanted_since > 0 and now >= self._not_before
            if wanted or now >= self._again_at:
                self._pass(now)
            elif self._plan.on and self._duty.role == "active" and self._upkeep.due(now):
                self._keep_up(now)
            else:
                self.rest(PULSE)

    def _pass(self, now: float) -> None:
        since, self._wanted_since = self._wanted_since, 0.0
        self._again_at = math.inf
        results, left = self._refresh()
        self._left_since = (self._left_since or since) if left else 0.0
        self._tell()
        if results:
            self._not_before = now + self._plan.interval
        if left:  # a failure, readers in the way, another session at work
            self._again_at = now + max(self._plan.interval, RETRY_SECONDS)
        for result in results:
            self._report(result)

    def _keep_up(self, now: float) -> None:
        """Look after the tables in place of views, if there are any."""
        self._upkeep.put_off(now)
        self._heartbeat.beat("connect")
        try:
            with closing(self._connect()) as conn:
                self._conn = conn
                self._upkeep.look(conn, self._plan.keeping, self._go_on)
        except GiddyupError as error:
            if not self.stopping.is_set():
                log.warning(Event.VIEWS_FAILED, reason=error.message, hint=error.hint)
        finally:
            self._conn = None

    def _refresh(self) -> tuple[list[refresh.ViewResult], bool]:
        """Refresh what is behind; say whether something still is."""
        self._heartbeat.beat("connect")
        try:
            with closing(self._connect()) as conn:
                self._conn = conn
                return refresh.run(conn, self._plan.lock_id, go_on=self._go_on), refresh.stale(conn)
        except GiddyupError as error:
            if not self.stopping.is_set():
                log.warning(Event.VIEWS_FAILED, reason=error.message, hint=error.hint)
            return [], True
        finally:
            self._conn = None

    def _tell(self) -> None:
        since = self._left_since or self._wanted_since if self._plan.on else 0.0
        self._metrics.set("derived_waiting_timestamp_seconds", since)

    def _go_on(self) -> bool:
        self._heartbeat.beat("views")
        return not self.stopping.is_set()

    def _report(self, result: refresh.ViewResult) -> None:
        if result.error is not None:
            log.warning(Event.VIEWS_FAILED, view=result.view, how=result.how, reason=result.error)
            return
        self._metrics.announce_view(result.view)
        self._metrics.observe("derived_duration_seconds", result.seconds, view=result.view)
        self._metrics.set("derived_last_success_timestamp_seconds", time.time(), view=result.view)
        log.info(
            Event.VIEWS_REFRESHED,
            view=result.view,
            how=result.how,
            seconds=round(result.seconds, 3),
        )
