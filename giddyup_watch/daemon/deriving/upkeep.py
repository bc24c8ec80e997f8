"""Has the tables in place of views show what others wrote too, and compares them every night."""

import datetime as dt
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog

from giddyup_watch.daemon import nights
from giddyup_watch.derived import upkeep
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.settings import Settings
from giddyup_watch.store import upkeep as kept
from giddyup_watch.store.connection import Connection

#: Seconds between two looks for what others changed.
LOOK_SECONDS = 10.0
#: The same while the known views are materialized: somebody may change them over.
IDLE_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """`expected`: the settings say that the known views are tables."""

    expected: bool
    lock_id: int
    compare_at: dt.time | None
    zone: ZoneInfo


def plan(given: Settings) -> Plan:
    """Return what the settings want of the tables in place of views."""
    at = given.gaps.verify_at
    return Plan(
        expected=given.derived.mode == "incremental",
        lock_id=given.database.lock_id,
        compare_at=dt.time.fromisoformat(at) if at else None,
        zone=given.master.zone,
    )


class Upkeep:
    """One look at a time, on the refresher's connection."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._next = 0.0
        self._warned = False

    def due(self, now: float) -> bool:
        return now >= self._next

    def ask(self) -> None:
        """Look at once: the facts have changed."""
        self._next = 0.0

    def put_off(self, now: float) -> None:
        self._next = now + LOOK_SECONDS

    def look(self, conn: Connection, plan: Plan, go_on: Callable[[], bool]) -> None:
        """Work off what is noted, and compare when that is due."""
        found = kept.fetch(conn)
        self._next = time.monotonic() + (LOOK_SECONDS if found.tables else IDLE_SECONDS)
        self._metrics.set("derived_noted_races", found.races)
        if not found.tables:
            self._warn(plan)
            return
        self._warned = False
        if found.races or found.building:
            self._work_off(conn, plan, go_on)
        if go_on() and _night(plan) > (found.compared_at or dt.datetime.now(dt.UTC)).timestamp():
            self._compare(conn, plan, go_on)

    def _work_off(self, conn: Connection, plan: Plan, go_on: Callable[[], bool]) -> None:
        began = time.monotonic()
        worked = upkeep.work_off(conn, plan.lock_id, go_on=go_on)
        seconds = round(time.monotonic() - began, 3)
        if worked.error:
            log.warning(Event.VIEWS_FAILED, view="tables in place of views", reason=worked.error)
        elif worked.done or worked.rebuilt:
            log.info(
                Event.VIEWS_CAUGHT_UP, races=worked.done, rebuilt=worked.rebuilt, seconds=seconds
            )
        self._metrics.set("derived_noted_races", kept.fetch(conn).races)

    def _compare(self, conn: Connection, plan: Plan, go_on: Callable[[], bool]) -> None:
        began = time.monotonic()
        drift = upkeep.compare(conn, plan.lock_id)
        if drift is None:
            return
        seconds = round(time.monotonic() - began, 3)
        counts = {"races": drift.races, "horses": drift.horses, "groups": drift.draws}
        (log.warning if drift else log.info)(Event.VIEWS_COMPARED, **counts, seconds=seconds)
        self._metrics.inc("derived_mended_total", sum(counts.values()))
        if drift:
            self._work_off(conn, plan, go_on)

    def _warn(self, plan: Plan) -> None:
        if plan.expected and not self._warned:
            hint = "giddyup-watch derived incremental; until then they are refreshed"
            log.warning(Event.VIEWS_NOT_CHANGED_OVER, hint=hint)
        self._warned = plan.expected


def _night(plan: Plan) -> float:
    """When the comparison was last due, in seconds since the epoch."""
    if plan.compare_at is None:
        return -math.inf
    return nights.last_due(plan.compare_at, plan.zone, dt.datetime.now(dt.UTC)).timestamp()
