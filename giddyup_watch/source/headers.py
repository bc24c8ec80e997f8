"""Columns are found by their name in the header, wherever they stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from giddyup_watch.model import Table
from giddyup_watch.source import cells
from giddyup_watch.source.records import Line

MAX_COLUMNS = 256  # the longest real header has 58
_MAX_SHOWN = 100  # characters of a column name that nobody knows

REQUIRED: Mapping[Table, tuple[str, ...]] = {
    "races": ("date", "region", "course", "off", "race_name", "type", "race_key"),
    "runners": ("race_key", "runner_key", "horse", "num", "pos"),
}


class HeaderError(ValueError):
    """The header is not one of such a file; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a file has our columns.

    `at` follows the order of `cells.COLUMNS`; a missing one is at `width`, just
    behind the last field. `missing` has the database's names, `unknown` the file's.
    """

    width: int
    at: tuple[int, ...]
    missing: frozenset[str]
    unknown: tuple[str, ...]


def read(table: Table, header: Line) -> Columns:
    """Find the columns of `table`; HeaderError when one is required and missing, or there twice."""
    if header.problem:
        raise HeaderError(f"its header cannot be read: {header.problem}")
    names = [field.strip().lower() for field in header.fields]
    if len(names) > MAX_COLUMNS:
        raise HeaderError(f"{len(names):,} columns, the limit is {MAX_COLUMNS}")
    ours = cells.COLUMNS[table]
    twice = [column.csv for column in ours if names.count(column.csv) > 1]
    if twice:
        raise HeaderError(f"more than one column {', '.join(twice)}")
    lacking = [name for name in REQUIRED[table] if name not in names]
    if lacking:
        raise HeaderError(f"required and missing: {', '.join(lacking)}")
    known = {column.csv for column in ours}
    return Columns(
        width=len(names),
        at=tuple(names.index(c.csv) if c.csv in names else len(names) for c in ours),
        missing=frozenset(c.column for c in ours if c.csv not in names),
        unknown=tuple(name[:_MAX_SHOWN] for name in names if name and name not in known),
    )
