"""Whole months: their tables built beside the facts, and attached when they are full."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
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
#: Sire, dam, damsire; "" for one that is unknown.
Pedigree = tuple[str, str, str]

#: Kinds of names, and the statement that makes rows of them.
_MAKE = {
    "horse": "make_horses",
    "trainer": "make_trainers",
    "jockey": "make_jockeys",
    "owner": "make_owners",
}
#: What makes the rows that nobody named before of names that are staged.
_MISSING = ("insert_horses", "insert_trainers", "insert_jockeys", "insert_owners", "insert_courses")


def obstacle(conn: Connection, month: dt.date) -> str | None:
    """Say what keeps the month from being built beside the facts; None when nothing does."""
    found: str | None = connection.fetch_value(conn, "find_obstacle", {"month": month})
    return found


def begin(conn: Connection) -> int | None:
    """Make the tables to fill; in the transaction that attaches them.

    Return how many rows of names anybody has ever changed or removed, as far as sessions have told
    the server by now, which they do within seconds; None when they do not.
    """
    ((changes, _),) = connection.fetch_all(conn, "set_month_settings", {"memory": INDEX_MEMORY})
    connection.fetch_value(conn, "begin_month")
    return None if changes is None else int(changes)


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


# A month has thousands of new names: as JSON they are sent in a fraction of the time of an array.
def make_names(conn: Connection, kind: str, names: Sequence[str]) -> dict[str, int]:
    """Make the rows of people that nobody named before; return the keys of those that are new."""
    made = connection.fetch_all(conn, _MAKE[kind], {"names": json.dumps(names)})
    return dict(made)


def make_pedigrees(conn: Connection, pedigrees: Sequence[Pedigree]) -> dict[Pedigree, int]:
    """Make bloodlines, of which no parent is unknown; return the keys of those that are new."""
    staged = {name: json.dumps(column) for name, column in _columns(pedigrees).items()}
    made = connection.fetch_all(conn, "make_bloodlines", staged)
    return {(sire, dam, damsire): key for sire, dam, damsire, key in made}


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
    conn: Connection, pedigrees: Sequence[Pedigree]
) -> dict[Pedigree, int | None]:
    """Return the keys of bloodlines, made where missing."""
    connection.execute(conn, "stage_pedigrees", _columns(pedigrees))
    connection.execute(conn, "link_pedigrees")
    if connection.execute(conn, "insert_bloodlines"):
        connection.execute(conn, "link_pedigrees")
    rows = connection.fetch_all(conn, "fetch_staged_pedigrees")
    connection.execute(conn, "empty_staging")
    return {(sire, dam, damsire): found for sire, dam, damsire, found in rows}


def _columns(pedigrees: Sequence[Pedigree]) -> dict[str, list[str]]:
    columns = map(list, zip(*pedigrees, strict=True))
    return dict(zip(("sires", "dams", "damsires"), columns, strict=True))
