"""`racing.data_gaps`: incidents, opened once, updated, resolved when found repaired."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finding as it is to be recorded."""

    check_name: str
    family: str
    key: str
    severity: str
    region: str | None
    code: str | None
    d: dt.date | None
    finding: str
    item: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Incident(Sighting):
    """A row of `racing.data_gaps`."""

    item: dict[str, Any]
    gap_id: int
    opened_at: dt.datetime
    changed_at: dt.datetime
    seen_at: dt.datetime
    resolved_at: dt.datetime | None
    acked_at: dt.datetime | None
    note: str | None


def unresolved(conn: Connection) -> list[Incident]:
    """Return the open incidents, acknowledged ones too, the oldest first."""
    return connection.fetch_all(conn, "fetch_open_gaps", row=Incident)


def record(conn: Connection, seen: Sequence[Sighting]) -> list[Incident]:
    """Open an incident for each finding that has none, and update the others.

    Return those that are news: opened, or changed in severity or item, which
    also ends their acknowledgement.
    """
    params = {
        "checks": [one.check_name for one in seen],
        "families": [one.family for one in seen],
        "keys": [one.key for one in seen],
        "severities": [one.severity for one in seen],
        "regions": [one.region for one in seen],
        "codes": [one.code for one in seen],
        "days": [one.d for one in seen],
        "findings": [one.finding for one in seen],
        "items": [json.dumps(one.item) for one in seen],
    }
    return connection.fetch_all(conn, "record_gaps", params, row=Incident)


def resolve(conn: Connection, gap_ids: Sequence[int]) -> list[Incident]:
    """Close incidents; return those that were still open."""
    return connection.fetch_all(conn, "resolve_gaps", {"ids": list(gap_ids)}, row=Incident)


def acknowledge(conn: Connection, gap_id: int, note: str) -> Incident | None:
    """Take an open incident out of gauges and exit codes until it changes; None: there is none."""
    params = {"id": gap_id, "note": note}
    return connection.fetch_one(conn, "acknowledge_gap", params, row=Incident)


@dataclass(frozen=True, slots=True)
class Open:
    """How many open incidents nobody has acknowledged."""

    critical: int
    warning: int


def count(conn: Connection) -> Open:
    return connection.fetch_all(conn, "count_open_gaps", row=Open)[0]
