"""What ledger and disk say: each check silent about a good tree, and speaking about a bad one."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from giddyup_watch.demo import edits
from giddyup_watch.gaps.check import Finding
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store import control, ledger
from giddyup_watch.store.connection import Connection
from tests.gaps.yard import Yard
from tests.ingest.conftest import (
    DAY,
    FLAT,
    JUMPS,
    NEXT_DAY,
    broken_races,
    race,
    together,
)

AT_ONCE = dt.timedelta(0)
FIFTH, SIXTH = f"gb/flat/{DAY}", f"gb/flat/{NEXT_DAY}"
MINE = ("not_loaded", "held_days", "rejected_rows", "misfiled_races", "count_mismatch")
TWO_DAYS = together(
    race("one", ["a", "b"]), race("two", ["c", "d"]), race("three", ["e", "f"], day=NEXT_DAY)
)


@pytest.fixture
def yard(conn: Connection, tmp_path: Path) -> Yard:
    master = tmp_path / "master"
    master.mkdir()
    return Yard(conn, master)


@pytest.fixture
def loaded(yard: Yard) -> Yard:
    yard.put(FLAT, TWO_DAYS)
    assert yard.load(FLAT).result == "loaded"
    return yard


def broken_header(yard: Yard, key: SegmentKey = FLAT) -> None:
    edits.rewrite_text(layout.paths(yard.master, key).runners, b"runner_key", b"runner")


def only(found: dict[str, Finding]) -> Finding:
    (one,) = found.values()
    return one


@pytest.mark.parametrize("name", MINE)
def test_a_loaded_tree_is_well(loaded: Yard, name: str) -> None:
    assert loaded.findings(name) == {}


@pytest.mark.parametrize("name", MINE)
def test_an_empty_tree_and_database_are_well(yard: Yard, name: str) -> None:
    assert yard.findings(name) == {}


# not_loaded


def test_days_on_disk_that_nobody_loads_are_found_a_minute_later(yard: Yard) -> None:
    yard.put(FLAT, TWO_DAYS)
    assert yard.findings("not_loaded", after=AT_ONCE) == {}
    found = yard.findings("not_loaded")
    assert sorted(found) == [FIFTH, SIXTH]
    assert found[FIFTH].item == {
        "region": "gb", "code": "flat", "date": DAY, "races": 2, "state": "unknown",
    }  # fmt: skip
    assert (found[FIFTH].severity, found[FIFTH].day) == ("critical", dt.date.fromisoformat(DAY))


def test_a_segment_may_wait_ten_minutes_in_the_queue(yard: Yard) -> None:
    yard.put(FLAT, TWO_DAYS)
    yard.waiting = {FLAT: 600}
    assert yard.findings("not_loaded") == {}
    yard.waiting = {FLAT: 601}
    assert "10 minutes in the queue" in yard.findings("not_loaded")[FIFTH].text


def test_an_open_gap_is_not_excused_by_the_queue(yard: Yard) -> None:
    yard.put(FLAT, TWO_DAYS)
    assert len(yard.round("not_loaded").opened) == 2
    yard.waiting = {FLAT: 1.0}
    after = yard.round("not_loaded")
    assert (after.resolved, len(after.unresolved)) == ((), 2)
    yard.load(FLAT)
    assert len(yard.round("not_loaded").resolved) == 2


def test_a_new_day_of_a_segment_that_is_loaded_is_found(loaded: Yard) -> None:
    loaded.put(FLAT, together(TWO_DAYS, race("four", ["g"], day="2024-06-07")))
    assert loaded.findings("not_loaded", after=AT_ONCE) == {}
    assert list(loaded.findings("not_loaded")) == ["gb/flat/2024-06-07"]


@pytest.mark.parametrize(
    "tables",
    [("ingested_days",), ("ledger_days",), ("runners", "races", "ingested_days", "ledger_days")],
)
def test_a_day_struck_from_the_books_is_found_at_once(
    loaded: Yard, tables: tuple[str, ...]
) -> None:
    loaded.strike(*tables, where=f"day = '{DAY}'")
    found = loaded.findings("not_loaded", after=AT_ONCE)
    assert list(found) == [FIFTH]
    assert "the ledger or ingested_days lacks the day" in found[FIFTH].text


def test_a_refused_segment_says_why_its_days_are_not_loaded(yard: Yard) -> None:
    yard.put(FLAT, TWO_DAYS)
    broken_header(yard)
    assert yard.load(FLAT).result == "refused"
    found = yard.findings("not_loaded", after=AT_ONCE)
    assert sorted(found) == [FIFTH, SIXTH]
    assert "refused: " in found[FIFTH].text
    assert "runner_key" in found[FIFTH].text
    assert found[FIFTH].item["state"] == "refused"


def test_a_missing_file_is_named(yard: Yard) -> None:
    yard.put(FLAT, TWO_DAYS)
    runners = layout.paths(yard.master, FLAT).runners
    runners.unlink()
    assert yard.load(FLAT).result == "absent"
    assert f"{runners.name} is not on disk" in yard.findings("not_loaded")[FIFTH].text


@pytest.mark.parametrize("state", ["failed", "parked"])
def test_a_segment_that_was_left_says_why(yard: Yard, state: str) -> None:
    yard.put(FLAT, TWO_DAYS)
    ledger.mark(yard.conn, FLAT, state, "the reason")  # type: ignore[arg-type]
    found = yard.findings("not_loaded")[FIFTH]
    assert f"{state}: the reason" in found.text
    assert "the reason" not in found.item.values()  # it may change from one attempt to the next


def test_a_day_of_superseded_lines_alone_is_no_day(yard: Yard) -> None:
    yard.put(FLAT, together(race("one", ["a"]), race("one", ["a"], day=NEXT_DAY)))
    assert yard.load(FLAT).result == "loaded"
    assert yard.findings("not_loaded") == {}


def test_before_adoption_what_others_say_they_loaded_is_believed(yard: Yard) -> None:
    yard.put(FLAT, TWO_DAYS)
    yard.conn.execute(
        "INSERT INTO racing.ingested_days (region, code, d) VALUES ('gb', 'flat', %s)", (DAY,)
    )
    assert list(yard.findings("not_loaded")) == [SIXTH]


def test_without_a_tree_it_is_not_asked(loaded: Yard) -> None:
    loaded.strike("ingested_days")
    assert len(loaded.round("not_loaded").opened) == 2
    loaded.looks = False
    after = loaded.round("not_loaded")
    assert [(one.skipped, one.error) for one in after.answered] == [(True, "")]
    assert len(after.unresolved) == 2


# held_days


def test_a_held_day_names_its_reason_and_the_command(yard: Yard) -> None:
    many = together(*(race(f"r{n}", [f"x{n}", f"y{n}"]) for n in range(8)))
    yard.put(FLAT, many)
    yard.load(FLAT)
    yard.put(FLAT, race("r1", ["x1", "y1"]))
    assert yard.load(FLAT).result == "held"
    found = yard.findings("held_days")
    assert list(found) == [FIFTH]
    command = f"giddyup-watch ingest --region gb --code flat --date {DAY} --accept shrink"
    assert found[FIFTH].item["command"] == command
    assert "shrink: 7 of 8 races gone" in found[FIFTH].text
    assert found[FIFTH].severity == "critical"
    assert yard.findings("not_loaded") == {}


def test_a_day_held_for_its_rejects_can_be_accepted_as_such(yard: Yard) -> None:
    yard.put(FLAT, together(race("one", ["a"]), broken_races(5)))
    assert yard.load(FLAT).result == "held"
    assert str(only(yard.findings("held_days")).item["command"]).endswith("--accept rejects")
    assert yard.findings("not_loaded") == {}
    assert yard.findings("rejected_rows") == {}


def test_of_a_segment_held_as_a_whole_every_day_is_held(loaded: Yard) -> None:
    loaded.put(FLAT, together(TWO_DAYS, race("four", ["g"], day="2024-06-07")))
    edits.rewrite_text(layout.paths(loaded.master, FLAT).races, b",ran,", b",raan,")
    assert loaded.load(FLAT).result == "held"
    found = loaded.findings("held_days")
    assert list(found) == [FIFTH, SIXTH, "gb/flat/2024-06-07"]
    command = "giddyup-watch ingest --region gb --code flat --month 2024-06 --accept columns"
    assert {finding.item["command"] for finding in found.values()} == {command}
    assert loaded.findings("not_loaded") == {}


# rejected_rows


def test_lines_that_were_not_loaded_are_named_with_their_reasons(yard: Yard) -> None:
    bad = (race("bad", ["x"], course=""), race("worse", [], course=""), race("odd", [], type=""))
    yard.put(FLAT, together(race("one", ["a"]), *bad))
    assert yard.load(FLAT).result == "loaded"
    found = only(yard.findings("rejected_rows"))
    races, runners = (f"{table}_gb_flat_2024-06.csv" for table in ("races", "runners"))
    assert (found.key, found.severity, found.item["rejected"]) == (FIFTH, "warning", 4)
    assert found.item["reasons"] == [
        {"reason": "course is empty", "lines": 2, "file": races, "line": 3},
        {"reason": "type is empty", "lines": 1, "file": races, "line": 5},
        {"reason": "its race was rejected", "lines": 1, "file": runners, "line": 3},
    ]
    assert f"{races} line 3: course is empty" in found.text


def test_a_cell_that_became_null_is_no_rejected_row(yard: Yard) -> None:
    yard.put(FLAT, race("one", ["a"], dist_m="far"))
    yard.load(FLAT)
    assert yard.count("racing.ingest_rejects") == 1
    assert yard.findings("rejected_rows") == {}


# misfiled_races


def test_races_in_the_wrong_folder_and_copies_are_counted(yard: Yard) -> None:
    hurdle, flat = race("hurdle", ["a"], kind="Hurdle"), race("flat", ["b"])
    yard.put(JUMPS, hurdle)
    yard.put(FLAT, together(flat, hurdle, race("chase", ["c"], kind="Chase")))
    yard.turn(JUMPS, FLAT)
    found = only(yard.findings("misfiled_races"))
    assert (found.key, found.severity) == ("gb/flat/2024-06", "info")
    assert (found.item["misfiled"], found.item["copies"]) == (2, 1)


# count_mismatch


def test_a_manifest_that_disagrees_is_found(loaded: Yard) -> None:
    edits.rewrite_text(
        layout.paths(loaded.master, FLAT).manifest, b'"race_count": 3', b'"race_count": 4'
    )
    loaded.load(FLAT)
    found = only(loaded.findings("count_mismatch"))
    assert (found.key, found.severity) == ("gb/flat/2024-06", "warning")
    assert "manifest says 4 races and 6 runners, the files have 3 and 6" in found.text


def test_a_segment_without_a_manifest_is_found(loaded: Yard) -> None:
    layout.paths(loaded.master, FLAT).manifest.unlink()
    loaded.put(JUMPS, race("hurdle", ["a"], kind="Hurdle"))
    loaded.turn()
    found = only(loaded.findings("count_mismatch"))
    assert "there is no readable manifest, the files have 3 and 6" in found.text


def test_a_refused_segment_is_found_whose_days_nobody_can_read(loaded: Yard) -> None:
    edits.rewrite_text(layout.paths(loaded.master, FLAT).races, b"race_key", b"key")
    loaded.load(FLAT)
    found = only(loaded.findings("count_mismatch"))
    assert "refused: " in found.text
    assert "race_key" in found.text


def test_files_that_are_gone_are_found_until_they_are_given_up(loaded: Yard) -> None:
    shutil.rmtree(layout.paths(loaded.master, FLAT).folder)
    assert loaded.load(FLAT).result == "absent"
    assert "absent: " in only(loaded.findings("count_mismatch")).text
    loaded.load(FLAT, trigger="cli", accept=["shrink"])
    assert loaded.findings("count_mismatch") == {}


def test_a_day_that_is_gone_from_its_files_is_named(loaded: Yard) -> None:
    loaded.put(FLAT, together(race("one", ["a", "b"]), race("two", ["c", "d"])))
    loaded.load(FLAT)
    found = only(loaded.findings("count_mismatch"))
    assert found.item["problems"] == {"absent_days": [NEXT_DAY]}
    assert f"no longer in the files: {NEXT_DAY}" in found.text


def test_lines_without_a_date_are_of_no_day_and_so_of_the_segment(yard: Yard) -> None:
    yard.put(FLAT, together(race("one", ["a"]), race("lost", [], day="someday")))
    yard.load(FLAT)
    assert only(yard.findings("count_mismatch")).item["problems"] == {"undated": 1}
    assert yard.findings("rejected_rows") == {}


def test_a_segment_that_keeps_failing_is_found(loaded: Yard) -> None:
    ledger.mark(loaded.conn, FLAT, "failed", "the disk is full", attempts=2)
    assert loaded.findings("count_mismatch") == {}
    ledger.mark(loaded.conn, FLAT, "failed", "the disk is full", attempts=3)
    found = only(loaded.findings("count_mismatch"))
    assert "cannot be loaded: the disk is full" in found.text
    assert found.item["problems"] == {"failed": None}


def test_a_parked_segment_is_found_until_it_is_resumed(loaded: Yard) -> None:
    ledger.mark(loaded.conn, FLAT, "parked", "the run that was to load it was canceled")
    assert "parked: the run" in only(loaded.findings("count_mismatch")).text
    control.resume(loaded.conn)
    assert loaded.findings("count_mismatch") == {}


def test_what_verify_found_is_critical(loaded: Yard) -> None:
    loaded.conn.execute(
        "INSERT INTO racing.verified_segments (region, code, month, result, days, finding)"
        " VALUES ('gb', 'flat', '2024-06-01', 'different', ARRAY[%s::date], '1 race differs')",
        (DAY,),
    )
    found = only(loaded.findings("count_mismatch"))
    assert found.severity == "critical"
    assert found.item["problems"] == {"drift": [DAY]}
    assert "1 race differs" in found.text


def test_several_problems_of_a_segment_are_one_finding(loaded: Yard) -> None:
    loaded.put(FLAT, together(race("one", ["a", "b"]), race("lost", [], day="someday")))
    loaded.load(FLAT, accept=["shrink", "rejects"])
    loaded.strike("runners", where=f"day = '{DAY}'")
    found = only(loaded.findings("count_mismatch"))
    assert list(found.item["problems"]) == ["undated", "lost"]  # type: ignore[call-overload]
