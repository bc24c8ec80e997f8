"""What was parsed is not parsed again: the days of a month whose lines stand there as before.

A day says the same as long as its lines do, under the same columns, when every line of the
month is one record, valid, with a key of its own: then no line reaches beyond its day. So
days are known again by a digest of their lines, and a month that is not as plain as that is
parsed whole.
"""

import datetime as dt
import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from giddyup_watch.model import SegmentKey, Table
from giddyup_watch.source import cells, content, tree
from giddyup_watch.source.content import Content
from giddyup_watch.source.draft import Draft
from giddyup_watch.source.headers import Columns
from giddyup_watch.source.records import Line
from giddyup_watch.source.rows import Day, Race
from giddyup_watch.source.snapshot import Snapshot
from giddyup_watch.source.tables import MAX_LINES, TableFile

#: Months that are remembered, those met last: of a busy one 1 MB, most of it keys of runners.
MONTHS = 8

_RACE_KEY = cells.position("races", "race_key")
_OF_RACE = cells.position("runners", "race_key")

#: The number of the line behind the header.
_FIRST = 2

_Races = Sequence[tuple[str, ...]]


class _Known(NamedTuple):
    """A day as it was parsed: its digest, and the keys of its runners."""

    digest: bytes
    runner_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a file of runners, and of which day each is.

    `marks` has, for each day with races, a digest of its lines, of the cells of its
    races and of the columns.
    """

    header: bytes
    lines: Sequence[bytes]
    days: Sequence[dt.date]
    marks: Mapping[dt.date, bytes]


class Memory:
    """Parses months, and remembers those it parsed last. Used by one thread."""

    def __init__(self) -> None:
        self._months: dict[SegmentKey, dict[bytes, _Known]] = {}

    def __len__(self) -> int:
        return len(self._months)

    def parse(self, snapshot: Snapshot) -> Content:
        """Parse as `content.parse` does, to an equal result.

        The races of days that are as they were are read when somebody asks for
        them. Measured: a busy month of which one day has changed, in 25 ms.
        """
        known = self._months.pop(snapshot.key, None)
        made = known and _parse_rest(snapshot, known)
        made = made or _parse_whole(snapshot)
        parsed, days = made
        if days:
            self._months[snapshot.key] = days
        while len(self._months) > MONTHS:
            del self._months[next(iter(self._months))]
        return parsed


_Made = tuple[Content, dict[bytes, _Known]]


def _parse_whole(snapshot: Snapshot) -> _Made:
    """Parse everything; nothing is to be remembered of a month that is not plain."""
    races, runners = content.files(snapshot)
    draft = Draft(snapshot.key)
    draft.read_races(races)
    draft.read_runners(runners)
    made = content.summed_up(snapshot.key, draft, races, runners)
    found = _divide(snapshot.runners, runners.columns, draft.races()) if made.plain else None
    if found is None or len(found.lines) != runners.lines:
        return made, {}
    return made, {mark: _known(made.days[day]) for day, mark in found.marks.items()}


def _parse_rest(snapshot: Snapshot, known: Mapping[bytes, _Known]) -> _Made | None:
    """Parse the days that are not known; None when the month has to be parsed whole."""
    races, runners = content.files(snapshot)
    draft = Draft(snapshot.key)
    draft.read_races(races)
    found = _divide(snapshot.runners, runners.columns, draft.races())
    if found is None:
        return None
    fresh = _Fresh(snapshot.key, found, {day for day, m in found.marks.items() if m not in known})
    draft.read_runners(fresh)
    made = content.summed_up(snapshot.key, draft, races, fresh.file)
    if not (fresh.whole and made.plain):
        return None
    days, counts = dict(made.days), Counter(found.days)
    learned: dict[bytes, _Known] = {}
    whole = functools.cache(lambda: content.parse(snapshot).days)
    for day, mark in found.marks.items():
        if mark in known:
            days[day] = _recalled(days[day], counts[day], known[mark], whole)
        learned[mark] = known.get(mark) or _known(days[day])
    keys = frozenset[str]().union(*(one.runner_keys for one in learned.values()))
    if len(keys) != len(found.lines):
        return None
    count: dict[Table, int] = {"runners": len(keys)}
    return replace(made, days=days, lines=made.lines | count, keys=made.keys | count), learned


class _Fresh:
    """The lines of some days, read as a file, with their numbers in the whole one."""

    def __init__(self, key: SegmentKey, found: _Lines, days: Container[dt.date]) -> None:
        self._numbers = [number for number, day in enumerate(found.days) if day in days]
        lines = (found.header, *(found.lines[number] for number in self._numbers), b"")
        self.file = TableFile("runners", key, tree.names(key).runners, b"\n".join(lines))

    def __iter__(self) -> Iterator[tuple[Line, tuple[str, ...]]]:
        for number, (line, row) in zip(self._numbers, self.file, strict=False):
            yield line._replace(number=number + _FIRST), row

    @property
    def whole(self) -> bool:
        """Whether each line was a record; known at the end."""
        return self.file.lines == len(self._numbers)


class _Unread(Mapping[str, Race]):
    """The races of a known day: their keys are known, they are read when somebody asks."""

    def __init__(self, keys: Collection[str], read: Callable[[], Mapping[str, Race]]) -> None:
        self._keys = keys
        self._read = read

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __getitem__(self, key: str) -> Race:
        return self._read()[key]


def _recalled(
    day: Day, runners: int, known: _Known, whole: Callable[[], Mapping[dt.date, Day]]
) -> Day:
    return replace(
        day,
        races=_Unread(day.races.keys(), lambda: whole()[day.day].races),
        lines=day.lines | {"runners": runners},
        digest=known.digest,
    )


def _known(day: Day) -> _Known:
    keys = (runner for race in day.races.values() for runner in race.runner_keys)
    return _Known(day.digest, frozenset(keys))


def _divide(data: bytes, columns: Columns, races: Mapping[dt.date, _Races]) -> _Lines | None:
    """Divide the lines of a file of runners by the days of their races, given by their cells.

    None when a glance does not tell the day of each line: one is blank, say, or has
    a quote before its key.
    """
    day_of = {row[_RACE_KEY].encode(): day for day, rows in races.items() for row in rows}
    header, newline, rest = data.partition(b"\n")
    if b'"' in header or not newline or rest.count(b"\n") > MAX_LINES:
        return None  # before they are divided: 60 MiB of newlines become a gigabyte
    lines = rest.split(b"\n")
    if lines.pop():
        return None
    days = [day for key in _race_keys(lines, columns) if (day := day_of.get(key)) is not None]
    if len(days) != len(lines):
        return None
    its: dict[dt.date, list[bytes]] = {day: [] for day in races}
    for day, line in zip(days, lines, strict=True):
        its[day].append(line)
    marks = {day: _mark(columns, races[day], its[day]) for day in races}
    return _Lines(header, lines, days, marks)


def _race_keys(lines: Iterable[bytes], columns: Columns) -> Iterator[bytes]:
    """Give the key of each line's race; nothing where it does not end before a quote."""
    at = columns.at[_OF_RACE]
    for line in lines:
        before = line.partition(b'"')[0].split(b",", at + 1)
        yield before[at] if len(before) > at + 1 else b""


def _mark(columns: Columns, races: _Races, lines: Iterable[bytes]) -> bytes:
    """Digest of all that a day is made of; no cell has a NUL, and their number comes first."""
    cells_of_all = "".join(f"{cell}\0" for row in races for cell in row)
    made = hashlib.sha256(f"{columns.width} {columns.at} {len(races)}\0{cells_of_all}".encode())
    made.update(b"\n".join(lines))
    return made.digest()
