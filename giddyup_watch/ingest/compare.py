"""What it means that a stored row is as its file has it: the one definition there is.

A row is compared cell by cell, names by their norms. What the ingest leaves alone is equal.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from giddyup_watch.ingest.guards import Setting
from giddyup_watch.model import Table
from giddyup_watch.source import cells
from giddyup_watch.store import facts
from giddyup_watch.store.connection import Connection

_PARENTS = frozenset({"sire", "dam", "damsire"})
#: Staging columns that hold a name, compared by norm.
_NAMES = _PARENTS | {"course", "horse", "jockey", "trainer", "owner"}


class Change(NamedTuple):
    """One cell that differs; names are shown as norms. `key` is the race's or runner's."""

    table: Table
    key: str
    column: str
    stored: object
    wanted: object


def rows(
    conn: Connection, setting: Setting, table: Table, wanted: Sequence[tuple[object, ...]]
) -> Iterator[tuple[str, list[Change] | None]]:
    """Give for each row, as it would be staged, its key and how the stored one differs.

    None: no row is stored under its key and date.
    """
    columns = (cells.RACE_STAGING if table == "races" else cells.RUNNER_STAGING)[1:]
    at = columns.index("race_key" if table == "races" else "runner_key")
    date = columns.index("race_date")
    keys = [str(row[at + 1]) for row in wanted]
    stored = {(row[at], row[date]): row for row in facts.stored(conn, setting.key, table, keys)}
    norms = _norms(conn, columns, wanted)
    for key, (_, *values) in zip(keys, wanted, strict=True):
        there = stored.get((key, values[date]))
        if there is None:
            yield key, None
        else:
            found = _differing(setting, columns, there, values, norms)
            yield key, [Change(table, key, *cell) for cell in found]


def _differing(
    setting: Setting,
    columns: Sequence[str],
    stored: Sequence[object],
    wanted: Sequence[object],
    norms: dict[str, str],
) -> Iterator[tuple[str, object, object]]:
    """Give column, stored and wanted value of the cells that differ."""
    live = (
        setting.rules.keep_live_prices
        and "pos_raw" in columns
        and wanted[columns.index("pos_raw")] is None
    )
    for column, old, new in zip(columns, stored, wanted, strict=True):
        kept = live and new is None and column in cells.PRICE_COLUMNS
        value = norms[new] if column in _NAMES and isinstance(new, str) else new
        # An unknown parent's norm is null or empty: norm_text differs between databases.
        unknown = column in _PARENTS and not old and not value
        if old != value and not kept and not unknown:
            yield column, old, value


def _norms(
    conn: Connection, columns: Sequence[str], wanted: Sequence[tuple[object, ...]]
) -> dict[str, str]:
    places = [index + 1 for index, column in enumerate(columns) if column in _NAMES]
    names = {row[place] for row in wanted for place in places}
    return facts.norms(conn, {name for name in names if isinstance(name, str)})
