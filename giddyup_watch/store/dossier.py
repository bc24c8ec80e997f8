"""What the database has about one folder's day or month, for a person who asks why."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from giddyup_watch.model import DayState, SegmentKey
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident
from giddyup_watch.store.runs import Run


@dataclass(frozen=True, slots=True)
class Span:
    """Days of one segment: `first` up to, but not including, `next`."""

    key: SegmentKey
    first: dt.date
    next: dt.date

    @property
    def params(self) -> dict[str, object]:
        return {
            "region": self.key.region,
            "code": self.key.code,
            "month": self.key.first_day,
            "first": self.first,
            "next": self.next,
        }


@dataclass(frozen=True, slots=True)
class SegmentDecision:
    """What the ledger says of a segment beside its state; counts are lines."""

    changed_at: dt.datetime | None
    decided_at: dt.datetime
    run_id: int | None
    counts_agree: bool | None
    manifest_races: int | None
    manifest_runners: int | None
    file_races: int | None
    file_runners: int | None
    misfiled: int


@dataclass(frozen=True, slots=True)
class DayDecision:
    """A day in the ledger, in `racing.ingested_days`, or in both; no state: it is not ours."""

    day: dt.date
    state: DayState | None
    reason: str
    accepted: Sequence[str]
    races: int
    runners: int
    rejected: int
    decided_at: dt.datetime | None
    run_id: int | None
    ingested_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class KeptReject:
    """A line that was not loaded (no column), or a cell that became NULL, as recorded.

    `lines` and `cells` count all there are of either.
    """

    day: dt.date | None
    file: str
    line: int
    column: str | None
    value: str
    reason: str
    lines: int
    cells: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Stored races of one type that one folder owns; without an owner, others wrote them."""

    race_type: str
    owner_region: str | None
    owner_code: str | None
    races: int
    runners: int
    foreign_runners: int


def decision(conn: Connection, span: Span) -> SegmentDecision | None:
    return connection.fetch_one(conn, "fetch_segment_decision", span.params, row=SegmentDecision)


def days(conn: Connection, span: Span) -> list[DayDecision]:
    return connection.fetch_all(conn, "fetch_day_decisions", span.params, row=DayDecision)


def runs(conn: Connection, key: SegmentKey, ids: Collection[int], limit: int) -> list[Run]:
    """Return the newest runs that name the segment or are among `ids`, newest first."""
    params = {"ids": sorted(ids), "segment": str(key), "limit": limit}
    return connection.fetch_all(conn, "fetch_runs_about", params, row=Run)


def rejects(conn: Connection, span: Span, limit: int) -> list[KeptReject]:
    """Return the first `limit` rejects of the days and those of no day, whole lines first."""
    return connection.fetch_all(
        conn, "fetch_rejects", span.params | {"limit": limit}, row=KeptReject
    )


def rows(conn: Connection, span: Span) -> list[Rows]:
    """Count the region's stored rows of the days, whichever folder they came from."""
    return connection.fetch_all(conn, "count_rows_by_owner", span.params, row=Rows)


def copies(conn: Connection, span: Span) -> dict[SegmentKey, int]:
    """Count races that the segment's files have and another segment owns, by that one."""
    found = connection.fetch_all(conn, "count_copies_by_owner", span.params)
    return {SegmentKey(region, code, span.key.month): count for region, code, count in found}


def gaps(conn: Connection, span: Span, keys: Collection[str]) -> list[Incident]:
    """Return the open incidents about the days, and those with one of the keys."""
    params = span.params | {"keys": sorted(keys)}
    return connection.fetch_all(conn, "fetch_gaps_about", params, row=Incident)
