"""The facts: staged rows into `racing.races` and `racing.runners`, and vanished ones out.

A segment's changed races are copied to `staging`, their names resolved to
dimension rows, and what is new or differs is written in one statement a table.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from giddyup_watch.errors import PermanentError
from giddyup_watch.model import SegmentKey, Table
from giddyup_watch.store import connection, copy
from giddyup_watch.store.connection import Connection

#: Staging columns that are stored as the key of a dimension.
_STORED_AS = {
    "horse": "horse_id",
    "trainer": "trainer_id",
    "jockey": "jockey_id",
    "owner": "owner_id",
    "sire": "blood_id",
    "dam": "blood_id",
    "damsire": "blood_id",
}
_MISSING_NAMES = ("insert_horses", "insert_trainers", "insert_jockeys", "insert_owners")
_COPY: dict[Table, str] = {"races": "copy_races", "runners": "copy_runners"}
_STORED: dict[Table, str] = {"races": "fetch_stored_races", "runners": "fetch_stored_runners"}
_FILLED: dict[Table, str] = {"races": "count_filled_races", "runners": "count_filled_runners"}


def ensure_month(conn: Connection, day: dt.date) -> int:
    """Make the partitions of the day's month where they are missing; return how many."""
    made: int = connection.fetch_value(conn, "ensure_month", {"month": day})
    return made


def stage(conn: Connection, table: Table, rows: Iterable[Sequence[object]]) -> int:
    """Copy rows, as `source.cells` cleans them, to `staging.<table>`; return how many arrived.

    Raises PermanentError when the server staged another number than was sent.
    """
    sent, staged = copy.copy_rows(conn, _COPY[table], rows)
    if sent != staged:
        raise PermanentError(
            f"{sent} rows were sent to staging.{table} but {staged} arrived",
            hint="look for triggers or rules on the staging tables; nothing was written",
        )
    return staged


def resolve_names(conn: Connection, region: str) -> None:
    """Give each staged name the key of its dimension row, which is made where it was missing.

    `region` is that of the courses, as the files have it.
    """
    params = {"region": region}
    connection.execute(conn, "fill_names")
    connection.execute(conn, "link_names", params)
    for missing in _MISSING_NAMES:
        connection.execute(conn, missing)
    connection.execute(conn, "insert_courses", params)
    connection.execute(conn, "link_names", params)
    connection.execute(conn, "fill_pedigrees")
    connection.execute(conn, "link_pedigrees")
    if connection.execute(conn, "insert_bloodlines"):
        connection.execute(conn, "link_pedigrees")


def keep_live_prices(conn: Connection, key: SegmentKey) -> None:
    """Let staged runners without a position take over stored prices where theirs are empty."""
    connection.execute(conn, "keep_live_prices", _span(key))


def merge_races(conn: Connection, key: SegmentKey) -> tuple[int, int]:
    """Write staged races that are new or differ; return how many were inserted, updated."""
    return _merge(conn, "upsert_races", _span(key))


def merge_runners(conn: Connection, key: SegmentKey) -> tuple[int, int]:
    """Write staged runners that are new or differ; return how many were inserted, updated."""
    return _merge(conn, "upsert_runners", _span(key))


def delete_races(conn: Connection, key: SegmentKey, races: Sequence[tuple[dt.date, str]]) -> int:
    """Delete races given as (day, race key); return how many there were."""
    return _delete(conn, "delete_races", key, races)


def delete_runners(
    conn: Connection, key: SegmentKey, runners: Sequence[tuple[dt.date, str]]
) -> int:
    """Delete runners given as (day, runner key); return how many there were."""
    return _delete(conn, "delete_runners", key, runners)


def empty_staging(conn: Connection) -> None:
    connection.execute(conn, "empty_staging")


def standing(
    conn: Connection, day: dt.date, race_keys: Sequence[str]
) -> list[tuple[str, str, bool]]:
    """Return (race key, course id, has a result) of those races of a day that are stored."""
    params = {"day": day, "keys": list(race_keys)}
    return connection.fetch_all(conn, "fetch_race_standing", params)


def filled_columns(
    conn: Connection,
    key: SegmentKey,
    table: Table,
    columns: Sequence[str],
    race_keys: Sequence[str],
    *,
    prices: Sequence[str],
    keep_live_prices: bool,
) -> dict[str, int]:
    """Count, for each of the staging columns, the stored rows of these races where it is filled.

    `prices` of runners without a position are not counted where live prices
    are kept: an absent column leaves those alone. Keys are the stored columns.
    """
    stored = {_STORED_AS.get(column, column) for column in columns}
    params = _span(key) | {"columns": sorted(stored), "keys": list(race_keys)}
    params |= {"region": key.region, "code": key.code}
    if table == "runners":
        params |= {"keep_live_prices": keep_live_prices, "prices": list(prices)}
    return dict(connection.fetch_all(conn, _FILLED[table], params))


def stored(
    conn: Connection, key: SegmentKey, table: Table, keys: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Return rows of a table by race or runner key, as in staging without the line.

    Names are norms; a runner whose race is gone has no race key.
    """
    params = _span(key) | {"region": key.region.upper(), "keys": list(keys)}
    return connection.fetch_all(conn, _STORED[table], params)


def norms(conn: Connection, names: Iterable[str]) -> dict[str, str]:
    """Return what dimension rows are found by, for each name."""
    return dict(connection.fetch_all(conn, "fetch_norms", {"names": sorted(names)}))


def _merge(conn: Connection, name: str, params: dict[str, object]) -> tuple[int, int]:
    inserted, updated = connection.fetch_all(conn, name, params)[0]
    return inserted, updated


def _delete(
    conn: Connection, name: str, key: SegmentKey, rows: Sequence[tuple[dt.date, str]]
) -> int:
    params = _span(key) | {"days": [day for day, _ in rows], "keys": [k for _, k in rows]}
    return connection.execute(conn, name, params)


def _span(key: SegmentKey) -> dict[str, object]:
    return {"first": key.first_day, "next": key.next_month}


@dataclass(frozen=True, slots=True)
class RaceDays:
    """Days on which a region has races of a code, by their type; `newest`: the last one's off."""

    region: str
    code: str
    days: list[dt.date]
    newest: dt.datetime


def race_days(conn: Connection, zone: str) -> list[RaceDays]:
    """Return what all months hold; off times are local to `zone`."""
    return connection.fetch_all(conn, "fetch_race_days", {"zone": zone}, row=RaceDays)
