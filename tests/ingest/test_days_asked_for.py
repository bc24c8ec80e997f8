"""A run over some days leaves the others, and what is known of them, as they were."""

import datetime as dt

import pytest

from giddyup_watch.demo.racing.cards import Card
from tests.ingest.conftest import DAY, FLAT, NEXT_DAY, Bench, broken_races, race, together

ASKED, OTHER = dt.date.fromisoformat(DAY), dt.date.fromisoformat(NEXT_DAY)


@pytest.fixture
def two_days() -> Card:
    return together(race("f", "x"), race("g", "y", day=NEXT_DAY))


def segment_state(bench: Bench) -> tuple[str, str]:
    found: tuple[str, str] = bench.rows("SELECT state, reason FROM racing.ledger_segments")[0]
    return found


def test_force_leaves_the_segment_loaded(bench: Bench, two_days: Card) -> None:
    bench.put(FLAT, two_days)
    bench.load(FLAT)
    bench.load(FLAT, trigger="cli", force=True, days=[ASKED])
    assert segment_state(bench) == ("loaded", "")


def test_a_held_day_that_was_not_asked_for_keeps_its_segment_held(
    bench: Bench, two_days: Card
) -> None:
    bench.put(FLAT, together(two_days, broken_races(10, day=NEXT_DAY)))
    assert bench.load(FLAT).result == "held"
    outcome = bench.load(FLAT, trigger="cli", force=True, days=[ASKED])
    assert outcome.result == "loaded"
    state, reason = segment_state(bench)
    assert state == "held"
    assert reason.startswith(f"{NEXT_DAY} rejects")


def test_what_is_accepted_for_a_day_lifts_no_hold_of_another(bench: Bench, two_days: Card) -> None:
    bench.put(FLAT, together(two_days, broken_races(10), broken_races(10, day=NEXT_DAY)))
    assert bench.load(FLAT).result == "held"
    bench.load(FLAT, trigger="cli", accept=["rejects"], days=[ASKED])
    assert segment_state(bench)[0] == "held"
    days = bench.rows("SELECT d, state FROM racing.ledger_days ORDER BY d")
    assert days == [(ASKED, "loaded"), (OTHER, "held")]


def test_an_absent_day_that_was_not_asked_for_is_no_work(bench: Bench, two_days: Card) -> None:
    bench.put(FLAT, two_days)
    bench.load(FLAT)
    bench.put(FLAT, race("f", "x"))
    bench.load(FLAT)
    bench.load(FLAT, trigger="cli", force=True, days=[ASKED])
    assert segment_state(bench) == ("loaded", "")
