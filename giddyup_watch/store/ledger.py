"""The ledger: what was decided about segments, days and races, and about which content.

Every function takes a connection and commits nothing: the rows belong in the
transaction that writes the facts they speak of.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from giddyup_watch.model import (
    DayState,
    Fingerprint,
    LedgerDay,
    LedgerRace,
    LedgerSegment,
    SegmentKey,
    SegmentState,
)
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a segment's content; counts are lines in manifest and files."""

    state: SegmentState
    reason: str
    rules: str
    fingerprint: Fingerprint
    changed_at: float | None
    counts_agree: bool | None = None
    manifest_races: int | None = None
    manifest_runners: int | None = None
    file_races: int | None = None
    file_runners: int | None = None
    misfiled: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class DayDecision:
    """What was decided about a day; `races`, `runners` and `rejected` count its file's lines."""

    day: dt.date
    state: DayState
    reason: str
    digest: bytes | None
    rules: str
    held: bytes | None
    accepted: Sequence[str]
    races: int
    runners: int
    rejected: int


def needs_adoption(conn: Connection) -> bool:
    """Whether others filled the database and no whole backfill has compared it yet."""
    return bool(connection.fetch_value(conn, "check_adoption"))


def owe_adoption(conn: Connection, *, due: bool) -> None:
    """Remember whether a whole backfill is still owed, however often it is interrupted."""
    connection.execute(conn, "set_adoption_due", {"due": due})


def fetch_segments(conn: Connection) -> dict[SegmentKey, LedgerSegment]:
    """Return every segment that something was decided about."""
    every = {"region": None, "code": None, "month": None}
    segments = map(_segment, connection.fetch_all(conn, "fetch_ledger_segments", every))
    return {segment.key: segment for segment in segments}


def fetch_segment(conn: Connection, key: SegmentKey) -> LedgerSegment | None:
    """Return what was decided about one segment last, None when nothing was."""
    params = {"region": key.region, "code": key.code, "month": key.first_day}
    rows = connection.fetch_all(conn, "fetch_ledger_segments", params)
    return _segment(rows[0]) if rows else None


def fetch_days(conn: Connection, key: SegmentKey) -> dict[dt.date, LedgerDay]:
    """Return the days of a segment that something was decided about."""
    rows = connection.fetch_all(conn, "fetch_ledger_days", _span(key), row=LedgerDay)
    return {row.day: row for row in rows}


def fetch_races(conn: Connection, days: Iterable[dt.date]) -> list[LedgerRace]:
    """Return the provenance of those days, of all segments."""
    rows = connection.fetch_all(conn, "fetch_ledger_races", {"days": sorted(days)})
    return [
        LedgerRace(
            SegmentKey(region, code, f"{day:%Y-%m}"),
            day,
            race_key,
            digest,
            rank,
            owned,
            in_file,
            tuple(runner_keys),
            absent,
        )
        for region, code, day, race_key, digest, rank, owned, in_file, runner_keys, absent in rows
    ]


def record_segment(conn: Connection, key: SegmentKey, made: Decision, run_id: int | None) -> None:
    """Write what was decided about a segment over what was decided before."""
    params = {
        "region": key.region,
        "code": key.code,
        "month": key.first_day,
        "state": made.state,
        "reason": made.reason,
        "rules": made.rules,
        "manifest": made.fingerprint.manifest,
        "races": made.fingerprint.races,
        "runners": made.fingerprint.runners,
        "counts_agree": made.counts_agree,
        "manifest_races": made.manifest_races,
        "manifest_runners": made.manifest_runners,
        "file_races": made.file_races,
        "file_runners": made.file_runners,
        "misfiled": made.misfiled,
        "attempts": made.attempts,
        "changed_at": made.changed_at,
        "run_id": run_id,
    }
    connection.execute(conn, "upsert_ledger_segment", params)


def mark(
    conn: Connection, key: SegmentKey, state: SegmentState, reason: str, attempts: int = 0
) -> None:
    """Change a segment's state without claiming anything about its content."""
    params = {
        "region": key.region,
        "code": key.code,
        "month": key.first_day,
        "state": state,
        "reason": reason,
        "attempts": attempts,
    }
    connection.execute(conn, "mark_segment_state", params)


def record_days(
    conn: Connection, key: SegmentKey, days: Sequence[DayDecision], run_id: int | None
) -> None:
    params = {
        "region": key.region,
        "code": key.code,
        "run_id": run_id,
        "days": [d.day for d in days],
        "states": [d.state for d in days],
        "reasons": [d.reason for d in days],
        "digests": [d.digest for d in days],
        "rules": [d.rules for d in days],
        "held": [d.held for d in days],
        "accepted": [",".join(d.accepted) for d in days],
        "races": [d.races for d in days],
        "runners": [d.runners for d in days],
        "rejected": [d.rejected for d in days],
    }
    connection.execute(conn, "upsert_ledger_days", params)


def record_ingested(
    conn: Connection, key: SegmentKey, days: Sequence[dt.date], run_id: int | None
) -> None:
    """Write the days' rows of `racing.ingested_days`: they are loaded."""
    params = {"region": key.region, "code": key.code, "days": list(days), "run_id": run_id}
    connection.execute(conn, "upsert_ingested_days", params)


def forget_days(conn: Connection, key: SegmentKey, days: Sequence[dt.date]) -> None:
    """Remove days of which no race is left, from the ledger and from `racing.ingested_days`."""
    params = {"region": key.region, "code": key.code, "days": list(days)}
    connection.execute(conn, "delete_ledger_days", params)
    connection.execute(conn, "delete_ingested_days", params)


def record_races(conn: Connection, races: Sequence[LedgerRace]) -> None:
    """Write provenance, of any segment."""
    params = {
        "regions": [r.key.region for r in races],
        "codes": [r.key.code for r in races],
        "days": [r.day for r in races],
        "keys": [r.race_key for r in races],
        "digests": [r.digest for r in races],
        "ranks": [r.rank for r in races],
        "owned": [r.owned for r in races],
        "in_file": [r.in_file for r in races],
        "runner_keys": [json.dumps(r.runner_keys) for r in races],
    }
    connection.execute(conn, "upsert_ledger_races", params)


def forget_races(conn: Connection, key: SegmentKey, races: Sequence[tuple[dt.date, str]]) -> None:
    """Remove a segment's provenance of races, given as (day, race key)."""
    params = {
        "region": key.region,
        "code": key.code,
        "days": [day for day, _ in races],
        "keys": [race_key for _, race_key in races],
    }
    connection.execute(conn, "delete_ledger_races", params)


def distrust(conn: Connection, days: Collection[tuple[SegmentKey, dt.date]]) -> None:
    """Have days of segments compared, race by race, when the segment is read next."""
    params = {
        "regions": [key.region for key, _ in days],
        "codes": [key.code for key, _ in days],
        "days": [day for _, day in days],
    }
    connection.execute(conn, "distrust_days", params)


def mark_heirs_due(conn: Connection, keys: Collection[SegmentKey]) -> None:
    """Have segments that inherited a race read again."""
    params = {
        "regions": [key.region for key in keys],
        "codes": [key.code for key in keys],
        "months": [key.first_day for key in keys],
    }
    connection.execute(conn, "mark_heirs_due", params)


def state_counts(conn: Connection) -> dict[str, int]:
    """Return how many segments are in which state."""
    return dict(connection.fetch_all(conn, "fetch_state_counts"))


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far one folder (region and code) is loaded."""

    region: str
    code: str
    newest_day: dt.date
    last_loaded: dt.datetime
    days: int


def freshness(conn: Connection) -> list[Freshness]:
    return connection.fetch_all(conn, "fetch_freshness", row=Freshness)


def _segment(row: tuple[Any, ...]) -> LedgerSegment:
    region, code, month, state, reason, rules, manifest, races, runners, attempts, agree = row
    return LedgerSegment(
        SegmentKey(region, code, month),
        state,
        reason,
        rules,
        Fingerprint(manifest, races, runners),
        attempts,
        agree,
    )


def _span(key: SegmentKey) -> dict[str, object]:
    return {
        "region": key.region,
        "code": key.code,
        "first": key.first_day,
        "next": key.next_month,
    }
