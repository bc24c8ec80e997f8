"""One turn of the ingest as the daemon leads it: what comes next, and what became of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from giddyup_watch.daemon.loading.reporter import Reporter
from giddyup_watch.daemon.state.duty import Duty
from giddyup_watch.daemon.state.heartbeat import Heartbeat
from giddyup_watch.daemon.state.intake import Intake
from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.errors import NotReadyError, SegmentRefusedError
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import Fingerprint, SegmentKey, Trigger
from giddyup_watch.source import snapshot


@dataclass(slots=True)
class Turn:
    """Gives segments of one trigger while `go_on`, and keeps what was decided in `remembered`."""

    trigger: Trigger
    master: Path
    orphan_seconds: float
    pending: Pending
    intake: Intake
    reporter: Reporter
    metrics: Metrics
    heartbeat: Heartbeat
    duty: Duty
    remembered: dict[SegmentKey, Fingerprint]
    go_on: Callable[[], bool]
    run_id: int | None = None
    started: float | None = field(default=None, init=False)

    def take(self) -> SegmentKey | None:
        self._begin()
        while self.go_on():
            self.heartbeat.beat("ingest")
            now = time.monotonic()
            key = self.pending.take(now, self.trigger)
            if key is None or self._is_whole(key):
                return key
            # Writers delete folders before they write them again: what is gone
            # is given the time that a segment without a manifest gets.
            gone_for_good = self.pending.since(key) + self.orphan_seconds
            if now >= gone_for_good:
                return key
            self.pending.retry_at(key, gone_for_good)
        return None

    def ahead(self) -> list[SegmentKey]:
        """What `take` is about to give, as far as is known."""
        return self.pending.coming(time.monotonic(), self.trigger)

    def report(self, outcome: Outcome) -> None:
        self.heartbeat.beat("ingest")
        key, now = outcome.key, time.monotonic()
        if self.run_id is None and outcome.run_id is not None:
            self.run_id = outcome.run_id
            self.reporter.run_started(outcome.run_id, self.trigger)
        self.reporter.segment(outcome, self.trigger, now - self.pending.since(key))
        if outcome.fingerprint is not None:
            self.remembered[key] = outcome.fingerprint
        if outcome.retry_after is None:
            self.pending.done(key)
        else:
            self.pending.retry_at(key, now + outcome.retry_after)
        self.duty.settled(outcome)
        for heir in outcome.also:
            self.intake.note(heir, self.trigger)

    def end(self, result: TurnResult) -> None:
        self.pending.all_done()  # segments of a canceled run are parked without a report
        if result.run_id is not None and self.started is not None:
            self.reporter.run_finished(result, self.trigger, time.monotonic() - self.started)

    def _begin(self) -> None:
        """The first question comes when the lock is held."""
        if self.started is None:
            self.started = time.monotonic()
            self.reporter.lock_taken()
            self.metrics.set("lock_held", 1)
            self.metrics.set("ingest_in_progress", 1)

    def _is_whole(self, key: SegmentKey) -> bool:
        try:
            stamp = snapshot.stamp(self.master, key)
        except (NotReadyError, SegmentRefusedError):
            return True  # whoever reads it will say what is wrong with it
        return stamp.races is not None and stamp.runners is not None
