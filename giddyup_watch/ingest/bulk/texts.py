"""Races and runners as COPY reads them, with the names apart that stand for keys in the database.

A name stands as its place in the list of its kind, which is in the order of the files: the
spelling first seen is the one that stays.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress

from giddyup_watch.model import LedgerRace, Reject, Table
from giddyup_watch.source import cells, columns
from giddyup_watch.source.cells import OffTimes
from giddyup_watch.source.columns import Unreadable
from giddyup_watch.source.content import Race, Runner

#: A name; a region with a course in it; sire, dam and damsire.
Name = str | tuple[str, ...]

PEOPLE = ("horse", "trainer", "jockey", "owner")
PARENTS = ("sire", "dam", "damsire")
#: Where a row has no name: the last place of a list of keys, which is NULL.
NOBODY = -1

_RACE_FIELDS = tuple(c.column for c in cells.RACE_COLUMNS if c.column != "course")
_RUNNER_FIELDS = tuple(
    c.column
    for c in cells.RUNNER_COLUMNS
    if c.column != "race_key" and c.column not in PEOPLE + PARENTS
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(slots=True)
class Named:
    """Names of one kind, each once, and for each row the place of the one it has."""

    names: dict[Name, int] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)

    def add(self, given: Iterable[Name], nobody: Name = "") -> None:
        names, places = self.names, self.places
        for name in given:
            places.append(NOBODY if name == nobody else names.setdefault(name, len(names)))


@dataclass(slots=True)
class Lines:
    """The rows of a month. `of_race` has for each runner the place of its race."""

    races: list[str] = field(default_factory=list)
    courses: Named = field(default_factory=Named)
    runners: list[str] = field(default_factory=list)
    of_race: list[int] = field(default_factory=list)
    people: dict[str, Named] = field(default_factory=lambda: {kind: Named() for kind in PEOPLE})
    parents: Named = field(default_factory=Named)

    def add(
        self, races: Iterable[Race], wanted: Collection[str], off_times: OffTimes
    ) -> list[Reject]:
        """Add of a segment's races the wanted ones, with their runners.

        Return the cells that became null, of all of them: what is told of a day is of the whole.
        """
        races = sorted(races, key=lambda race: race.line)
        runners = [(runner, race) for race in races for runner in race.runners]
        runners.sort(key=lambda pair: pair[0].line)
        before = len(self.races)
        cleaned = self._add_races(races, wanted, off_times) if races else []
        places: dict[str, int] = {}
        for race in races:
            if race.key in wanted:
                places[race.key] = before + len(places)
        return cleaned + (self._add_runners(runners, places, off_times) if runners else [])

    def _add_races(
        self, races: Sequence[Race], wanted: Collection[str], off_times: OffTimes
    ) -> list[Reject]:
        made, unreadable = columns.clean("races", [race.cells for race in races], off_times)
        texts = dict(zip((c.column for c in cells.RACE_COLUMNS), made, strict=True))
        texts["ran"] = [
            ran or str(len(race.runners)) for ran, race in zip(texts["ran"], races, strict=True)
        ]
        chosen = [race.key in wanted for race in races]
        self.races += compress(_joined([texts[name] for name in _RACE_FIELDS]), chosen)
        courses = zip(texts["region"], texts["course"], strict=True)
        self.courses.add(compress(courses, chosen))
        return [
            _reject("races", one, races[one.row].line, races[one.row].day) for one in unreadable
        ]

    def _add_runners(
        self, runners: Sequence[tuple[Runner, Race]], places: dict[str, int], off_times: OffTimes
    ) -> list[Reject]:
        rows = [runner.cells for runner, _ in runners]
        made, unreadable = columns.clean("runners", rows, off_times)
        texts = dict(zip((c.column for c in cells.RUNNER_COLUMNS), made, strict=True))
        dates = [race.day.isoformat() for _, race in runners]
        chosen = [race.key in places for _, race in runners]
        fields = [dates, *(texts[name] for name in _RUNNER_FIELDS)]
        self.runners += compress(_joined(fields), chosen)
        self.of_race += (places[race.key] for _, race in runners if race.key in places)
        for kind, named in self.people.items():
            named.add(compress(texts[kind], chosen))
        parents = zip(*(texts[name] for name in PARENTS), strict=True)
        self.parents.add(compress(parents, chosen), nobody=("", "", ""))
        return [
            _reject("runners", one, runners[one.row][0].line, runners[one.row][1].day)
            for one in unreadable
        ]


def provenance(race: LedgerRace) -> tuple[str, ...]:
    """Return the cells of a row of `racing.ledger_races`."""
    runners = ",".join(f'"{_quoted(key)}"' for key in race.runner_keys)
    return (
        race.key.region.translate(_ESCAPES),
        race.key.code.translate(_ESCAPES),
        race.day.isoformat(),
        race.race_key.translate(_ESCAPES),
        "" if race.digest is None else rf"\\x{race.digest.hex()}",
        str(race.rank),
        str(race.owned),
        str(race.in_file),
        f"{{{runners}}}".translate(_ESCAPES),
    )


def _quoted(key: str) -> str:
    """Return the key as it stands between quotes in an array."""
    return key.replace("\\", "\\\\").replace('"', '\\"')


def _joined(fields: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give the lines of these columns, in COPY's text format with "" for NULL."""
    tabs = len(fields) - 1
    for row in zip(*fields, strict=True):
        line = "\t".join(row)
        if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != tabs:
            line = "\t".join(cell.translate(_ESCAPES) for cell in row)
        yield line


def _reject(table: Table, one: Unreadable, line: int, day: dt.date) -> Reject:
    shown = one.cell[: cells.MAX_SHOWN]
    return Reject(table, line, day, one.column, shown, one.reason, counts=False)
