"""Lines become races and runners, duplicates or rejects; each is counted on its day."""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from giddyup_watch import model
from giddyup_watch.model import TABLES, Reject, SegmentKey, Table
from giddyup_watch.source import cells, rows
from giddyup_watch.source.records import SHOWN, Line
from giddyup_watch.source.rows import Day, Race, Runner
from giddyup_watch.source.tables import TableFile

_KEY = cells.position("races", "race_key")
_DATE = cells.position("races", "date")
_REGION = cells.position("races", "region")
_COURSE = cells.position("races", "course")
_TYPE = cells.position("races", "type")
_OF_RACE = cells.position("runners", "race_key")
_RUNNER_KEY = cells.position("runners", "runner_key")
_POS = cells.position("runners", "pos")

_RACE_REQUIRED = tuple(
    (cells.position("races", name), name)
    for name in ("date", "region", "course", "race_name", "type", "race_key")
)
_RACE_NAMES = ((_COURSE, "course"), (_TYPE, "type"), (_KEY, "race_key"))
_RUNNER_NAMES = ((_RUNNER_KEY, "runner_key"),)

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class _Fault(NamedTuple):
    """Why a line is rejected, and the cell that is to blame when there is one."""

    reason: str
    cell: str = ""


class _Found(NamedTuple):
    """A valid line."""

    line: int
    day: dt.date
    cells: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """What the lines of one day became."""

    lines: Counter[Table] = field(default_factory=Counter)
    duplicates: Counter[Table] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)


class Draft:
    """A segment's days in the making: races are read first, then runners, then `days` is asked."""

    def __init__(self, key: SegmentKey) -> None:
        self._key = key
        self._dates = _month_dates(key)
        self._tallies: defaultdict[dt.date | None, _Tally] = defaultdict(_Tally)
        self._races: dict[str, _Found] = {}
        self._runners: dict[str, _Found] = {}
        self._rejected: dict[str, dt.date | None] = {}  # keys of rejected races, and their day

    @property
    def undated(self) -> list[Reject]:
        return self._tallies[None].rejects

    @property
    def duplicates(self) -> dict[Table, int]:
        tallies = self._tallies.values()
        return {table: sum(tally.duplicates[table] for tally in tallies) for table in TABLES}

    @property
    def misfiled(self) -> int:
        """Number of races that another folder is for."""
        return sum(not _belongs(race.cells[_TYPE], self._key.code) for race in self._races.values())

    def races(self) -> dict[dt.date, list[tuple[str, ...]]]:
        """Return the cells of the valid races, by day, in the order of the file."""
        found: defaultdict[dt.date, list[tuple[str, ...]]] = defaultdict(list)
        for race in self._races.values():
            found[race.day].append(race.cells)
        return found

    def read_races(self, file: TableFile) -> None:
        for line, row in file:
            if line.problem:
                self._reject("races", line, None, _Fault(line.problem))
                self._rejected.update(dict.fromkeys(file.guess_keys(line)))
            elif fault := self._race_fault(row):
                day = self._rejected[row[_KEY]] = self._dates.get(row[_DATE])
                self._reject("races", line, day, fault)
            else:
                found = _Found(line.number, self._dates[row[_DATE]], row)
                self._keep("races", self._races, row[_KEY], found)

    def read_runners(self, file: Iterable[tuple[Line, tuple[str, ...]]]) -> None:
        for line, row in file:
            if line.problem:
                self._reject("runners", line, None, _Fault(line.problem))
            elif (race := self._races.get(row[_OF_RACE])) is None:
                self._stray(line, row[_OF_RACE])
            elif fault := _runner_fault(row):
                self._reject("runners", line, race.day, fault)
            else:
                found = _Found(line.number, race.day, row)
                self._keep("runners", self._runners, row[_RUNNER_KEY], found)

    def days(self) -> dict[dt.date, Day]:
        """Join what was read; every day that a line could be dated to is there."""
        races: dict[dt.date, dict[str, Race]] = defaultdict(dict)
        runners = self._runners_by_race()
        for key, found in self._races.items():
            races[found.day][key] = _race(key, found, runners.get(key, []))
        return {
            day: _day(day, races[day], tally)
            for day, tally in sorted(self._tallies.items(), key=lambda item: item[0] or dt.date.min)
            if day is not None
        }

    def _runners_by_race(self) -> dict[str, list[Runner]]:
        runners = defaultdict(list)
        for key, found in self._runners.items():
            row = found.cells
            runners[row[_OF_RACE]].append(Runner(found.line, key, row[_POS], row))
        return runners

    def _keep(self, table: Table, kept: dict[str, _Found], key: str, found: _Found) -> None:
        """Take a valid line; an earlier one with its key becomes a duplicate of its own day."""
        self._tallies[found.day].lines[table] += 1
        before = kept.pop(key, None)
        if before is not None:
            self._tallies[before.day].duplicates[table] += 1
        kept[key] = found

    def _stray(self, line: Line, race_key: str) -> None:
        """Reject a runner without a race; for a rejected race it is not counted again."""
        if not race_key:
            self._reject("runners", line, None, _Fault("race_key is empty"))
        elif race_key in self._rejected:
            fault = _Fault("its race was rejected", race_key)
            self._reject("runners", line, self._rejected[race_key], fault, counts=False)
        else:
            self._reject("runners", line, None, _Fault("no race has its race_key", race_key))

    def _reject(
        self, table: Table, line: Line, day: dt.date | None, fault: _Fault, *, counts: bool = True
    ) -> None:
        tally = self._tallies[day]
        tally.lines[table] += 1
        value = fault.cell[:SHOWN] or line.text
        tally.rejects.append(Reject(table, line.number, day, None, value, fault.reason, counts))

    def _race_fault(self, row: tuple[str, ...]) -> _Fault | None:
        for index, name in _RACE_REQUIRED:
            if not row[index]:
                return _Fault(f"{name} is empty")
        if row[_DATE] not in self._dates:
            readable = _ISO_DATE.fullmatch(row[_DATE])
            why = f"outside {self._key.month}" if readable else "not a date like 2024-01-31"
            return _Fault(f"date is {why}", row[_DATE])
        if row[_REGION].lower() != self._key.region.lower():
            return _Fault(f"region is not that of the folder {self._key.region}", row[_REGION])
        return _too_long(row, _RACE_NAMES)


def _runner_fault(row: tuple[str, ...]) -> _Fault | None:
    if not row[_RUNNER_KEY]:
        return _Fault("runner_key is empty")
    return _too_long(row, _RUNNER_NAMES)


def _too_long(row: tuple[str, ...], columns: Sequence[tuple[int, str]]) -> _Fault | None:
    """Find a cell that a row cannot be without and the database's indexes cannot hold."""
    for index, name in columns:
        if len(row[index]) > cells.MAX_NAME:
            return _Fault(f"{name} is longer than {cells.MAX_NAME} characters", row[index])
    return None


def _month_dates(key: SegmentKey) -> dict[str, dt.date]:
    """Every day of the month by its ISO text: no other date can be one of the segment's."""
    count = (key.next_month - key.first_day).days
    days = (key.first_day + dt.timedelta(days=n) for n in range(count))
    return {day.isoformat(): day for day in days}


def _belongs(race_type: str, code: str) -> bool:
    """Whether a folder is named as the race's type, or for the code that the type is of."""
    return code in (race_type.lower(), model.code_of(race_type))


def _race(key: str, found: _Found, runners: list[Runner]) -> Race:
    row = found.cells
    digest = rows.race_digest(row, runners)
    return Race(found.line, key, found.day, row[_COURSE], row[_TYPE], row, runners, digest)


def _day(day: dt.date, races: dict[str, Race], tally: _Tally) -> Day:
    lines: dict[Table, int] = {table: tally.lines[table] for table in TABLES}
    duplicates: dict[Table, int] = {table: tally.duplicates[table] for table in TABLES}
    digest = rows.day_digest(races, tally.rejects, duplicates)
    return Day(day, races, tally.rejects, lines, duplicates, digest)
