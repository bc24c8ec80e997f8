"""A dry run says what a run then does, to the row, and writes nothing."""

import shutil

import pytest

from giddyup_watch.demo import edits
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.ingest import compare, dryrun, run
from giddyup_watch.model import Rules
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.ingest.conftest import (
    DAY,
    FLAT,
    NEXT_DAY,
    SMALL,
    Bench,
    broken_races,
    race,
    together,
)


def preview(bench: Bench, **how: object) -> dryrun.Preview:
    request = run.Request("cli", **how)  # type: ignore[arg-type]
    return next(iter(dryrun.preview(bench.session, request, [FLAT])))


def test_it_says_what_then_happens(bench: Bench, month: Card) -> None:
    edits.correct_result(month, edits.resulted(month)[0])
    edits.withdraw_runner(month, month.runners[0]["runner_key"])
    month.runners[5]["age"] = "old"
    month.races.append(dict(month.races[0], race_key="new", race_name="New"))
    bench.put(FLAT, month)
    said = preview(bench).outcome
    done = bench.load(FLAT)
    assert said.effects == done.effects
    assert (said.result, said.days) == (done.result, done.days)


def test_it_shows_changed_cells(bench: Bench, month: Card) -> None:
    month.races[0]["going"] = "Heavy as lead"
    month.runners[0]["trainer"] = "Brand New Trainer"
    bench.put(FLAT, month)
    changes = preview(bench).changes
    assert (
        compare.Change(
            "races", month.races[0]["race_key"], "going", changes[0].stored, "Heavy as lead"
        )
        == changes[0]
    )
    assert changes[1].column == "trainer"
    assert changes[1].wanted == "brand new trainer"


def test_it_takes_no_lock_and_writes_nothing(bench: Bench, other_session: Connection) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    other_session.execute("SELECT pg_advisory_lock(%s)", (LOCK_ID,))
    said = preview(bench)
    assert said.outcome.effects.races.inserted == len(bench.card(FLAT).races)
    assert said.outcome.run_id is None
    for table in ("races", "runners", "horses", "etl_runs", "ledger_segments"):
        assert bench.count(f"racing.{table}") == 0


def test_it_compares_what_is_stored_when_forced(bench: Bench, month: Card) -> None:
    key = month.runners[0]["runner_key"]
    bench.conn.execute("UPDATE racing.runners SET lbs = 1 WHERE runner_key = %s", (key,))
    said = preview(bench, force=True)
    assert said.outcome.effects.runners.updated == 1
    assert [(c.table, c.key, c.column, c.stored) for c in said.changes] == [
        ("runners", key, "lbs", 1)
    ]


def test_it_says_what_was_decided_of_unchanged_files(bench: Bench) -> None:
    bench.put(FLAT, together(race("f", "x"), broken_races(10)))
    assert bench.load(FLAT).result == "held"
    said, done = preview(bench).outcome, bench.load(FLAT)
    assert (said.result, said.reason) == (done.result, done.reason)
    assert said.result == "held"


@pytest.mark.parametrize("accept", [frozenset(), frozenset({"shrink"})])
def test_it_says_what_becomes_of_a_folder_that_is_gone(
    bench: Bench, month: Card, accept: frozenset[str]
) -> None:
    shutil.rmtree(bench.master / str(FLAT))
    said = preview(bench, accept=accept).outcome
    done = bench.load(FLAT, trigger="cli", accept=accept)
    assert (said.result, said.effects, said.days) == (done.result, done.effects, done.days)


def test_it_knows_a_race_that_is_stored_under_two_dates(bench: Bench) -> None:
    bench.rules = Rules(vanished_rows="keep")
    stays = together(race("g", "y", day=DAY), race("h", "z", day=NEXT_DAY))
    for day in (DAY, NEXT_DAY, DAY):
        bench.put(FLAT, together(stays, race("f", "x", day=day)))
        bench.load(FLAT)
    said = preview(bench, force=True).outcome
    assert said.effects == bench.load(FLAT, trigger="cli", force=True).effects


@pytest.mark.parametrize("accept", [frozenset(), frozenset({"shrink"})])
def test_it_says_what_would_be_held_or_deleted(
    bench: Bench, month: Card, accept: frozenset[str]
) -> None:
    edits.drop_day(month, month.days[0])
    edits.drop_races(month, [r["race_key"] for r in month.races if r["date"] == month.days[0]][1:])
    bench.put(FLAT, month)
    said = preview(bench, accept=accept).outcome
    done = bench.load(FLAT, trigger="cli", accept=accept)
    assert said.effects == done.effects
    assert said.result == done.result
