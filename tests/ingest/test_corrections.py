"""A file that changed is loaded again: what differs is written, and nothing else."""

import datetime as dt

import pytest

from giddyup_watch.demo import edits
from giddyup_watch.demo.racing.cards import Card
from tests.ingest.conftest import FLAT, SMALL, Bench


def test_a_corrected_result_updates_two_runners(bench: Bench, month: Card) -> None:
    winner, _ = edits.correct_result(month, edits.resulted(month)[0])
    bench.put(FLAT, month)
    outcome = bench.load(FLAT)
    assert (outcome.result, outcome.effects.runners.updated) == ("loaded", 2)
    assert outcome.effects.races.updated == 0
    stored = bench.rows(
        "SELECT pos_raw, win_flag FROM racing.runners WHERE runner_key = %s", winner["runner_key"]
    )
    assert stored == [("1", True)]


@pytest.mark.failure(line=16)
def test_a_withdrawn_runner_is_deleted_in_the_transaction_of_its_day(
    bench: Bench, month: Card
) -> None:
    gone = month.runners[0]["runner_key"]
    edits.withdraw_runner(month, gone)
    bench.put(FLAT, month)
    outcome = bench.load(FLAT)
    assert outcome.effects.runners.deleted == 1
    assert bench.rows("SELECT 1 FROM racing.runners WHERE runner_key = %s", gone) == []
    assert bench.count("racing.runners") == len(month.runners)


def test_only_the_changed_day_is_read_into_the_database(bench: Bench, month: Card) -> None:
    edits.correct_result(month, edits.resulted(month)[0])
    bench.put(FLAT, month)
    outcome = bench.load(FLAT)
    race = next(r for r in month.races if r["race_key"] == edits.resulted(month)[0])
    assert outcome.days == (dt.date.fromisoformat(race["date"]),)
    assert outcome.effects.races.read == len(month.races)


def test_a_new_day_is_added(bench: Bench) -> None:
    early = SMALL.month(FLAT, until=dt.date(2024, 6, 10))
    bench.put(FLAT, early)
    bench.load(FLAT)
    later = SMALL.month(FLAT, until=dt.date(2024, 6, 12))
    bench.put(FLAT, later)
    outcome = bench.load(FLAT)
    assert outcome.effects.races.inserted == len(later.races) - len(early.races)
    assert outcome.effects.races.unchanged == len(early.races)
    assert outcome.effects.written == (
        len(later.races) - len(early.races) + len(later.runners) - len(early.runners)
    )


def test_a_runner_that_changes_its_race_keeps_its_row(bench: Bench, month: Card) -> None:
    day = [r["race_key"] for r in month.races if r["date"] == month.days[0]]
    runner = next(r for r in month.runners if r["race_key"] == day[0])
    before = bench.value(
        "SELECT runner_id FROM racing.runners WHERE runner_key = %s", runner["runner_key"]
    )
    runner["race_key"] = day[1]
    bench.put(FLAT, month)
    bench.load(FLAT)
    stored = bench.rows(
        "SELECT n.runner_id, r.race_key FROM racing.runners n"
        " JOIN racing.races r USING (race_id, race_date) WHERE n.runner_key = %s",
        runner["runner_key"],
    )
    assert stored == [(before, day[1])]


@pytest.mark.failure(line=27)
def test_an_older_version_restored_is_loaded_too(bench: Bench, month: Card) -> None:
    original = bench.card(FLAT)
    winner, loser = edits.correct_result(month, edits.resulted(month)[0])
    bench.put(FLAT, month)
    bench.load(FLAT)
    bench.put(FLAT, original)
    assert bench.load(FLAT).effects.runners.updated == 2
    positions = dict(
        bench.rows(
            "SELECT runner_key, pos_raw FROM racing.runners WHERE runner_key = ANY(%s)",
            [winner["runner_key"], loser["runner_key"]],
        )
    )
    assert positions == {winner["runner_key"]: "2", loser["runner_key"]: "1"}


def test_a_day_struck_from_ingested_days_is_compared_again(bench: Bench, month: Card) -> None:
    day = month.days[0]
    bench.conn.execute("DELETE FROM racing.ingested_days WHERE d = %s", (day,))
    bench.conn.execute(
        "UPDATE racing.races SET going = 'changed by hand' WHERE race_date = %s", (day,)
    )
    outcome = bench.load(FLAT)
    assert outcome.days == (dt.date.fromisoformat(day),)
    assert bench.value("SELECT count(*) FROM racing.ingested_days WHERE d = %s", day) == 1
    assert bench.value("SELECT count(*) FROM racing.races WHERE going = 'changed by hand'") == 0


def test_a_day_struck_together_with_its_rows_is_written_again(bench: Bench, month: Card) -> None:
    """The way to have a day loaded again that users of the system before this one know."""
    day, races, runners = month.days[0], len(month.races), len(month.runners)
    for table, column in (("runners", "race_date"), ("races", "race_date"), ("ingested_days", "d")):
        bench.conn.execute(f"DELETE FROM racing.{table} WHERE {column} = %s".encode(), (day,))
    outcome = bench.load(FLAT)
    assert outcome.days == (dt.date.fromisoformat(day),)
    assert bench.count("racing.races") == races
    assert bench.count("racing.runners") == runners
    assert outcome.effects.races.inserted == sum(r["date"] == day for r in month.races)


def test_only_the_days_asked_for_are_loaded_and_the_segment_stays_due(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    bench.put(FLAT, card)
    day = dt.date.fromisoformat(card.days[3])
    outcome = bench.load(FLAT, trigger="cli", days=[day])
    assert outcome.days == (day,)
    assert bench.rows("SELECT d FROM racing.ingested_days") == [(day,)]
    assert bench.value("SELECT state FROM racing.ledger_segments") == "due"
    assert len(bench.load(FLAT).days) == len(card.days) - 1
    assert bench.value("SELECT state FROM racing.ledger_segments") == "loaded"
