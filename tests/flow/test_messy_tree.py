"""Every kind of dirty cell and line: what is in the database, and what `ingest_rejects` tells.

A cell that cannot be read is NULL and told; what means nothing is NULL without
a word; a line that cannot be loaded is told with its number, and the rows
around it are loaded.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.rows import class_row, dict_row

from giddyup_watch.demo import mess, tree, writers
from giddyup_watch.demo.mess import Spot
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import TABLES, SegmentKey, Table
from giddyup_watch.source import cells
from tests import server
from tests.flow import loading

WORLD = World(seed=2, volume=0.3)
MONTHS = tree.months("2024-04", "2024-06")

COUNTED = "the number of its runners"
STRIPPED = "the text without the spaces around it"
UPPER = "the text in upper case"

#: What the database has for each kind of cell that can be read, or means nothing.
STORED: dict[str, Any] = {
    "pounds and thousands": 4320.5,
    "euros with a space": 1000.0,
    "dollars": 250.0,
    "thousands in a volume": 1234567.89,
    "hyphen for no rating": None,
    "en dash for no rating": None,
    "em dash for no draw": None,
    "whole number with a decimal": 12,
    "no starting price": None,
    "no price": None,
    "empty horse": None,
    "apostrophe and accents": "L'Été D'Élan (FR)",
    "full stops": "St. Mac's Mr. Button",
    "spaces around a name": STRIPPED,
    "line break in a comment": "Led, headed\nfound nothing",
    "quotes and commas": 'Rider said "never" – twice, then left',  # noqa: RUF001
    "end of copy": "\\.",
    "tabs and backslashes": "up\tfront \\N then \\t beaten",
    "left at the start": "LFT",
    "spaces in an empty cell": None,
    "quarter past two in the afternoon": dt.time(14, 15),
    "padded quarter past two": dt.time(14, 15),
    "24 hours clock": dt.time(14, 15),
    "seconds in a time": dt.time(14, 15, 30),
    "morning": dt.time(11, 5),
    "no off time": None,
    "furlongs with their unit": 8.5,
    "thousands of metres": 1609,
    "no count of runners": COUNTED,
    "region in lower case": UPPER,
    "dash for no class": None,
    "course with spaces around": STRIPPED,
}

#: The reason told for each kind of cell that cannot be read.
CLEANED = {
    "words for an age": "not a whole number",
    "half a rating": "not a whole number",
    "rating beyond integer": "out of range",
    "underscore in a number": "not a whole number",
    "stones for pounds": "not a whole number",
    "no number": "not a number",
    "infinite": "not a number",
    "minutes in seconds": "not a number",
    "a distance in words": "not a number",
    "a vulgar fraction": "not a number",
    "a price no market has": "a price between 1.0 and 1.01",
    "fractional odds": "not a number",
    "no time of day": "not a time of day",
    "full stop in a time": "not a time of day",
    "miles for furlongs": "not a number",
    "unreadable count of runners": "not a whole number",
}


class Told(NamedTuple):
    """Of a line that is not loaded: its reason, and whether the day is known."""

    reason: str
    dated: bool


REJECTED = {
    "date of another year": Told("date is outside", dated=False),
    "british date": Told("date is not a date like 2024-01-31", dated=False),
    "region of another folder": Told("region is not that of the folder", dated=True),
    "no course": Told("course is empty", dated=True),
    "no race key": Told("race_key is empty", dated=True),
    "course longer than an index bears": Told("course is longer than", dated=True),
    "race line too short": Told("6 fields where the header has 18", dated=False),
    "race line too long": Told("19 fields where the header has 18", dated=False),
    "NUL in a race": Told("a NUL byte", dated=False),
    "bad UTF-8 in a race": Told("bytes that are not UTF-8", dated=False),
    "runner of no race": Told("no race has its race_key", dated=False),
    "runner without a race key": Told("race_key is empty", dated=False),
    "no runner key": Told("runner_key is empty", dated=True),
    "runner line too short": Told("6 fields where the header has 51", dated=False),
    "runner line too long": Told("52 fields where the header has 51", dated=False),
    "NUL in a runner": Told("a NUL byte", dated=False),
    "bad UTF-8 in a runner": Told("bytes that are not UTF-8", dated=False),
    "quote never closed": Told("not CSV", dated=False),
    "end of copy as a line": Told("1 fields where the header has 51", dated=False),
}


@dataclass(frozen=True)
class Reject:
    region: str
    code: str
    month: dt.date
    d: dt.date | None
    file: str
    line: int
    column_name: str | None
    value: str
    reason: str

    @property
    def table(self) -> Table:
        return "races" if self.file.startswith("races_") else "runners"

    @property
    def key(self) -> SegmentKey:
        return SegmentKey(self.region, self.code, f"{self.month:%Y-%m}")


@dataclass(frozen=True)
class Loaded:
    """A messy tree that was loaded in one run."""

    master: Path
    built: tree.Built
    conn: psycopg.Connection[Any]

    def spots(self, kind: str) -> list[tuple[SegmentKey, Spot]]:
        found = [(key, s) for key, spots in self.built.dirt.items() for s in spots]
        return [(key, spot) for key, spot in found if spot.kind == kind]

    @cached_property
    def rows(self) -> dict[Table, dict[str, dict[str, Any]]]:
        """Everything in the fact tables by key, names in the place of their ids."""
        races = """
          SELECT r.*, course_name AS course
          FROM racing.races r LEFT JOIN racing.courses USING (course_id)
        """
        runners = """
          SELECT n.*, horse_name AS horse, jockey_name AS jockey
          FROM racing.runners n
          LEFT JOIN racing.horses USING (horse_id) LEFT JOIN racing.jockeys USING (jockey_id)
        """
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return {
                "races": {row["race_key"]: row for row in cursor.execute(races)},
                "runners": {row["runner_key"]: row for row in cursor.execute(runners)},
            }

    @cached_property
    def rejects(self) -> list[Reject]:
        columns = ", ".join(Reject.__dataclass_fields__)
        with self.conn.cursor(row_factory=class_row(Reject)) as cursor:
            return cursor.execute(f"SELECT {columns} FROM racing.ingest_rejects").fetchall()

    @cached_property
    def stats(self) -> dict[str, int]:
        found: dict[str, int] = self.conn.execute("SELECT stats FROM racing.etl_runs").fetchall()[
            0
        ][0]
        return found

    def line(self, reject: Reject) -> str:
        """The physical line that the reject names."""
        path = writers.paths(self.master, reject.key)[reject.table]
        assert path.name == reject.file
        data = path.read_bytes().decode(errors="surrogateescape")
        return data.split("\n")[reject.line - 1].rstrip("\r")

    def told(self, key: SegmentKey, spot: Spot) -> list[Reject]:
        """The rejects of cells in the spot's row."""
        ours = [r for r in self.rejects if (r.key, r.table) == (key, spot.table) and r.column_name]
        return [reject for reject in ours if spot.key in self.line(reject)]

    def stored(self, spot: Spot) -> Any:
        """What the database has in the spot's cell."""
        names = {column.csv: column.column for column in cells.COLUMNS[spot.table]}
        row = self.rows[spot.table][spot.key]
        return row[spot.column if spot.column in row else names[str(spot.column)]]

    def field_size(self, race_key: str) -> int:
        race_id = self.rows["races"][race_key]["race_id"]
        return sum(row["race_id"] == race_id for row in self.rows["runners"].values())


@pytest.fixture(scope="module")
def loaded(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    master = tmp_path_factory.mktemp("master")
    built = tree.build(master, WORLD, tree.segments(MONTHS), messy=True)
    outcomes = loading.load(module_database, master)
    assert {outcome.result for outcome in outcomes} == {"loaded"}
    with closing(psycopg.connect(server.as_owner(module_database), autocommit=True)) as conn:
        yield Loaded(master, built, conn)


def test_every_kind_of_dirt_is_asserted_here() -> None:
    assert STORED.keys() | CLEANED.keys() == {cell.kind for cell in mess.CELLS}
    assert REJECTED.keys() == {line.kind for line in mess.LINES}


@pytest.mark.parametrize("kind", STORED)
def test_cell_is_stored(loaded: Loaded, kind: str) -> None:
    spots = loaded.spots(kind)
    assert spots
    for key, spot in spots:
        expected = STORED[kind]
        if expected == COUNTED:
            expected = loaded.field_size(spot.key)
        elif expected == STRIPPED:
            expected = spot.text.strip()
        elif expected == UPPER:
            expected = spot.text.upper()
        assert loaded.stored(spot) == expected, (key, spot)
        assert loaded.told(key, spot) == []


@pytest.mark.failure(line=13)
@pytest.mark.parametrize("kind", CLEANED)
def test_unreadable_cell_is_null_and_told(loaded: Loaded, kind: str) -> None:
    spots = loaded.spots(kind)
    assert spots
    for key, spot in spots:
        expected = loaded.field_size(spot.key) if spot.column == "ran" else None
        assert loaded.stored(spot) == expected, (key, spot)
        (told,) = loaded.told(key, spot)
        names = {column.csv: column.column for column in cells.COLUMNS[spot.table]}
        assert told.column_name == names[str(spot.column)]
        assert (told.value, told.reason) == (spot.text, CLEANED[kind])
        assert told.d == dt.date.fromisoformat(spot.day)


@pytest.mark.failure(line=13)
@pytest.mark.parametrize("kind", REJECTED)
def test_bad_line_is_told_with_its_number(loaded: Loaded, kind: str) -> None:
    spots = loaded.spots(kind)
    assert spots
    for key, spot in spots:
        (told,) = (
            reject
            for reject in loaded.rejects
            if (reject.key, reject.table, reject.column_name) == (key, spot.table, None)
            and loaded.line(reject) == spot.text.rstrip("\r\n")
        )
        assert told.reason.startswith(REJECTED[kind].reason)
        assert told.d == (dt.date.fromisoformat(spot.day) if REJECTED[kind].dated else None)
        assert spot.key in loaded.rows[spot.table], "the good row beside it is loaded"


@pytest.mark.failure(line=15)
def test_the_later_of_two_lines_with_one_key_wins(loaded: Loaded) -> None:
    for kind in (mess.TWIN_RACE, mess.TWIN_RUNNER):
        spots = loaded.spots(kind)
        assert spots
        assert all(loaded.stored(spot) != mess.OUTDATED for _, spot in spots)
        assert loaded.stats[f"{spots[0][1].table}_duplicate"] == len(spots)


def test_a_race_under_two_keys_is_there_twice(loaded: Loaded) -> None:
    spots = loaded.spots(mess.OLD_KEY)
    assert spots
    for _, spot in spots:
        old, new = (loaded.rows["races"][key] for key in (spot.text, spot.key))
        place = ("race_date", "course_id", "off_time")
        assert [old[name] for name in place] == [new[name] for name in place]
        assert loaded.field_size(spot.text) == loaded.field_size(spot.key)


def test_nothing_else_is_told(loaded: Loaded) -> None:
    kinds = Counter(s.kind for spots in loaded.built.dirt.values() for s in spots)
    wanted = sum(kinds[kind] for kind in (*CLEANED, *REJECTED))
    assert len(loaded.rejects) == wanted


@pytest.mark.failure(line=13)
def test_every_line_is_accounted_for(loaded: Loaded) -> None:
    lines = {"races": loaded.built.races, "runners": loaded.built.runners}
    parts = ("inserted", "updated", "unchanged", "rejected", "duplicate", "held")
    for table in TABLES:
        assert loaded.stats[f"{table}_read"] == lines[table]
        assert loaded.stats[f"{table}_read"] == sum(loaded.stats[f"{table}_{p}"] for p in parts)
        assert loaded.stats[f"{table}_inserted"] == len(loaded.rows[table])
    assert loaded.stats["cells_cleaned"] == sum(r.column_name is not None for r in loaded.rejects)


def test_a_clean_tree_has_nothing_to_tell(database: str, master: Path) -> None:
    built = tree.build(master, WORLD, tree.segments(MONTHS[:1]))
    loading.load(database, master)
    with closing(psycopg.connect(server.as_owner(database))) as conn:
        assert conn.execute("SELECT * FROM racing.ingest_rejects").fetchall() == []
        counts = conn.execute(
            "SELECT (SELECT count(*) FROM racing.races), (SELECT count(*) FROM racing.runners)"
        ).fetchone()
    assert counts == (built.races, built.runners)
