"""Rows of ours that somebody deleted: found by counting, whatever the ledger still says."""

import datetime as dt
import re
from pathlib import Path

import pytest

from giddyup_watch.gaps import live, recount
from giddyup_watch.gaps.check import Finding
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import facts, queries
from giddyup_watch.store.connection import Connection
from tests.gaps.conftest import named
from tests.gaps.yard import Yard
from tests.ingest.conftest import DAY, FLAT, JUMPS, NEXT_DAY, race, together

MONTHS = [SegmentKey("gb", "flat", f"2023-{month:02}") for month in range(1, 13)]
#: Rounds until each of the months was counted, the latest first.
CYCLE = len(MONTHS) // recount.SHARE


@pytest.fixture
def yard(conn: Connection, tmp_path: Path) -> Yard:
    master = tmp_path / "master"
    master.mkdir()
    return Yard(conn, master)


@pytest.fixture
def loaded(yard: Yard) -> Yard:
    yard.put(FLAT, together(race("one", ["a", "b"]), race("two", ["c"], day=NEXT_DAY)))
    yard.put(JUMPS, race("hurdle", ["d", "e"], kind="Hurdle"))
    yard.turn()
    return yard


@pytest.fixture
def year(yard: Yard) -> Yard:
    """Twelve months with a race each."""
    for key in MONTHS:
        day = f"{key.month}-15"
        yard.put(key, race(f"race-{day}", [f"runner-{day}"], day=day))
    yard.turn()
    return yard


def lost(finding: Finding) -> object:
    problems = finding.item["problems"]
    assert isinstance(problems, dict)
    return problems.get("lost")


def test_rows_deleted_of_one_folder_are_counted_by_day(loaded: Yard) -> None:
    loaded.strike("runners", where="runner_key IN ('a', 'c')")
    loaded.strike("races", where="race_key = 'two'")
    found = loaded.findings("count_mismatch")
    assert list(found) == [str(FLAT)]
    assert lost(found[str(FLAT)]) == {DAY: [0, 1], NEXT_DAY: [1, 1]}
    assert found[str(FLAT)].severity == "critical"
    assert "1 races and 2 runners of ours are gone" in found[str(FLAT)].text


def test_rows_that_others_add_are_theirs(loaded: Yard) -> None:
    loaded.conn.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('theirs', %s, 'GB', 'A match', 'Flat', 2)",
        (DAY,),
    )
    assert loaded.findings("count_mismatch") == {}


def test_a_runner_that_two_folders_name_is_counted_once(yard: Yard) -> None:
    yard.put(FLAT, race("flat", ["a", "shared"]))
    yard.put(JUMPS, race("hurdle", ["b", "shared"], kind="Hurdle"))
    yard.turn()
    assert yard.count("racing.runners") == 3
    assert yard.findings("count_mismatch") == {}
    yard.strike("runners", where="runner_key = 'shared'")
    assert list(yard.findings("count_mismatch")) == [str(FLAT), str(JUMPS)]


def test_force_brings_the_rows_back_and_the_gap_is_resolved(loaded: Yard) -> None:
    loaded.strike("runners", "races", where=f"day = '{DAY}'")
    assert len(loaded.round("count_mismatch").opened) == 2
    loaded.turn(trigger="cli", force=True)
    assert len(loaded.round("count_mismatch").resolved) == 2


@pytest.mark.parametrize(
    "away", ["TRUNCATE racing.runners_2024_06", "DROP TABLE racing.races_2024_06"]
)
def test_a_partition_that_is_gone_or_empty_is_found_in_any_round(
    loaded: Yard, year: Yard, away: str
) -> None:
    loaded.alter(away)
    for turn in range(5):
        assert len(loaded.round("count_mismatch", turn=turn).unresolved) == 2


def counted(yard: Yard, turn: int | None) -> set[str]:
    return {f"{month:%Y-%m}" for month in recount._months(yard.ask(turn=turn))}


def test_every_month_is_counted_when_its_turn_comes(year: Yard) -> None:
    turns = [counted(year, turn) for turn in range(CYCLE)]
    assert [len(months) for months in turns] == [recount.SHARE] * CYCLE
    assert set.union(*turns) == counted(year, None) == {key.month for key in MONTHS}
    assert counted(year, CYCLE) == turns[0] == {key.month for key in MONTHS[-recount.SHARE :]}


def test_a_row_deleted_anywhere_is_found_within_one_cycle_and_stays_found(year: Yard) -> None:
    facts.ensure_month(year.conn, dt.date(2023, 2, 1))
    year.put(
        MONTHS[1],
        together(
            race("more", ["other"], day="2023-02-20"),
            race("race-2023-02-15", ["runner-2023-02-15"], day="2023-02-15"),
        ),
    )
    year.turn()
    year.strike("races", "runners", where="day = '2023-02-15'")
    rounds = [year.round("count_mismatch", turn=turn) for turn in range(2 * CYCLE)]
    before = CYCLE - 1  # February's turn is the last of the cycle
    assert [len(one.opened) for one in rounds] == [0] * before + [1] + [0] * CYCLE
    assert [len(one.unresolved) for one in rounds] == [0] * before + [1] * (CYCLE + 1)
    year.turn(MONTHS[1], force=True)
    assert len(year.round("count_mismatch", turn=0).resolved) == 1


def test_the_window_is_counted_in_every_round(yard: Yard) -> None:
    today = dt.datetime.now(dt.UTC).date()
    key = SegmentKey("gb", "flat", f"{today:%Y-%m}")
    yard.put(key, together(race("one", ["a"], day=str(today)), race("two", ["b"], day=str(today))))
    for old in MONTHS:
        yard.put(old, race(f"race-{old.month}", ["r"], day=f"{old.month}-15"))
    yard.turn()
    assert all(key.month in counted(yard, turn) for turn in range(5))
    yard.strike("races", where="race_key = 'one'")
    assert list(yard.findings("count_mismatch")) == [str(key)]


def test_months_that_follow_each_other_are_counted_in_one_go() -> None:
    days = [dt.date(2023, 12, 1), dt.date(2024, 1, 1), dt.date(2024, 3, 1)]
    assert recount._stretches(days) == [
        (dt.date(2023, 12, 1), dt.date(2024, 2, 1)),
        (dt.date(2024, 3, 1), dt.date(2024, 4, 1)),
    ]
    assert recount._stretches([]) == []


@pytest.mark.parametrize("name", ["find_short_days", "find_gone_rows"])
def test_only_the_partitions_of_the_months_in_question_are_read(year: Yard, name: str) -> None:
    params = {
        "first": dt.date(2023, 2, 1), "next": dt.date(2023, 4, 1), "days": [dt.date(2023, 3, 15)]
    }  # fmt: skip
    plan = year.conn.execute(b"EXPLAIN " + queries.get(name), params).fetchall()
    tables = set(re.findall(r" on (r\w+_\d{4}_\d\d)", str(plan)))
    assert tables == {
        f"{table}_2023_{month}" for table in ("races", "runners") for month in ("02", "03")
    }


def test_the_live_answer_counts_the_month_of_its_day_and_no_other(year: Yard) -> None:
    year.strike("runners", where="day IN ('2023-03-15', '2023-08-15')")
    for on, found in (("2023-03-01", 1), ("2023-04-01", 0), ("2023-08-31", 1)):
        told = live.findings(year.ask(), dt.date.fromisoformat(on))
        assert len(told[named("count_mismatch")] or ()) == found, on
