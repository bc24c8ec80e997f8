"""Rows, prices and columns that others write: left alone where the file does not decide."""

import datetime as dt

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing import layout
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.model import Rules, SegmentKey
from tests.ingest.conftest import DAY, FLAT, JUMPS, NEXT_DAY, SMALL, Bench, race, together


@pytest.fixture
def racecard(bench: Bench) -> Card:
    """One loaded day whose races are not run yet: no positions, no prices."""
    card = SMALL.month(FLAT)
    day = card.days[0]
    edits.drop_races(card, {race["race_key"] for race in card.races if race["date"] != day})
    for runner in card.runners:
        runner["pos"] = runner["dec"] = runner["win_bsp"] = ""
    bench.put(FLAT, card)
    bench.load(FLAT)
    return bench.card(FLAT)


def price(bench: Bench, runner_key: str) -> object:
    return bench.value("SELECT win_bsp FROM racing.runners WHERE runner_key = %s", runner_key)


def test_a_live_price_survives_a_reload_of_the_card(bench: Bench, racecard: Card) -> None:
    runner = racecard.runners[0]
    bench.conn.execute(
        "UPDATE racing.runners SET win_bsp = 7.4 WHERE runner_key = %s", (runner["runner_key"],)
    )
    runner["jockey"] = "Somebody Else"
    bench.put(FLAT, racecard)
    assert bench.load(FLAT).effects.runners.updated == 1
    assert price(bench, runner["runner_key"]) == 7.4
    assert bench.load(FLAT, trigger="cli", force=True).effects.written == 0


def test_the_file_decides_once_there_is_a_position(bench: Bench, racecard: Card) -> None:
    runner = racecard.runners[0]
    bench.conn.execute(
        "UPDATE racing.runners SET win_bsp = 7.4 WHERE runner_key = %s", (runner["runner_key"],)
    )
    runner["pos"] = "1"
    bench.put(FLAT, racecard)
    bench.load(FLAT)
    assert price(bench, runner["runner_key"]) is None


def test_the_file_decides_always_when_the_settings_say_so(bench: Bench, racecard: Card) -> None:
    bench.conn.execute("UPDATE racing.runners SET win_bsp = 7.4")
    bench.rules = Rules(keep_live_prices=False)
    bench.load(FLAT)
    assert bench.value("SELECT count(*) FROM racing.runners WHERE win_bsp IS NOT NULL") == 0


def test_a_foreign_race_and_runner_are_never_touched(bench: Bench, month: Card) -> None:
    day = dt.date.fromisoformat(month.days[0])
    bench.conn.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('foreign', %s, 'GB', 'Foreign', 'Flat', 1)",
        (day,),
    )
    bench.conn.execute(
        "INSERT INTO racing.runners (runner_key, race_id, race_date)"
        " SELECT 'foreign', race_id, race_date FROM racing.races WHERE race_date = %s LIMIT 1",
        (day,),
    )
    edits.correct_result(month, edits.resulted(month)[0])
    bench.put(FLAT, month)
    bench.load(FLAT)
    bench.load(FLAT, trigger="cli", force=True)
    assert bench.value("SELECT count(*) FROM racing.races WHERE race_key = 'foreign'") == 1
    assert bench.value("SELECT count(*) FROM racing.runners WHERE runner_key = 'foreign'") == 1


def test_a_day_of_which_the_file_has_only_superseded_lines_is_not_ours(bench: Bench) -> None:
    bench.conn.execute(
        f"INSERT INTO racing.ingested_days (region, code, d) VALUES ('gb', 'flat', '{DAY}')"
    )
    moved = race("f", "", day=NEXT_DAY)
    bench.put(FLAT, together(race("f", "x"), moved))
    outcome = bench.load(FLAT)
    assert outcome.days == (dt.date.fromisoformat(NEXT_DAY),)
    assert outcome.effects.races.duplicate == 1
    assert bench.value("SELECT count(*) FROM racing.ingested_days WHERE d = %s", DAY) == 1
    bench.load(FLAT, trigger="cli", days=[dt.date.fromisoformat(NEXT_DAY)])
    assert bench.value("SELECT state FROM racing.ledger_segments") == "loaded"


def test_a_foreign_row_that_turns_up_in_a_file_is_ours_from_then_on(
    bench: Bench, month: Card
) -> None:
    stray = dict(month.races[0], race_key="adopted", race_name="From the file")
    bench.conn.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('adopted', %s, 'GB', 'By hand', 'Flat', 1)",
        (stray["date"],),
    )
    month.races.append(stray)
    bench.put(FLAT, month)
    assert bench.load(FLAT).effects.races.updated == 1
    month.races.remove(stray)
    bench.put(FLAT, month)
    assert bench.load(FLAT).effects.races.deleted == 1


def test_a_short_header_over_filled_columns_is_held(bench: Bench, month: Card) -> None:
    writers.TruncateWriter(bench.master, runner_columns=layout.SHORT_RUNNERS).rewrite(FLAT, month)
    outcome = bench.load(FLAT)
    assert outcome.result == "held"
    assert "columns" in outcome.reason
    assert "secs" in outcome.reason
    assert bench.value("SELECT count(*) FROM racing.runners WHERE secs IS NOT NULL") > 0
    assert bench.value("SELECT state FROM racing.ledger_segments") == "held"
    assert outcome.effects.runners.held == len(month.runners)
    assert bench.load(FLAT).result == "held"


def test_a_short_header_is_loaded_when_that_is_accepted(bench: Bench, month: Card) -> None:
    writers.TruncateWriter(bench.master, runner_columns=layout.SHORT_RUNNERS).rewrite(FLAT, month)
    outcome = bench.load(FLAT, trigger="cli", accept=["columns"])
    assert outcome.result == "loaded"
    assert bench.value("SELECT count(*) FROM racing.runners WHERE secs IS NOT NULL") == 0
    assert bench.load(FLAT).result == "unchanged"


def test_a_short_header_is_no_trouble_where_nothing_is_lost(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    writers.TruncateWriter(bench.master, runner_columns=layout.SHORT_RUNNERS).rewrite(FLAT, card)
    assert bench.load(FLAT).result == "loaded"
    assert bench.count("racing.runners") == len(card.runners)


@pytest.mark.parametrize("order", [(FLAT, JUMPS), (JUMPS, FLAT)])
def test_a_short_header_is_no_trouble_over_rows_that_another_folder_owns(
    bench: Bench, order: tuple[SegmentKey, SegmentKey]
) -> None:
    jumps = race("j", "a", kind="Hurdle", surface="Turf")
    jumps.runners[0]["secs"] = "241.5"
    bench.put(JUMPS, jumps)
    short = writers.TruncateWriter(bench.master, runner_columns=layout.SHORT_RUNNERS)
    short.rewrite(FLAT, together(race("f", "x"), jumps))
    races = writers.paths(bench.master, FLAT)["races"]
    races.write_bytes(races.read_bytes().replace(b"surface", b"unknown", 1))
    _, outcomes = bench.turn(*order)
    assert [outcome.result for outcome in outcomes] == ["loaded", "loaded"]
    assert bench.rows("SELECT secs FROM racing.runners WHERE runner_key = 'a'") == [(241.5,)]
    assert bench.rows("SELECT surface FROM racing.races WHERE race_key = 'j'") == [("Turf",)]
