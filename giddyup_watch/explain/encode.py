"""Lines of the files as digests of the rows that they have to be in the database.

A row is put into the binary form in which the server sends it, and hashed as the
server hashes its own (see digest_races.sql, digest_runners.sql): equal digests are
equal rows. Where a column of the database has another type than ours, or a price
is kept that the file lacks, digests differ although the rows are equal: then the
cells have to be compared.
"""

import datetime as dt
import functools
import hashlib
import operator
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from giddyup_watch.model import SegmentKey
from giddyup_watch.source import cells
from giddyup_watch.source.cells import Column, OffTimes
from giddyup_watch.source.content import Race
from giddyup_watch.store import rowdigests
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.kept import Kept
from giddyup_watch.store.rowdigests import Pedigree

#: Types of fields, by their numbers in every PostgreSQL.
_INT8, _INT4, _TEXT, _FLOAT8, _TIME = 20, 23, 25, 701, 1083
_TYPES = {"int": _INT4, "off": _TIME} | dict.fromkeys(
    ("float", "distance", "price", "checked_price"), _FLOAT8
)
#: A name that no dimension row has: this is the form of no field.
_NOWHERE = b"?"
#: Forms of cells that are kept for the next one that reads the same.
_KEPT = 50_000
_NEVER_TWICE = frozenset({"runner_key", "time", "comment"}) | {
    f"{market}_{phase}_vol" for market in ("win", "place") for phase in ("morning", "pre", "ip")
}
#: Columns that are stored as the id of their name.
_NAMED = frozenset({"horse", "jockey", "trainer", "owner"})
_PARENTS = tuple(cells.position("runners", name) for name in ("sire", "dam", "damsire"))
_PARENT_COLUMNS = tuple(cells.RUNNER_COLUMNS[at] for at in _PARENTS)
#: Columns that are no field of their own: the runners of a race are hashed together, and its
#: three parents are one bloodline, the last field.
_NO_FIELD = frozenset({"race_key"} | {column.csv for column in _PARENT_COLUMNS})
_RUNNER_FIELDS = len(cells.RUNNER_COLUMNS) - len(_NO_FIELD) + 1
_RACE_TYPES = [_TYPES.get(column.kind, _TEXT) for column in cells.RACE_COLUMNS[2:]]
_COURSE = 1  # of the fields of a race

_pedigree_of = operator.itemgetter(*_PARENTS)
_key_of = operator.attrgetter("key")
_head = struct.Struct("!i").pack
_field_head = struct.Struct("!Ii").pack
_Pack = Callable[[Any], bytes]


def _text(value: str) -> bytes:
    data = value.encode()
    return _field_head(_TEXT, len(data)) + data


def _time(value: dt.time) -> bytes:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return _microseconds(seconds * 1_000_000)


def _fixed(kind: int, form: str) -> _Pack:
    """Pack fields of a type whose values are all of one length."""
    return functools.partial(struct.Struct(f"!Ii{form}").pack, kind, struct.calcsize(f"!{form}"))


_microseconds = _fixed(_TIME, "q")
_id = _fixed(_INT8, "q")
_PACK: Mapping[int, _Pack] = {
    _INT8: _id,
    _INT4: _fixed(_INT4, "i"),
    _FLOAT8: _fixed(_FLOAT8, "d"),
    _TIME: _time,
    _TEXT: _text,
}
_NULL = {kind: _field_head(kind, -1) for kind in _PACK}


def _field(kind: int, value: object) -> bytes:
    """Put one value into the form of a field of this type."""
    return _NULL[kind] if value is None else _PACK[kind](value)


class _Cells(dict[str, bytes]):
    """Forms of the cells of one column, made as they are met."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        kind = _TYPES.get(column.kind, _TEXT)
        self._column, self._pack, self._null = column, _PACK[kind], _NULL[kind]

    def __missing__(self, cell: str) -> bytes:
        if len(self) >= _KEPT:
            self.clear()
        self[cell] = form = self.form(cell)
        return form

    def form(self, cell: str) -> bytes:
        value = cells.runner_cell(self._column, cell)
        return self._null if value is None else self._pack(value)


class _NeverTwice(_Cells):
    """A column of which hardly two cells are the same: none is kept."""

    __missing__ = _Cells.form


class _Names(dict[str, bytes]):
    """Forms of the ids that the names of one column lead to, of those that were looked up."""

    def __init__(self, column: Column) -> None:
        super().__init__({"": _NULL[_INT8]})
        self.column = column


class _NoField(dict[str, bytes]):
    def __missing__(self, cell: str) -> bytes:
        return b""


def _table(column: Column) -> dict[str, bytes]:
    if column.csv in _NO_FIELD:
        return _NoField()
    if column.csv in _NAMED:
        return _Names(column)
    return _NeverTwice(column) if column.csv in _NEVER_TWICE else _Cells(column)


class Encoder:
    """Digests of races and runners of files, for one state of the dimensions.

    Names are looked up once, so it is worth keeping over many segments; it must
    not outlive the transaction whose snapshot it asked. What is `kept` may: the
    digest of a race's runners is made again only when its lines say something else,
    or one of their names leads elsewhere.
    """

    def __init__(
        self, conn: Connection, off_times: OffTimes, kept: Kept[bytes] | None = None
    ) -> None:
        self._conn = conn
        self._off_times: OffTimes = off_times
        self._kept = kept
        self._courses: dict[tuple[str, str], bytes] = {}
        self._pedigrees: dict[tuple[str, ...], bytes] = {}
        self._tables = [_table(column) for column in cells.RUNNER_COLUMNS]
        self._names = [(at, t) for at, t in enumerate(self._tables) if isinstance(t, _Names)]

    def learn(self, key: SegmentKey, races: Sequence[Race]) -> None:
        """Look up the names in these races that were not met before."""
        rows = [runner.cells for race in races for runner in race.runners]
        unmet = {("course", race.course) for race in races} - {
            ("course", name) for region, name in self._courses if region == key.region
        }
        tables = {table.column.csv: table for _, table in self._names}
        for kind, table in tables.items():
            told = set(map(operator.itemgetter(cells.position("runners", kind)), rows))
            unmet |= {(kind, name) for name in told - table.keys()}
        for (kind, name), number in self._ids(key.region, unmet).items():
            if kind == "course":
                self._courses[key.region, name] = _leads_to(number)
            else:
                tables[kind][name] = _leads_to(number)
        self._learn_pedigrees(set(map(_pedigree_of, rows)) - self._pedigrees.keys())

    def _ids(self, region: str, unmet: set[tuple[str, str]]) -> dict[tuple[str, str], int | None]:
        return rowdigests.find_names(self._conn, region, unmet) if unmet else {}

    def _learn_pedigrees(self, unmet: set[tuple[str, ...]]) -> None:
        told = {cell: _pedigree(cell) for cell in unmet}
        wanted = {pedigree for pedigree in told.values() if any(pedigree)}
        found = rowdigests.find_bloodlines(self._conn, list(wanted)) if wanted else {}
        for cell, pedigree in told.items():
            known = any(pedigree)
            self._pedigrees[cell] = _leads_to(found[pedigree]) if known else _NULL[_INT8]

    def race(self, key: SegmentKey, race: Race) -> bytes:
        """Digest of the race's own row."""
        (_, _, _, *values), _ = cells.race_values(race, self._off_times)
        forms = [_field(kind, value) for kind, value in zip(_RACE_TYPES, values, strict=True)]
        forms[_COURSE] = self._courses[key.region, race.course]
        return hashlib.sha256(_head(len(forms)) + b"".join(forms)).digest()

    def runners(self, race: Race) -> bytes:
        """Digest of the rows of all its runners."""
        if self._kept is None:
            return self._runners(race)
        return self._kept.ensure(race.digest, self._led_to(race), lambda: self._runners(race))

    def _led_to(self, race: Race) -> bytes:
        """Where the names of its runners lead: all that their rows have from elsewhere."""
        forms: list[bytes] = []
        for runner in race.runners:
            forms += (table[runner.cells[at]] for at, table in self._names)
            forms.append(self._pedigrees[_pedigree_of(runner.cells)])
        return hashlib.sha256(b"".join(forms)).digest()

    def _runners(self, race: Race) -> bytes:
        tables, pedigrees, head = self._tables, self._pedigrees, _head(_RUNNER_FIELDS)
        forms: list[bytes] = []
        for runner in sorted(race.runners, key=_key_of):
            forms.append(head)
            forms += map(operator.getitem, tables, runner.cells)
            forms.append(pedigrees[_pedigree_of(runner.cells)])
        return hashlib.sha256(b"".join(forms)).digest()


def _leads_to(number: int | None) -> bytes:
    return _NOWHERE if number is None else _id(number)


def _pedigree(told: tuple[str, ...]) -> Pedigree:
    sire, dam, damsire = (
        cell if cells.runner_cell(column, cell) else None
        for column, cell in zip(_PARENT_COLUMNS, told, strict=True)
    )
    return sire, dam, damsire
