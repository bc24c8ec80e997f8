"""Lines and cells that cannot be loaded: kept with line and reason, and too many hold the day."""

import datetime as dt

import pytest

from giddyup_watch.demo import writers
from giddyup_watch.demo.racing.cards import Card
from tests.ingest.conftest import (
    FLAT,
    JUMPS,
    NEXT_DAY,
    SMALL,
    Bench,
    broken_races,
    race,
    together,
)


def spoil(card: Card, count: int) -> list[dict[str, str]]:
    bad = [dict(card.races[0], race_key=f"bad-{n}", course="") for n in range(count)]
    card.races[1:1] = bad
    return bad


def test_a_rejected_line_is_kept_with_file_line_and_reason(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    spoil(card, 1)
    bench.put(FLAT, card)
    outcome = bench.load(FLAT)
    assert outcome.result == "loaded"
    assert outcome.effects.races.rejected == 1
    file, line, column, value, reason, run = bench.rows(
        "SELECT file, line, column_name, value, reason, run_id FROM racing.ingest_rejects"
    )[0]
    assert (file, line, column) == ("races_gb_flat_2024-06.csv", 3, None)
    assert "bad-0" in value
    assert "course" in reason
    assert run == outcome.run_id


def test_a_cleaned_cell_is_kept_with_its_column_and_the_row_is_loaded(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    card.runners[0]["age"] = "three"
    bench.put(FLAT, card)
    outcome = bench.load(FLAT)
    assert outcome.effects.cells_cleaned == 1
    assert outcome.effects.runners.rejected == 0
    rows = bench.rows("SELECT file, line, column_name, value FROM racing.ingest_rejects")
    assert rows == [("runners_gb_flat_2024-06.csv", 2, "age", "three")]
    key = card.runners[0]["runner_key"]
    assert bench.rows("SELECT age FROM racing.runners WHERE runner_key = %s", key) == [(None,)]


def test_rejects_are_those_of_the_last_content(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    bad = spoil(card, 2)
    bench.put(FLAT, card)
    bench.load(FLAT)
    assert bench.count("racing.ingest_rejects") == 2
    card.races.remove(bad[0])
    bench.put(FLAT, card)
    bench.load(FLAT)
    assert bench.count("racing.ingest_rejects") == 1


def test_a_line_without_a_date_is_kept_and_forgotten_though_no_day_changed(bench: Bench) -> None:
    whole = race("f", "x")
    stray = Card([], race("nobody", "z").runners)
    bench.put(FLAT, whole)
    bench.load(FLAT)
    bench.put(FLAT, together(whole, stray))
    assert bench.load(FLAT).effects.runners.rejected == 1
    kept = bench.rows("SELECT file, line, d, reason FROM racing.ingest_rejects")
    assert kept == [("runners_gb_flat_2024-06.csv", 3, None, "no race has its race_key")]
    runs = bench.count("racing.etl_runs")
    manifest = writers.paths(bench.master, FLAT)["manifest"]
    manifest.write_text(manifest.read_text() + "\n")
    assert bench.load(FLAT).result == "unchanged"
    assert bench.count("racing.etl_runs") == runs
    bench.put(FLAT, whole)
    bench.load(FLAT)
    assert bench.count("racing.ingest_rejects") == 0


@pytest.mark.failure(line=13)
def test_too_many_rejected_lines_hold_the_day_and_its_old_rows_stay(
    bench: Bench, month: Card
) -> None:
    races = bench.count("racing.races")
    bad = spoil(month, 12)
    day = bad[0]["date"]
    month.races[0]["going"] = "Changed"
    bench.put(FLAT, month)
    outcome = bench.load(FLAT)
    assert outcome.result == "held"
    state, reason = bench.rows("SELECT state, reason FROM racing.ledger_days WHERE d = %s", day)[0]
    assert (state, reason.split(":")[0]) == ("held", "rejects")
    assert bench.count("racing.races") == races
    assert bench.value("SELECT count(*) FROM racing.races WHERE going = 'Changed'") == 0
    assert bench.value("SELECT count(*) FROM racing.ingested_days WHERE d = %s", day) == 1


def test_a_day_whose_lines_are_all_rejected_is_held_and_not_given_up_as_vanished(
    bench: Bench,
) -> None:
    bench.put(FLAT, together(race("f", "x"), race("g", "y", day=NEXT_DAY)))
    bench.load(FLAT)
    bench.put(FLAT, together(race("f", "x", course=""), race("g", "y", day=NEXT_DAY)))
    outcome = bench.load(FLAT)
    assert outcome.result == "held"
    assert "none of 2 lines" in outcome.reason
    assert bench.load(FLAT, trigger="cli", accept=["shrink"]).result == "held"
    assert bench.count("racing.races") == bench.count("racing.ingested_days") == 2


def test_accepting_that_nothing_of_a_day_can_be_loaded_deletes_nothing(bench: Bench) -> None:
    bench.put(FLAT, race("f", "x"))
    bench.load(FLAT)
    bench.put(FLAT, race("f", "x", course=""))
    outcome = bench.load(FLAT, trigger="cli", accept=["rejects"])
    assert (outcome.result, outcome.effects.written) == ("loaded", 0)
    assert bench.count("racing.races") == bench.count("racing.runners") == 1


def test_accepting_the_rejects_loads_the_rest_of_the_day(bench: Bench, month: Card) -> None:
    spoil(month, 12)
    bench.put(FLAT, month)
    bench.load(FLAT)
    outcome = bench.load(FLAT, trigger="cli", accept=["rejects"])
    assert outcome.result == "loaded"
    assert outcome.effects.races.rejected == 12
    assert bench.load(FLAT).result == "unchanged"
    assert bench.load(FLAT, trigger="cli", force=True).result == "loaded"


def test_accepted_rejects_stay_accepted_when_another_race_passes_to_the_day(bench: Bench) -> None:
    passes = race("passes", ["a"], kind="Hurdle")
    stays = race("stays", ["c"], kind="Hurdle")
    bench.put(JUMPS, together(passes, stays))
    bench.put(FLAT, together(race("f", ["x"]), passes, broken_races(10)))
    bench.load(JUMPS)
    bench.load(FLAT, trigger="cli", accept=["rejects"])
    bench.put(JUMPS, stays)
    assert bench.load(JUMPS).also == (FLAT,)
    assert bench.load(FLAT).result == "loaded"


def test_three_rejected_lines_are_always_allowed(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    spoil(card, 3)
    bench.put(FLAT, card)
    assert bench.load(FLAT).result == "loaded"


def test_runners_of_a_rejected_race_do_not_count_against_the_budget(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    key = card.races[0]["race_key"]
    card.races[0]["course"] = ""
    bench.put(FLAT, card)
    outcome = bench.load(FLAT)
    field = sum(runner["race_key"] == key for runner in card.runners)
    assert outcome.result == "loaded"
    assert (outcome.effects.races.rejected, outcome.effects.runners.rejected) == (1, field)
    assert field > 3


def test_lines_without_a_readable_date_count_against_every_day(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    card.races += [dict(card.races[0], race_key=f"x-{n}", date="someday") for n in range(40)]
    bench.put(FLAT, card)
    outcome = bench.load(FLAT)
    assert outcome.result == "held"
    assert bench.count("racing.races") == 0
    states = {state for (state,) in bench.rows("SELECT state FROM racing.ledger_days")}
    assert states == {"held"}


@pytest.mark.failure(line=18)
def test_a_file_that_is_mended_under_the_same_name_is_loaded_by_itself(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    bad = spoil(card, 40)
    bench.put(FLAT, card)
    assert bench.load(FLAT).result == "held"
    card.races = [race for race in card.races if race not in bad]
    bench.put(FLAT, card)
    outcome = bench.load(FLAT)
    assert outcome.result == "loaded"
    assert bench.value("SELECT count(*) FROM racing.ledger_days WHERE state <> 'loaded'") == 0


def test_a_missing_required_column_refuses_the_segment_and_names_it(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    bench.put(FLAT, card)
    path = bench.master / str(FLAT) / "races_gb_flat_2024-06.csv"
    path.write_bytes(path.read_bytes().replace(b"race_name", b"title", 1))
    outcome = bench.load(FLAT)
    assert outcome.result == "refused"
    assert "race_name" in outcome.reason
    assert "races_gb_flat_2024-06.csv" in outcome.reason
    changed = bench.value("SELECT now() - changed_at FROM racing.ledger_segments")
    assert changed < dt.timedelta(minutes=1)
    status, error = bench.rows("SELECT status, error_msg FROM racing.etl_runs")[0]
    assert status == "failed"
    assert "race_name" in error
    assert bench.load(FLAT).result == "refused"
    assert bench.count("racing.etl_runs") == 1
