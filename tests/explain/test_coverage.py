"""Coverage: each day of a region and code in the state it is in, with the reason."""

import datetime as dt
import shutil

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.explain import coverage
from giddyup_watch.explain.cells import STATES, Cell
from giddyup_watch.explain.coverage import Coverage
from giddyup_watch.gaps.check import Ask
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import facts, incidents
from giddyup_watch.store.incidents import Sighting
from tests.explain.conftest import TERMS
from tests.ingest.conftest import (
    CODES,
    DAY,
    FLAT,
    JUMPS,
    NEXT_DAY,
    REGIONS,
    Bench,
    broken_races,
    race,
    together,
)

YEAR = 2024
#: Long after the files of a test were written.
LATER = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
FIELD = ("a1", "a2", "a3")


def read(bench: Bench, now: dt.datetime = LATER, *, tree: bool = True) -> Coverage:
    disk = Inventory()
    if tree:
        look = layout.look(bench.master, REGIONS, CODES)
        disk.update(bench.master, coverage.within(look, YEAR))
    return coverage.read(Ask(bench.conn, TERMS, now, (), disk if tree else None), YEAR)


def cell(bench: Bench, day: str, folder: str = "gb/flat", *, tree: bool = True) -> Cell:
    (found,) = (
        one
        for calendar in read(bench, tree=tree).calendars
        if f"{calendar.region}/{calendar.code}" == folder
        for one in calendar.cells
        if one.day == dt.date.fromisoformat(day)
    )
    return found


def state(bench: Bench, day: str, folder: str = "gb/flat") -> tuple[str, str]:
    found = cell(bench, day, folder)
    return found.state, found.reason


@pytest.fixture
def loaded(bench: Bench) -> None:
    """Two races on one day and one on the next, by a writer that claims just those days."""
    card = together(race("a", FIELD), race("b", ("b1",)), race("c", ("c1",), day=NEXT_DAY))
    writers.AppendWriter(bench.master).append(FLAT, card)
    assert bench.load(FLAT).result == "loaded"


def test_a_day_that_is_loaded(bench: Bench, loaded: None) -> None:
    assert cell(bench, DAY) == Cell(dt.date.fromisoformat(DAY), "loaded", "", 2, 2)
    assert state(bench, "2024-06-07") == ("none", "")
    found = read(bench)
    assert [f"{one.region}/{one.code}" for one in found.calendars] == [
        "gb/flat", "gb/jumps", "ire/flat", "ire/jumps",
    ]  # fmt: skip
    assert [len(one.cells) for one in found.calendars] == [366] * 4
    assert found.calendars[0].totals == dict.fromkeys(STATES, 0) | {
        "loaded": 2, "no_racing": 2, "none": 362,
    }  # fmt: skip


def test_a_race_counts_by_its_type_in_whatever_folder(bench: Bench) -> None:
    bench.put(JUMPS, together(race("a", FIELD), race("h", ("h1",), kind="Hurdle")))
    assert state(bench, DAY)[0] == "missing"
    bench.load(JUMPS)
    assert cell(bench, DAY) == Cell(dt.date.fromisoformat(DAY), "loaded", "", 1, 1)
    assert state(bench, DAY, "gb/jumps") == ("loaded", "")


def test_a_race_in_two_folders_is_loaded_once_and_that_is_whole(bench: Bench, loaded: None) -> None:
    bench.put(JUMPS, together(race("a", FIELD), race("h", ("h1",), kind="Hurdle")))
    bench.load(JUMPS)
    assert cell(bench, DAY) == Cell(dt.date.fromisoformat(DAY), "loaded", "", 3, 2)


def test_a_day_without_racing(bench: Bench, loaded: None) -> None:
    manifest = layout.paths(bench.master, FLAT).manifest
    edits.rewrite_text(manifest, f'"{DAY}"'.encode(), f'"{DAY}", "2024-06-14"'.encode())
    assert state(bench, "2024-06-14") == ("no_racing", "processed, and no racing found")
    assert state(bench, "2024-12-25") == ("no_racing", "a blank day")


def test_a_day_on_disk_that_was_never_loaded(bench: Bench) -> None:
    bench.put(FLAT, race("a", FIELD))
    reason = "1 races on disk are not loaded: gb/flat/2024-06 was never loaded"
    assert state(bench, DAY) == ("missing", reason)


def test_a_day_that_came_a_moment_ago(bench: Bench) -> None:
    bench.put(FLAT, race("a", FIELD))
    found = read(bench, dt.datetime.now(dt.UTC)).calendars[0]
    assert found.totals["pending"] == 1


def test_a_day_between_those_that_the_manifest_claims(bench: Bench, loaded: None) -> None:
    """The racing calendar says what should be there; here by the rule of skipped days."""
    manifest = layout.paths(bench.master, FLAT).manifest
    claims = ", ".join(f'"2024-06-{day:02}"' for day in range(1, 30) if day not in (5, 14))
    edits.rewrite_text(manifest, f'"{DAY}"'.encode(), f'"{DAY}", {claims}'.encode())
    found = state(bench, "2024-06-14")
    assert found[0] == "missing"
    assert "gb/flat: 2024-06-14 was never scraped" in found[1]
    assert state(bench, "2024-06-14", "gb/jumps") == ("none", "")
    assert state(bench, "2024-06-13")[0] == "no_racing"


def test_a_day_that_was_found_missing_is_told_without_a_tree(bench: Bench, loaded: None) -> None:
    day, said = dt.date(2024, 6, 14), "racing is expected"
    name, key = "missing_days", "gb/2024-06-14"
    incidents.record(bench.conn, [Sighting(name, name, key, "warning", "gb", None, day, said, {})])
    for folder in ("gb/flat", "gb/jumps"):
        missing = cell(bench, "2024-06-14", folder, tree=False)
        assert (missing.state, missing.reason) == ("missing", said)
    assert cell(bench, "2024-06-14", "ire/flat", tree=False).state == "none"


def test_a_day_of_which_more_came(bench: Bench, loaded: None) -> None:
    writers.AppendWriter(bench.master).append(FLAT, race("d", ("d1",)))
    reason = "1 races on disk are not loaded: gb/flat/2024-06 has changed since"
    assert state(bench, DAY) == ("partly", reason)
    assert state(bench, NEXT_DAY) == ("loaded", "")


def test_a_day_of_which_rows_are_gone(bench: Bench, loaded: None) -> None:
    bench.conn.execute("DELETE FROM racing.races WHERE race_key IN ('b', 'c')")
    reason = "1 races that were loaded are no longer in the database"
    assert state(bench, DAY) == ("partly", reason)
    assert state(bench, NEXT_DAY) == ("missing", reason)


def test_a_held_day(bench: Bench, loaded: None) -> None:
    bench.put(FLAT, together(race("x", ("x1",)), broken_races(4)))
    bench.load(FLAT)
    found = state(bench, DAY)
    assert found[0] == "held"
    assert found[1].startswith("gb/flat/2024-06: rejects: 4 of")


def test_a_segment_held_by_its_columns(bench: Bench) -> None:
    bench.put(FLAT, race("a", FIELD, going="Good"))
    bench.load(FLAT)
    edits.rewrite_text(layout.paths(bench.master, FLAT).races, b"going,", b"ground,")
    bench.load(FLAT)
    found = state(bench, DAY)
    assert found[0] == "held"
    assert "columns: the header lacks columns" in found[1]


def test_a_folder_that_is_gone(bench: Bench, loaded: None) -> None:
    shutil.rmtree(layout.paths(bench.master, FLAT).folder)
    bench.put(JUMPS, race("h", ("h1",), kind="Hurdle"))
    bench.load(FLAT, JUMPS)
    reason = "gone from disk, the 2 races loaded from gb/flat/2024-06 are kept"
    assert state(bench, DAY) == ("held", reason)


def test_a_day_with_rejected_lines(bench: Bench) -> None:
    bench.put(FLAT, together(race("a", FIELD), broken_races(1)))
    bench.load(FLAT)
    assert state(bench, DAY) == ("rejected", "1 lines could not be loaded")


def test_a_refused_folder_says_so_on_each_of_its_days(bench: Bench) -> None:
    bench.put(FLAT, race("a", FIELD))
    edits.rewrite_text(layout.paths(bench.master, FLAT).races, b"course,", b"venue,")
    bench.load(FLAT)
    found = state(bench, DAY)
    assert found[0] == "missing"
    assert "required and missing: course" in found[1]


@pytest.mark.parametrize(
    ("as_it_is", "said"),
    [("failed", "failed: no space left"), ("parked", "parked: no space left")],
)
def test_why_a_segment_was_not_loaded(bench: Bench, as_it_is: str, said: str) -> None:
    bench.put(FLAT, race("a", FIELD))
    bench.conn.execute(
        "INSERT INTO racing.ledger_segments (region, code, month, state, reason)"
        " VALUES ('gb', 'flat', '2024-06-01', %s, 'no space left')",
        (as_it_is,),
    )
    assert said in state(bench, DAY)[1]


def test_without_a_tree_the_database_speaks_alone(bench: Bench, loaded: None) -> None:
    assert cell(bench, DAY, tree=False) == Cell(dt.date.fromisoformat(DAY), "loaded", "", 0, 2)
    assert not read(bench, tree=False).tree


def test_rows_of_others_are_rows(bench: Bench) -> None:
    facts.ensure_month(bench.conn, FLAT.first_day)
    bench.conn.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('theirs', %s, 'IRE', 'Theirs', 'NH Flat', 5)",
        (DAY,),
    )
    assert state(bench, DAY, "ire/jumps") == ("loaded", "")


def test_other_years_are_not_read(bench: Bench) -> None:
    bench.put(SegmentKey("gb", "flat", "2023-06"), race("a", FIELD, day="2023-06-05"))
    look = layout.look(bench.master, REGIONS, CODES)
    assert coverage.within(look, YEAR).segments == {}
    assert list(coverage.within(look, 2023).segments) == [SegmentKey("gb", "flat", "2023-06")]
