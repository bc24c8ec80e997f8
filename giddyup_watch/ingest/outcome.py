"""What became of a segment, and of a run."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from giddyup_watch.model import Effects, Fingerprint, RunStatus, SegmentKey

Result = Literal["loaded", "unchanged", "held", "refused", "absent", "waiting", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one segment in a turn.

    `fingerprint` is of the content decided on, None when there was no
    decision. `changed_at` is the newest ctime of its files (seconds since the
    epoch), `seconds` what the segment took. `retry_after` (seconds) is set
    when it has to be looked at again although nothing changes on disk. `also`
    are segments to look at because a race passed to them. `trace` is set when
    the reason is a bug of ours. `alone` says why a segment of which nothing
    was recorded was not loaded with its whole month.
    """

    key: SegmentKey
    result: Result
    reason: str = ""
    effects: Effects = field(default_factory=Effects)
    days: tuple[dt.date, ...] = ()
    run_id: int | None = None
    seconds: float = 0.0
    changed_at: float = 0.0
    fingerprint: Fingerprint | None = None
    retry_after: float | None = None
    also: tuple[SegmentKey, ...] = ()
    trace: str = ""
    alone: str = ""


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What became of a turn; `run_id` is None when there was nothing to write and nobody asked."""

    run_id: int | None
    status: RunStatus
    effects: Effects
    outcomes: int
    troubled: tuple[SegmentKey, ...] = ()
