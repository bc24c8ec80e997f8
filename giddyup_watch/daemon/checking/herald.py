"""Says what the checks found: a log line for each incident that is news, and the metrics."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog

from giddyup_watch import metrics as names
from giddyup_watch.errors import DatabaseUnavailableError, GiddyupError, TreeMissingError
from giddyup_watch.gaps.check import Ask
from giddyup_watch.gaps.round import Answered, Round
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.store.incidents import Incident

#: Incidents of one round that get a line each, of those opened, changed and resolved; a hole of
#: twenty months is summed up.
SAID = 20

#: Gauges that the monitor of the active daemon sets.
_OURS = (
    "gaps",
    "check_last_success_timestamp_seconds",
    "coverage_ratio",
    "data_newest_race_timestamp_seconds",
    "verify_last_success_timestamp_seconds",
)
_LEVELS = {"critical": "error", "warning": "warning", "info": "info"}

log = structlog.get_logger(__name__)


class Herald:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._failing: dict[str, str] = {}
        self._hints: dict[str, str] = {}

    def round(self, ask: Ask, made: Round) -> None:
        self._hints = {one.check.name: one.check.hint for one in made.answered}
        for answered in made.answered:
            self._count(answered)
        self._show(ask, made)
        self._tell(Event.GAP_OPENED, made.opened)
        self._tell(Event.GAP_CHANGED, made.changed)
        self._tell(Event.GAP_RESOLVED, made.resolved)

    def unproven(self, error: GiddyupError) -> None:
        """Say that database and disk could not be compared, unless nobody can ask anything now."""
        if isinstance(error, DatabaseUnavailableError):
            raise error
        if not isinstance(error, TreeMissingError):
            self._fail("verify", error.message)

    def leave(self) -> None:
        """Another daemon looks after the gaps now: its gauges count."""
        self._metrics.zero(*_OURS)

    def _count(self, answered: Answered) -> None:
        name = answered.check.name
        result = "failed" if answered.error else "skipped" if answered.skipped else "success"
        self._metrics.inc("check_runs_total", check=name, result=result)
        if not answered.skipped:
            self._metrics.observe("check_duration_seconds", answered.seconds, check=name)
        if answered.spoke:
            self._metrics.set("check_last_success_timestamp_seconds", time.time(), check=name)
            self._failing.pop(name, None)
        elif answered.error:
            self._fail(name, answered.error)

    def _fail(self, name: str, reason: str) -> None:
        """Say it once, until it succeeds or fails otherwise."""
        if self._failing.get(name) != reason:
            self._failing[name] = reason
            log.error(Event.CHECK_FAILED, check=name, reason=reason)

    def _show(self, ask: Ask, made: Round) -> None:
        counts = Counter(
            (one.check_name, one.severity) for one in made.unresolved if one.acked_at is None
        )
        for answered in made.answered:
            check = answered.check
            if not check.incident:
                today = [one for one in answered.findings if one.day == ask.today]
                counts[check.name, check.severity] = len(today)
        self._gauges(counts)

    def _gauges(self, counts: Mapping[tuple[str, str], int]) -> None:
        for name in names.CHECKS:
            for severity in names.SEVERITIES:
                count = counts.get((name, severity), 0)
                self._metrics.set("gaps", count, check=name, severity=severity)

    def _tell(self, event: Event, about: Sequence[Incident]) -> None:
        for one in about[:SAID]:
            opened = event == Event.GAP_OPENED
            said = {
                "gap_id": one.gap_id,
                "check": one.check_name,
                "severity": one.severity,
                "key": one.key,
                "finding": one.finding,
                "day": one.d,
                "region": one.region,
                "code": one.code,
                "hint": self._hints.get(one.check_name) if opened else None,
            }
            level = _LEVELS[one.severity] if opened else "info"
            getattr(log, level)(event, **{name: value for name, value in said.items() if value})
        if len(about) > SAID:
            checks = dict(Counter(one.check_name for one in about))
            log.warning(Event.GAPS_SUMMARIZED, what=event, count=len(about), checks=checks)
