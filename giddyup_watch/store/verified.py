"""`racing.verified_segments`: when each segment was last compared with its files, and the result.

Functions take a connection and commit nothing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.model import SegmentKey
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.rowdigests import Names

Result = Literal["equal", "different"]


@dataclass(frozen=True, slots=True)
class Verified:
    """A row of `racing.verified_segments`; `days` are those that differ.

    `remembered` says whether it has what the proof rests on.
    """

    key: SegmentKey
    result: Result
    days: tuple[dt.date, ...]
    finding: str
    verified_at: dt.datetime
    remembered: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """What the proof of an equal segment rests on; `counts`: day, races and runners, as JSON."""

    rests_on: bytes
    names_to: Names
    counts: str


def record(
    conn: Connection,
    key: SegmentKey,
    result: Result,
    days: Sequence[dt.date],
    finding: str,
    proven: Proven | None = None,
) -> None:
    """Write what was found of a segment over what was found before."""
    params = {
        "region": key.region,
        "code": key.code,
        "month": key.first_day,
        "result": result,
        "days": list(days),
        "finding": finding,
        "rests_on": proven and proven.rests_on,
        "names_to": proven and list(proven.names_to),
        "counts": proven and proven.counts,
    }
    connection.execute(conn, "upsert_verified_segment", params)


def proven(conn: Connection) -> dict[SegmentKey, Proven]:
    """Return what the last proof of each segment rests on, if every day of it was equal."""
    return {
        SegmentKey(region, code, month): Proven(rests_on, Names(*names_to), counts)
        for region, code, month, rests_on, names_to, counts in connection.fetch_all(
            conn, "fetch_proven_segments"
        )
    }


def fetch(conn: Connection) -> dict[SegmentKey, Verified]:
    """Return what was found of each segment that was ever compared, the longest ago first."""
    found = connection.fetch_all(conn, "fetch_verified_segments")
    return {
        key: Verified(key, result, tuple(days), *rest)
        for region, code, month, result, days, *rest in found
        for key in (SegmentKey(region, code, month),)
    }
