"""`verify` proves that the database equals the disk, or says which row and cell does not."""

import datetime as dt
import os
import shutil
from typing import Any, Literal

import pytest

from giddyup_watch.demo import writers
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.explain import verify
from giddyup_watch.explain.proof import Difference
from giddyup_watch.ingest import run, segment
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.store import connection, verified
from giddyup_watch.store.connection import Connection
from tests.explain.proving import counts, day_of, prove, results
from tests.ingest.conftest import (
    DAY,
    FLAT,
    JUMPS,
    NEXT_DAY,
    Bench,
    broken_races,
    race,
    together,
)

EQUAL = {DAY: "equal", NEXT_DAY: "equal"}
ONE = dt.date.fromisoformat(DAY)


def two_days(**cells: str) -> Card:
    return together(
        race("r1", ["a", "b", "c"], going="Good", **cells),
        race("r2", ["d", "e"]),
        race("r3", ["f", "g"], day=NEXT_DAY),
    )


@pytest.fixture
def loaded(bench: Bench) -> Bench:
    """Two days of races, loaded."""
    bench.put(FLAT, two_days())
    assert bench.load(FLAT).result == "loaded"
    return bench


def change(bench: Bench, statement: str, *params: Any) -> None:
    """Something happens behind the daemon's back, to at least one row."""
    assert bench.alter(statement, *params) > 0


def test_what_was_loaded_is_equal(bench: Bench, month: Card) -> None:
    proof = prove(bench)
    assert (proof.result, proof.finding) == ("equal", "")
    assert [f"{day.day}" for day in proof.days] == month.days
    assert sum(day.races.compared for day in proof.days) == len(month.races)
    assert sum(day.runners.compared for day in proof.days) == len(month.runners)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE racing.runners SET lbs = 1 WHERE runner_key = 'b'",
            Difference("changed", "runners", "b", "lbs", 1, None),
        ),
        (
            "UPDATE racing.runners SET comment = '' WHERE runner_key = 'b'",
            Difference("changed", "runners", "b", "comment", "", None),
        ),
        (
            "UPDATE racing.runners SET pos_raw = NULL WHERE runner_key = 'b'",
            Difference("changed", "runners", "b", "pos_raw", None, "1"),
        ),
        (
            "UPDATE racing.runners SET horse_id = NULL WHERE runner_key = 'b'",
            Difference("changed", "runners", "b", "horse", None, "horse b"),
        ),
        (
            "UPDATE racing.runners SET race_id = 2 WHERE runner_key = 'b'",
            Difference("changed", "runners", "b", "race_key", "r2", "r1"),
        ),
        (
            "UPDATE racing.races SET going = 'Soft' WHERE race_key = 'r1'",
            Difference("changed", "races", "r1", "going", "Soft", "Good"),
        ),
        (
            "UPDATE racing.races SET off_time = '13:00' WHERE race_key = 'r1'",
            Difference("changed", "races", "r1", "off_time", dt.time(13), dt.time(14, 10)),
        ),
        (
            "UPDATE racing.horses SET horse_name = 'Horse B2' WHERE horse_name = 'Horse b'",
            Difference("changed", "runners", "b", "horse", "horse b2", "horse b"),
        ),
        (
            "DELETE FROM racing.runners WHERE runner_key = 'b'",
            Difference("missing", "runners", "b"),
        ),
    ],
)
def test_a_row_changed_behind_our_back_is_named(
    loaded: Bench, statement: str, found: Difference
) -> None:
    change(loaded, statement)
    proof = prove(loaded)
    assert proof.result == "different"
    assert [day.day for day in proof.differing] == [ONE]
    assert day_of(proof, DAY).sample == [found]
    assert str(found) in proof.finding
    assert counts(day_of(proof, DAY)) == {f"{found.table} {found.fault}": 1}
    assert results(loaded)[NEXT_DAY] == "equal"


def test_force_repairs_what_was_changed(loaded: Bench) -> None:
    change(loaded, "UPDATE racing.races SET going = 'Soft'")
    change(loaded, "DELETE FROM racing.runners WHERE runner_key IN ('a', 'f')")
    assert prove(loaded).result == "different"
    loaded.load(FLAT, trigger="cli", force=True)
    assert results(loaded) == EQUAL


def test_a_race_that_is_gone_is_missing_with_its_runners(loaded: Bench) -> None:
    change(loaded, "DELETE FROM racing.runners WHERE runner_key IN ('a', 'b', 'c')")
    change(loaded, "DELETE FROM racing.races WHERE race_key = 'r1'")
    assert counts(day_of(prove(loaded), DAY)) == {"races missing": 1, "runners missing": 3}


def test_a_row_under_another_date_is_missing_here_and_a_strangers_there(loaded: Bench) -> None:
    change(loaded, "DELETE FROM racing.runners WHERE runner_key IN ('d', 'e')")
    change(loaded, "UPDATE racing.races SET race_date = race_date + 2 WHERE race_key = 'r2'")
    proof = prove(loaded)
    assert counts(day_of(proof, DAY)) == {"races missing": 1, "runners missing": 2}
    assert counts(day_of(proof, "2024-06-07")) == {"races foreign": 1}


def test_rows_of_others_are_reported_and_no_difference(loaded: Bench) -> None:
    change(
        loaded,
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('x', %s, 'GB', 'X', 'Flat', 1), ('y', '2024-06-20', 'GB', 'Y', 'Flat', 1),"
        " ('z', %s, 'GB', 'Z', 'Chase', 1)",
        ONE,
        ONE,
    )
    change(
        loaded,
        "INSERT INTO racing.runners (runner_key, race_id, race_date)"
        " SELECT 'of ' || race_key, race_id, race_date FROM racing.races"
        " WHERE race_key IN ('x', 'r1')",
    )
    change(
        loaded,
        "INSERT INTO racing.runners (runner_key, race_id, race_date) VALUES ('o', 999, %s)",
        ONE,
    )
    proof = prove(loaded)
    assert proof.result == "equal"
    assert counts(day_of(proof, DAY)) == {"races foreign": 1, "runners foreign": 3}
    assert counts(day_of(proof, "2024-06-20")) == {"races foreign": 1}


def test_a_live_price_is_accepted_until_there_is_a_position(bench: Bench) -> None:
    card = two_days()
    card.runners[0]["pos"] = ""
    bench.put(FLAT, card)
    bench.load(FLAT)
    change(bench, "UPDATE racing.runners SET win_bsp = 7.4 WHERE runner_key = 'a'")
    assert results(bench) == EQUAL
    change(bench, "UPDATE racing.runners SET win_bsp = 7.4 WHERE runner_key = 'b'")
    assert day_of(prove(bench), DAY).sample == [
        Difference("changed", "runners", "b", "win_bsp", 7.4, None)
    ]
    bench.rules = Rules(keep_live_prices=False)
    bench.load(FLAT)
    change(bench, "UPDATE racing.runners SET win_bsp = 7.4 WHERE runner_key = 'a'")
    assert results(bench)[DAY] == "different"


def test_a_name_spelled_otherwise_is_the_same(loaded: Bench) -> None:
    change(loaded, "UPDATE racing.horses SET horse_name = 'HORSE B (IRE)' WHERE horse_id = 2")
    card = two_days()
    card.runners[2]["horse"] = "hörse c"
    loaded.put(FLAT, card)
    loaded.load(FLAT)
    assert results(loaded) == EQUAL


def test_files_newer_than_the_ledger_are_behind(loaded: Bench) -> None:
    loaded.put(FLAT, together(two_days(off="3:10"), race("r4", ["h"], day="2024-06-07")))
    assert results(loaded) == {DAY: "behind", NEXT_DAY: "equal", "2024-06-07": "behind"}
    loaded.load(FLAT)
    assert set(results(loaded).values()) == {"equal"}


def test_a_day_that_is_behind_and_lost_a_row_is_different(loaded: Bench) -> None:
    loaded.put(FLAT, two_days(off="3:10"))
    change(loaded, "DELETE FROM racing.runners WHERE runner_key = 'e'")
    proof = prove(loaded)
    assert day_of(proof, DAY).sample == [Difference("missing", "runners", "e")]
    assert "the files changed since" in proof.finding


@pytest.mark.parametrize("held", [True, False])
def test_what_is_as_it_was_is_compared_on_days_that_are_not(loaded: Bench, held: bool) -> None:
    more = broken_races(10) if held else race("r4", ["h"])
    loaded.put(FLAT, together(two_days(off="3:10"), more))
    if held:
        loaded.load(FLAT)
    assert results(loaded)[DAY] == ("held" if held else "behind")
    change(loaded, "UPDATE racing.runners SET lbs = 1 WHERE runner_key IN ('a', 'd')")
    day = day_of(prove(loaded), DAY)
    assert day.sample == [Difference("changed", "runners", "d", "lbs", 1, None)]
    change(loaded, "DELETE FROM racing.runners WHERE runner_key = 'd'")
    assert counts(day_of(prove(loaded), DAY)) == {"runners missing": 1}


def test_a_segment_nobody_loaded_is_behind(bench: Bench) -> None:
    bench.put(FLAT, two_days())
    assert results(bench) == {DAY: "behind", NEXT_DAY: "behind"}


def test_files_that_are_being_written_are_behind(loaded: Bench) -> None:
    loaded.orphan_seconds = 60
    writers.paths(loaded.master, FLAT)["manifest"].write_text("{")
    proof = prove(loaded)
    assert (proof.result, proof.reason[:24]) == ("behind", "manifest.json: not JSON:")
    assert results(loaded) == {DAY: "behind", NEXT_DAY: "behind"}


def test_files_that_are_only_touched_are_compared(loaded: Bench) -> None:
    loaded.orphan_seconds = 60
    os.utime(writers.paths(loaded.master, FLAT)["races"])
    assert results(loaded) == EQUAL


def test_other_rules_are_behind(loaded: Bench) -> None:
    loaded.rules = Rules(off_times="24h")
    assert set(results(loaded).values()) == {"behind"}


def test_a_held_day_says_so(bench: Bench, loaded: Bench) -> None:
    bench.put(FLAT, together(two_days(), broken_races(10)))
    assert bench.load(FLAT).result == "held"
    proof = prove(bench)
    assert (proof.result, results(bench)) == ("held", {DAY: "held", NEXT_DAY: "equal"})
    assert "rejects: 10 of 17 lines rejected" in day_of(proof, DAY).reason
    bench.load(FLAT, trigger="cli", accept=["rejects"])
    assert results(bench) == EQUAL


def test_a_segment_held_for_its_header_says_so(bench: Bench, loaded: Bench) -> None:
    card = two_days()
    for row in card.races:
        row["going"] = "Good"
    bench.put(FLAT, card)
    bench.load(FLAT)
    for row in card.races:
        del row["going"]
    bench.put(FLAT, card)
    header = writers.paths(bench.master, FLAT)["races"]
    text = header.read_text().replace("going", "gone")
    header.write_text(text)
    assert bench.load(FLAT).result == "held"
    assert set(results(bench).values()) == {"held"}
    assert "the header lacks columns" in prove(bench).days[0].reason


def test_a_parked_segment_says_so(loaded: Bench) -> None:
    loaded.put(FLAT, two_days(off="3:10"))
    segment.park(loaded.session, FLAT, run.Request("cli"))
    assert results(loaded) == {DAY: "held", NEXT_DAY: "equal"}
    assert day_of(prove(loaded), DAY).reason == "the run that was to load it was canceled"


def test_a_day_that_is_gone_from_the_files_is_absent(loaded: Bench) -> None:
    loaded.put(FLAT, race("r3", ["f", "g"], day=NEXT_DAY))
    assert results(loaded) == {DAY: "behind", NEXT_DAY: "equal"}
    loaded.load(FLAT)
    assert results(loaded) == {DAY: "absent", NEXT_DAY: "equal"}
    change(loaded, "DELETE FROM racing.runners WHERE runner_key = 'a'")
    assert results(loaded) == {DAY: "different", NEXT_DAY: "equal"}


@pytest.mark.parametrize("noted", [True, False])
def test_a_folder_that_is_gone_is_absent(loaded: Bench, noted: bool) -> None:
    shutil.rmtree(loaded.master / str(FLAT))
    if noted:
        loaded.load(FLAT)
    assert (prove(loaded).result, set(results(loaded).values())) == ("absent", {"absent"})
    change(loaded, "DELETE FROM racing.runners WHERE runner_key = 'a'")
    assert prove(loaded).result == "different"


def test_a_folder_that_was_given_up_is_equal(loaded: Bench) -> None:
    shutil.rmtree(loaded.master / str(FLAT))
    loaded.load(FLAT, trigger="cli", accept=["shrink"])
    assert (prove(loaded).result, prove(loaded).days) == ("equal", [])


def test_refused_files_say_why(loaded: Bench) -> None:
    path = writers.paths(loaded.master, FLAT)["runners"]
    path.write_text(path.read_text().replace("runner_key", "key"))
    loaded.load(FLAT)
    proof = prove(loaded)
    assert proof.result == "refused"
    assert "required and missing: runner_key" in proof.reason


def test_rows_that_are_kept_are_equal(bench: Bench) -> None:
    bench.rules = Rules(vanished_rows="keep")
    bench.put(FLAT, two_days())
    bench.load(FLAT)
    smaller = together(race("r1", ["a", "b"]), race("r3", ["f"], day=NEXT_DAY))
    bench.put(FLAT, smaller)
    bench.load(FLAT)
    assert results(bench) == EQUAL
    assert bench.count("racing.runners") == 7
    change(bench, "UPDATE racing.runners SET lbs = 1 WHERE runner_key = 'b'")
    assert results(bench) == {DAY: "different", NEXT_DAY: "equal"}


def test_a_row_of_ours_in_no_file_any_more_is_superfluous(loaded: Bench) -> None:
    # As after a restore of an older database whose ledger is newer.
    change(
        loaded,
        "UPDATE racing.ledger_races SET runner_keys = runner_keys || ARRAY['q'], digest = NULL"
        " WHERE race_key = 'r1'",
    )
    change(
        loaded,
        "INSERT INTO racing.runners (runner_key, race_id, race_date)"
        " SELECT 'q', race_id, race_date FROM racing.races WHERE race_key = 'r1'",
    )
    assert day_of(prove(loaded), DAY).sample == [Difference("superfluous", "runners", "q")]


def test_a_race_in_two_folders_is_compared_once(loaded: Bench) -> None:
    stray = together(race("j1", ["m"], kind="Chase"), race("r1", ["a", "z"], off="5:00"))
    loaded.put(JUMPS, stray)
    loaded.load(JUMPS)
    assert results(loaded) == EQUAL
    assert results(loaded, JUMPS) == {DAY: "equal"}
    assert day_of(prove(loaded, JUMPS), DAY).races.compared == 1
    change(loaded, "UPDATE racing.races SET going = 'Soft' WHERE race_key = 'r1'")
    assert results(loaded, JUMPS) == {DAY: "equal"}
    assert results(loaded)[DAY] == "different"


def test_a_race_that_passed_on_and_waits_is_behind(loaded: Bench) -> None:
    loaded.put(JUMPS, together(race("j1", ["m"], kind="Chase"), race("r1", ["a", "z"])))
    loaded.load(JUMPS)
    loaded.put(FLAT, together(race("r2", ["d", "e"]), race("r3", ["f", "g"], day=NEXT_DAY)))
    assert loaded.load(FLAT).also == (JUMPS,)
    assert results(loaded) == EQUAL
    assert results(loaded, JUMPS) == {DAY: "behind"}
    loaded.load(JUMPS)
    assert results(loaded, JUMPS) == {DAY: "equal"}


@pytest.mark.parametrize("vanished", ["keep", "delete"])
def test_a_runner_that_two_races_claim_ends_where_a_load_would_put_it(
    bench: Bench, vanished: Literal["keep", "delete"]
) -> None:
    bench.rules = Rules(vanished_rows=vanished, shrink_guard_percent=100)
    hurdle = SegmentKey("gb", "hurdle", FLAT.month)
    for key, card in (
        (FLAT, race("r2", ["b"], kind="Hurdle")),
        (hurdle, race("r1", ["b"], kind="Chase")),
        (JUMPS, race("r2", ["b"], kind="Hurdle")),
    ):
        bench.put(key, card)
        outcome = bench.load(key)
    assert hurdle in outcome.also
    assert results(bench, hurdle) == {DAY: "behind"}
    bench.load(hurdle)
    for key in (FLAT, hurdle, JUMPS):
        assert results(bench, key) == {DAY: "equal"}
        assert bench.load(key).result == "unchanged"


def test_a_day_struck_from_ingested_days_is_different(loaded: Bench) -> None:
    change(loaded, "DELETE FROM racing.ingested_days WHERE d = %s", ONE)
    proof = prove(loaded)
    assert proof.finding == f"{DAY}: it is not in racing.ingested_days"
    loaded.load(FLAT)
    assert results(loaded) == EQUAL


def test_a_day_that_others_put_into_ingested_days_is_told(loaded: Bench) -> None:
    change(
        loaded,
        "INSERT INTO racing.ingested_days (region, code, d) VALUES ('gb', 'flat', '2024-06-21')",
    )
    day = day_of(prove(loaded), "2024-06-21")
    assert (day.result, day.reason) == ("equal", "others put it into racing.ingested_days")


def test_everything_is_of_one_snapshot(loaded: Bench, other_session: Connection) -> None:
    loaded.put(JUMPS, race("j1", ["m"], kind="Chase"))
    loaded.load(JUMPS)
    proofs = verify.prove(loaded.session, [FLAT, JUMPS])
    assert next(proofs).result == "equal"
    other_session.execute("UPDATE racing.runners SET lbs = 1 WHERE runner_key = 'm'")
    assert next(proofs).result == "equal"
    assert list(proofs) == []
    assert prove(loaded, JUMPS).result == "different"


def test_what_is_loaded_meanwhile_is_behind_and_not_different(loaded: Bench, database: str) -> None:
    loaded.put(JUMPS, race("j1", ["m"], kind="Chase"))
    loaded.load(JUMPS)
    proofs = verify.prove(loaded.session, [FLAT, JUMPS])
    assert next(proofs).result == "equal"
    with connection.connect(database, application_name="ingest") as conn:
        meanwhile = Bench(conn, loaded.master)
        meanwhile.put(JUMPS, race("j1", ["m", "n"], kind="Chase"))
        meanwhile.load(JUMPS)
        assert [proof.result for proof in proofs] == ["behind"]
    assert prove(loaded, JUMPS).result == "equal"


def test_it_stops_when_told(loaded: Bench) -> None:
    go_on = iter([True, False])
    proofs = list(verify.prove(loaded.session, [FLAT, JUMPS], lambda: next(go_on)))
    assert [proof.key for proof in proofs] == [FLAT]


def test_no_tree_ends_it(loaded: Bench) -> None:
    shutil.rmtree(loaded.master)
    with pytest.raises(TreeMissingError):
        prove(loaded)


def test_it_writes_nothing_and_what_was_found_can_be_recorded(loaded: Bench) -> None:
    for statement, result, days in (
        ("UPDATE racing.races SET ran = 9 WHERE race_key = 'r1'", "different", (ONE,)),
        ("UPDATE racing.races SET ran = 3 WHERE race_key = 'r1'", "equal", ()),
    ):
        change(loaded, statement)
        proof = prove(loaded)
        before = verified.fetch(loaded.conn)
        assert verify.record(loaded.conn, proof)
        kept = verified.fetch(loaded.conn)[FLAT]
        assert (kept.result, kept.days, kept.finding) == (result, days, proof.finding)
        assert before.get(FLAT) != kept
    loaded.put(FLAT, two_days(off="3:10"))
    assert not verify.record(loaded.conn, prove(loaded))
    assert verified.fetch(loaded.conn)[FLAT] == kept
