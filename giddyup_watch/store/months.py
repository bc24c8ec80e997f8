"""Whole months: their tables built beside the facts, and attached when they are full."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from giddyup_watch.errors import PermanentError
from giddyup_watch.model import LedgerRace, Table
from giddyup_watch.store import connection, copy
from giddyup_watch.store.connection import Connection

#: What the indexes of a month are made in: the largest, of the comments, takes about half of it.
INDEX_MEMORY = "64MB"

_COPY: dict[Table, str] = {"races": "copy_month_races", "runners": "copy_month_runners"}
#: Kinds of names and the statement that makes the rows which nobody named before.
_MISSING = ("insert_horses", "insert_trainers", "insert_jockeys", "insert_owners", "insert_courses")


@dataclass(frozen=True, slots=True)
class Begun:
    """The number of the transaction, and whether another one that may write is older."""

    xid: int
    others: bool


def obstacle(conn: Connection, month: dt.date) -> str | None:
    """Say what keeps the month from being built beside the facts; None when nothing does."""
    found: str | None = connection.fetch_value(conn, "find_obstacle", {"month": month})
    return found


def begin(conn: Connection) -> Begun:
    """Make the tables to fill; in the transaction that attaches them."""
    settings = connection.fetch_all(conn, "set_month_settings", {"memory": INDEX_MEMORY})
    connection.fetch_value(conn, "begin_month")
    (xid, others, _) = settings[0]
    return Begun(xid, others)


def race_ids(conn: Connection, count: int) -> list[int]:
    """Take ids for races to come."""
    return [row for (row,) in connection.fetch_all(conn, "reserve_race_ids", {"count": count})]


def fill(conn: Connection, table: Table, lines: Sequence[str]) -> None:
    """Copy lines in COPY's text format, "" for NULL, each without its end."""
    sent, arrived = copy.copy_lines(conn, _COPY[table], lines)
    if sent != arrived:
        raise PermanentError(f"{sent} {table} of a month were sent but {arrived} arrived")


def record_races(conn: Connection, races: Sequence[LedgerRace]) -> None:
    """Write the provenance of a month of which there is none."""
    rows = (
        (
            race.key.region,
            race.key.code,
            race.day,
            race.race_key,
            race.digest,
            race.rank,
            race.owned,
            race.in_file,
            list(race.runner_keys),
        )
        for race in races
    )
    copy.copy_rows(conn, "copy_ledger_races", rows)


def attach(conn: Connection, month: dt.date) -> None:
    """Make partitions of the tables that were filled."""
    connection.fetch_value(conn, "attach_month", {"month": month})


def keys_of_names(
    conn: Connection, region: str, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int | None]:
    """Return the keys of dimension rows for (kind, name), made in this order where missing.

    `region` is that of the courses among them.
    """
    params: dict[str, Any] = {"region": region}
    staged = {"kinds": [kind for kind, _ in names], "names": [name for _, name in names]}
    connection.execute(conn, "stage_names", staged)
    connection.execute(conn, "link_names", params)
    for missing in _MISSING:
        connection.execute(conn, missing, params)
    connection.execute(conn, "link_names", params)
    rows = connection.fetch_all(conn, "fetch_staged_names")
    connection.execute(conn, "empty_staging")
    return {(kind, name): found for kind, name, found in rows}


def keys_of_pedigrees(
    conn: Connection, pedigrees: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, ...], int | None]:
    """Return the keys of bloodlines for (sire, dam, damsire), made where missing."""
    columns = zip(*pedigrees, strict=True)
    staged = dict(zip(("sires", "dams", "damsires"), map(list, columns), strict=True))
    connection.execute(conn, "stage_pedigrees", staged)
    connection.execute(conn, "link_pedigrees")
    if connection.execute(conn, "insert_bloodlines"):
        connection.execute(conn, "link_pedigrees")
    rows = connection.fetch_all(conn, "fetch_staged_pedigrees")
    connection.execute(conn, "empty_staging")
    return {(sire, dam, damsire): found for sire, dam, damsire, found in rows}
