"""Whole months: their tables built beside the facts, and attached when they are full."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from giddyup_watch.errors import PermanentError
from giddyup_watch.store import connection, copy
from giddyup_watch.store.connection import Connection

#: What the indexes of a month are made in: the largest, of the comments, takes about half of it.
INDEX_MEMORY = "64MB"

#: What a month is made of, and the statement that takes it.
_COPY = {
    "races": "copy_month_races",
    "runners": "copy_month_runners",
    "provenance": "copy_ledger_races",
}
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


def fill(
    conn: Connection,
    what: Literal["races", "runners", "provenance"],
    rows: Iterable[Sequence[str]],
) -> None:
    """Copy rows of cells in COPY's text format, "" for NULL; more than one cell may be in one."""
    sent, arrived = copy.copy_texts(conn, _COPY[what], rows)
    if sent != arrived:
        raise PermanentError(f"{sent} rows of a month's {what} were sent but {arrived} arrived")


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
