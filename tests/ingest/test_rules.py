"""Settings and versions that change results: segments loaded under others are read again."""

import datetime as dt

from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.model import Rules
from tests.ingest.conftest import FLAT, Bench


def test_a_change_of_off_times_reads_every_segment_again(bench: Bench, month: Card) -> None:
    assert bench.value("SELECT min(off_time) FROM racing.races") >= dt.time(10)
    bench.rules = Rules(off_times="24h")
    outcome = bench.load(FLAT)
    assert outcome.effects.races.updated > 0
    assert bench.value("SELECT min(off_time) FROM racing.races") < dt.time(10)
    bench.rules = Rules()
    assert bench.load(FLAT).effects.races.updated == outcome.effects.races.updated
    assert bench.value("SELECT min(off_time) FROM racing.races") >= dt.time(10)


def test_other_rules_that_change_nothing_write_nothing(bench: Bench, month: Card) -> None:
    bench.rules = Rules(shrink_guard_percent=20)
    outcome = bench.load(FLAT)
    assert outcome.effects.written == 0
    assert outcome.effects.runners.unchanged == len(month.runners)
    assert bench.value("SELECT rules FROM racing.ledger_segments") == bench.rules.fingerprint


def test_a_wider_guard_lets_a_held_day_in(bench: Bench, month: Card) -> None:
    day = month.days[0]
    keys = [race["race_key"] for race in month.races if race["date"] == day]
    bad = [dict(month.races[0], race_key=f"bad-{n}", course="") for n in range(len(keys) + 4)]
    month.races += bad
    bench.put(FLAT, month)
    assert bench.load(FLAT).result == "held"
    bench.rules = Rules(reject_budget_percent=100)
    assert bench.load(FLAT).result == "loaded"
