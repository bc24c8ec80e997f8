"""Cells cleaned a column at a time, to the text that COPY reads.

The rules are those of `cells`, which is asked about each distinct cell that is not plainly the
number it is for. A cell that means nothing is "", and so is one that cannot be read.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from giddyup_watch.model import Table
from giddyup_watch.source import cells
from giddyup_watch.source.cells import Cleaner, Kind, OffTimes


def _others(plain: str) -> re.Pattern[str]:
    """Find the lines that are neither empty nor plain."""
    return re.compile(rf"^(?!(?:{plain})$).+$", re.MULTILINE)


#: Of a column, one cell a line: those of which our cleaners and the server may think differently.
_OTHERS: Mapping[Kind, re.Pattern[str]] = {
    "int": _others(r"[0-9]{1,9}"),
    "float": _others(r"[0-9]{1,15}(?:\.[0-9]{1,15})?"),
    "price": _others(r"(?:[2-9]|[1-9][0-9]{1,14})(?:\.[0-9]{1,15})?|1\.[0-9]{0,9}[1-9]"),
    "checked_price": _others(r"(?:[2-9]|[1-9][0-9]{1,14})(?:\.[0-9]{1,15})?|1\.(?:[1-9]|0[1-9])"),
}


class Unreadable(NamedTuple):
    """A cell that became NULL; `row` is its place in the column."""

    row: int
    column: str
    cell: str
    reason: str


def clean(
    table: Table, rows: Sequence[Sequence[str]], off_times: OffTimes
) -> tuple[list[Sequence[str]], list[Unreadable]]:
    """Clean rows whose cells are in the order of `cells.COLUMNS`; return columns in that order."""
    cleaners = cells.cleaners(off_times)
    made: list[Sequence[str]] = []
    unreadable: list[Unreadable] = []
    for column, texts in zip(cells.COLUMNS[table], zip(*rows, strict=True), strict=True):
        cleaner = cleaners.get(column.kind)
        if cleaner is None:
            made.append(texts)
            continue
        changed, reasons = _judge(_doubtful(column.kind, texts), cleaner)
        made.append([changed.get(text, text) for text in texts] if changed else texts)
        if reasons:
            unreadable += (
                Unreadable(row, column.column, text, reasons[text])
                for row, text in enumerate(texts)
                if text in reasons
            )
    return made, unreadable


def _doubtful(kind: Kind, texts: Sequence[str]) -> set[str]:
    """Return the distinct cells that have to be judged one by one."""
    others = _OTHERS.get(kind)
    if others is not None:
        column = "\n".join(texts)
        if column.count("\n") == len(texts) - 1:
            return set(others.findall(column))
    return set(texts)


def _judge(distinct: set[str], cleaner: Cleaner) -> tuple[dict[str, str], dict[str, str]]:
    """Return what to write instead of which text, and why which text cannot be read."""
    changed: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for text in distinct:
        if not text:
            continue
        try:
            value = cleaner(text)
        except ValueError as error:
            changed[text], reasons[text] = "", str(error)
        else:
            written = "" if value is None else str(value)
            if written != text:
                changed[text] = written
    return changed, reasons
