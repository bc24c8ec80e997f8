"""What is gone from disk: deleted where that is plain, else held or absent."""

import datetime as dt
import shutil

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.model import Rules
from tests.ingest.conftest import FLAT, NEXT_DAY, Bench, broken_races, race, together


def half(card: Card, day: str) -> list[str]:
    keys = [race["race_key"] for race in card.races if race["date"] == day]
    return keys[: (len(keys) + 1) // 2]


def state(bench: Bench, day: str) -> tuple[str, str]:
    found: tuple[str, str] = bench.rows(
        "SELECT state, reason FROM racing.ledger_days WHERE d = %s", day
    )[0]
    return found


def busiest(card: Card) -> str:
    return max(card.days, key=lambda day: sum(r["date"] == day for r in card.races))


@pytest.mark.failure(line=17)
def test_a_day_cut_in_half_is_held_and_its_rows_stay(bench: Bench, month: Card) -> None:
    day, races = busiest(month), bench.count("racing.races")
    edits.drop_races(month, half(month, day))
    bench.put(FLAT, month)
    outcome = bench.load(FLAT)
    assert outcome.result == "held"
    assert state(bench, day)[0] == "held"
    assert "shrink" in state(bench, day)[1]
    assert bench.count("racing.races") == races
    left = sum(race["date"] == day for race in month.races)
    assert outcome.effects.races.held == left


def test_a_held_day_is_not_tried_again_until_its_content_changes(bench: Bench, month: Card) -> None:
    day, whole = busiest(month), bench.card(FLAT)
    edits.drop_races(month, half(month, day))
    bench.put(FLAT, month)
    bench.load(FLAT)
    runs = bench.count("racing.etl_runs")
    assert bench.load(FLAT).result == "held"
    assert bench.count("racing.etl_runs") == runs
    bench.put(FLAT, whole)
    assert bench.load(FLAT).result == "loaded"
    assert state(bench, day) == ("loaded", "")


def test_accepting_the_shrinkage_deletes_and_is_remembered(bench: Bench, month: Card) -> None:
    day = busiest(month)
    gone = half(month, day)
    edits.drop_races(month, gone)
    bench.put(FLAT, month)
    bench.load(FLAT)
    outcome = bench.load(FLAT, trigger="cli", accept=["shrink"], days=[dt.date.fromisoformat(day)])
    assert outcome.result == "loaded"
    assert outcome.effects.races.deleted == len(gone)
    assert bench.count("racing.races") == len(month.races)
    assert bench.count("racing.runners") == len(month.runners)
    assert bench.load(FLAT).result == "unchanged"


def test_a_day_that_is_gone_whole_is_absent_and_keeps_its_rows(bench: Bench, month: Card) -> None:
    day, races = month.days[0], bench.count("racing.races")
    edits.drop_day(month, day)
    bench.put(FLAT, month)
    bench.load(FLAT)
    assert state(bench, day)[0] == "absent"
    assert bench.count("racing.races") == races
    assert bench.value("SELECT count(*) FROM racing.ingested_days WHERE d = %s", day) == 1


def test_an_absent_day_is_recorded_once(bench: Bench) -> None:
    bench.put(FLAT, together(race("f", "x"), race("g", "y", day=NEXT_DAY)))
    bench.load(FLAT)
    bench.put(FLAT, race("f", "x"))
    bench.load(FLAT)
    runs = bench.count("racing.etl_runs")
    manifest = writers.paths(bench.master, FLAT)["manifest"]
    manifest.write_text(manifest.read_text() + "\n")
    assert bench.load(FLAT).result == "unchanged"
    assert bench.count("racing.etl_runs") == runs
    assert state(bench, NEXT_DAY)[0] == "absent"


def test_an_absent_day_that_is_given_up_leaves_nothing(bench: Bench, month: Card) -> None:
    day = month.days[0]
    edits.drop_day(month, day)
    bench.put(FLAT, month)
    bench.load(FLAT)
    bench.load(FLAT, trigger="cli", accept=["shrink"])
    for table, column in (
        ("races", "race_date"),
        ("runners", "race_date"),
        ("ingested_days", "d"),
        ("ledger_days", "d"),
        ("ledger_races", "race_date"),
    ):
        assert bench.value(f"SELECT count(*) FROM racing.{table} WHERE {column} = %s", day) == 0


def test_a_folder_that_vanishes_is_absent_and_deletes_nothing(bench: Bench, month: Card) -> None:
    shutil.rmtree(bench.master / str(FLAT))
    outcome = bench.load(FLAT)
    assert outcome.result == "absent"
    assert bench.count("racing.races") == len(month.races)
    assert bench.value("SELECT state FROM racing.ledger_segments") == "absent"
    bench.put(FLAT, month)
    assert bench.load(FLAT).effects.written == 0
    assert bench.value("SELECT state FROM racing.ledger_segments") == "loaded"


def test_a_vanished_file_makes_the_segment_absent(bench: Bench, month: Card) -> None:
    writers.paths(bench.master, FLAT)["runners"].unlink()
    assert bench.load(FLAT).result == "absent"
    assert bench.count("racing.runners") == len(month.runners)


def test_a_folder_that_is_given_up_goes_from_the_database(bench: Bench, month: Card) -> None:
    shutil.rmtree(bench.master / str(FLAT))
    outcome = bench.load(FLAT, trigger="cli", accept=["shrink"])
    assert outcome.effects.races.deleted == len(month.races)
    assert bench.count("racing.races") == bench.count("racing.runners") == 0
    assert bench.count("racing.ingested_days") == 0


@pytest.mark.parametrize("days", [together(race("f", "x"), broken_races(1)), Card()])
def test_a_folder_that_is_given_up_takes_its_rejects_along(bench: Bench, days: Card) -> None:
    bench.put(FLAT, together(days, Card([], race("nobody", "z").runners)))
    bench.load(FLAT)
    kept = bench.count("racing.ingest_rejects")
    assert kept
    shutil.rmtree(bench.master / str(FLAT))
    bench.load(FLAT)
    assert bench.count("racing.ingest_rejects") == kept
    bench.load(FLAT, trigger="cli", accept=["shrink"])
    assert bench.count("racing.ingest_rejects") == 0


@pytest.mark.failure(line=17)
def test_files_with_nothing_but_a_header_delete_nothing(bench: Bench, month: Card) -> None:
    bench.put(FLAT, Card())
    bench.load(FLAT)
    assert bench.count("racing.races") == len(month.races)
    states = {s for (s,) in bench.rows("SELECT state FROM racing.ledger_days")}
    assert states == {"absent"}


@pytest.mark.failure(line=26)
def test_an_abandoned_meeting_without_a_result_is_deleted(bench: Bench) -> None:
    bench.put(FLAT, racecard := two_courses())
    bench.load(FLAT)
    gone = [race["race_key"] for race in racecard.races if race["course"] == "Ascot"]
    edits.drop_races(racecard, gone)
    bench.put(FLAT, racecard)
    outcome = bench.load(FLAT)
    assert (outcome.result, outcome.effects.races.deleted) == ("loaded", len(gone))
    assert outcome.effects.runners.deleted > 3


def test_a_meeting_with_a_result_is_not_abandoned(bench: Bench) -> None:
    card = two_courses()
    card.runners[0]["pos"] = "1"
    bench.put(FLAT, card)
    bench.load(FLAT)
    edits.drop_races(card, [r["race_key"] for r in card.races if r["course"] == "Ascot"])
    bench.put(FLAT, card)
    assert bench.load(FLAT).result == "held"


def two_courses() -> Card:
    """A racecard of one day at two courses, four races each with three runners, none run yet."""
    races, runners = [], []
    for course in ("Ascot", "Epsom"):
        for number in range(4):
            key = f"{course}-{number}"
            races.append(
                {
                    "date": "2024-06-05",
                    "region": "GB",
                    "course": course,
                    "off": f"{number + 1}:10",
                    "race_name": f"Race {number}",
                    "type": "Flat",
                    "ran": "3",
                    "race_key": key,
                }
            )
            runners += [
                {
                    "race_key": key,
                    "runner_key": f"{key}-{n}",
                    "horse": f"Horse {key} {n}",
                    "num": str(n),
                    "pos": "",
                }
                for n in (1, 2, 3)
            ]
    return Card(races, runners)


def test_nothing_is_deleted_from_a_day_with_a_rejected_line_until_it_is_clean(
    bench: Bench, month: Card
) -> None:
    gone = month.runners[0]["runner_key"]
    original = bench.card(FLAT)
    edits.withdraw_runner(month, gone)
    spoilt = dict(month.races[0], race_key="spoilt", region="FR")
    month.races.append(spoilt)
    bench.put(FLAT, month)
    bench.load(FLAT)
    assert bench.count("racing.runners") == len(original.runners)
    month.races.remove(spoilt)
    bench.put(FLAT, month)
    assert bench.load(FLAT).effects.runners.deleted == 1
    assert bench.count("racing.runners") == len(month.runners)


def test_rows_are_kept_when_the_settings_say_so(bench: Bench, month: Card) -> None:
    day = busiest(month)
    gone = half(month, day)
    bench.rules = Rules(vanished_rows="keep")
    edits.drop_races(month, gone)
    bench.put(FLAT, month)
    assert bench.load(FLAT).result == "loaded"
    assert bench.count("racing.races") == len(month.races) + len(gone)
    bench.rules = Rules(shrink_guard_percent=100)
    assert bench.load(FLAT).effects.races.deleted == len(gone)
