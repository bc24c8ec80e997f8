"""Says what became of segments, runs and the lock: one log line each, and the metrics."""

import time
from dataclasses import asdict

import structlog

from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import Counts, Trigger

#: A segment that has not come to rest for so long is worth a warning. Seconds.
PATIENCE = 300.0

_EVENTS = {
    "loaded": (Event.SEGMENT_INGESTED, "info"),
    "unchanged": (Event.SEGMENT_UNCHANGED, "debug"),
    "held": (Event.SEGMENT_HELD, "warning"),
    "refused": (Event.SEGMENT_REFUSED, "error"),
    "absent": (Event.SEGMENT_ABSENT, "warning"),
    "waiting": (Event.SEGMENT_WAITING, "debug"),
    "failed": (Event.SEGMENT_FAILED, "error"),
}

log = structlog.get_logger(__name__)


class Reporter:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._busy_since: float | None = None

    def segment(self, outcome: Outcome, trigger: Trigger, waited: float) -> None:
        """`waited`: seconds since the segment was first noted."""
        event, level = _EVENTS[outcome.result]
        if outcome.result == "waiting" and waited > PATIENCE:
            level = "warning"
        fields: dict[str, object] = {
            "segment": str(outcome.key),
            "trigger": trigger,
            "run_id": outcome.run_id,
            "reason": outcome.reason,
            "alone": outcome.alone,
            "days": len(outcome.days),
            **_effects("races", outcome.effects.races),
            **_effects("runners", outcome.effects.runners),
            "cells_cleaned": outcome.effects.cells_cleaned,
            "seconds": round(outcome.seconds, 3),
            "lag_seconds": round(_lag(outcome), 3),
            "retry_after": outcome.retry_after,
            "trace": outcome.trace,
        }
        said = {name: value for name, value in fields.items() if value not in (None, "", 0)}
        getattr(log, level)(event, **said)
        self._count(outcome)

    def _count(self, outcome: Outcome) -> None:
        metrics = self._metrics
        folder = {"region": outcome.key.region, "code": outcome.key.code}
        metrics.inc("ingests_total", result=outcome.result, **folder)
        metrics.observe("ingest_duration_seconds", outcome.seconds, **folder)
        effects = outcome.effects
        metrics.inc("ingest_read_bytes_total", effects.bytes)
        for table, counts in (("races", effects.races), ("runners", effects.runners)):
            for effect, lines in asdict(counts).items():
                metrics.inc("ingest_rows_total", lines, table=table, effect=effect)
        if outcome.result in ("loaded", "unchanged"):
            metrics.set("ingest_last_success_timestamp_seconds", time.time(), **folder)
        if outcome.result == "loaded":
            metrics.observe("ingest_lag_seconds", _lag(outcome), **folder)
        if outcome.result in ("refused", "failed"):
            metrics.inc("ingest_errors_total", reason="bug" if outcome.trace else outcome.result)

    def run_started(self, run_id: int, trigger: Trigger) -> None:
        log.info(Event.RUN_STARTED, run_id=run_id, trigger=trigger)

    def run_finished(self, result: TurnResult, trigger: Trigger, seconds: float) -> None:
        said = {name: value for name, value in result.effects.stats().items() if value}
        log.info(
            Event.RUN_FINISHED,
            run_id=result.run_id,
            status=result.status,
            trigger=trigger,
            troubled=[str(key) for key in result.troubled],
            seconds=round(seconds, 3),
            **said,
        )

    def lock_taken(self) -> None:
        waited = 0.0 if self._busy_since is None else time.monotonic() - self._busy_since
        self._busy_since = None
        self._metrics.inc("lock_acquisitions_total", result="acquired")
        self._metrics.observe("lock_wait_seconds", waited)

    def lock_busy(self, holder: str) -> None:
        self._metrics.inc("lock_acquisitions_total", result="busy")
        if self._busy_since is None:
            self._busy_since = time.monotonic()
            log.warning(Event.LOCK_BUSY, holder=holder, hint="waiting until it lets go")


def _effects(table: str, counts: Counts) -> dict[str, int]:
    return {f"{table}_{effect}": lines for effect, lines in asdict(counts).items()}


def _lag(outcome: Outcome) -> float:
    return max(0.0, time.time() - outcome.changed_at) if outcome.changed_at else 0.0
