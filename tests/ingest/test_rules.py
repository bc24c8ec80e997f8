"""Settings and versions that change results: segments loaded under others are read again."""

import datetime as dt

from giddyup_watch.demo import writers
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.ingest import segment
from giddyup_watch.ingest.run import Request
from giddyup_watch.model import Rules
from giddyup_watch.store import control
from tests.ingest.conftest import FLAT, NEXT_DAY, Bench, race, together

OTHER = Rules(off_times="24h")
TWO_DAYS = together(*(race(f"f{n}", [f"x{n}"]) for n in range(4)), race("g", ["y"], day=NEXT_DAY))


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


def read_by_other_rules(bench: Bench) -> bool:
    """Whether 2:10 is at night, in every race."""
    return bench.rows("SELECT DISTINCT off_time FROM racing.races") == [(dt.time(2, 10),)]


def test_what_was_parked_under_other_rules_is_read_by_them_when_resumed(bench: Bench) -> None:
    bench.put(FLAT, TWO_DAYS)
    bench.load(FLAT)
    bench.rules = OTHER
    segment.park(bench.session, FLAT, Request("watch"))
    control.resume(bench.conn)
    bench.load(FLAT)
    assert read_by_other_rules(bench)


def test_what_was_refused_under_other_rules_is_read_by_them_when_mended(bench: Bench) -> None:
    bench.put(FLAT, TWO_DAYS)
    bench.load(FLAT)
    bench.rules = OTHER
    path = writers.paths(bench.master, FLAT)["races"]
    path.write_bytes(path.read_bytes().replace(b"race_name", b"title", 1))
    assert bench.load(FLAT).result == "refused"
    bench.put(FLAT, TWO_DAYS)
    bench.load(FLAT)
    assert read_by_other_rules(bench)


def test_a_day_held_under_other_rules_is_read_by_them_when_mended(bench: Bench) -> None:
    bench.put(FLAT, TWO_DAYS)
    bench.load(FLAT)
    bench.rules = OTHER
    bench.put(FLAT, together(race("f0", ["x0"]), race("g", ["y"], day=NEXT_DAY)))
    assert bench.load(FLAT).result == "held"
    bench.put(FLAT, TWO_DAYS)
    assert bench.load(FLAT).result == "loaded"
    assert read_by_other_rules(bench)


def test_a_day_absent_under_other_rules_is_read_by_them_when_it_is_back(bench: Bench) -> None:
    bench.put(FLAT, TWO_DAYS)
    bench.load(FLAT)
    bench.rules = OTHER
    bench.put(FLAT, race("g", ["y"], day=NEXT_DAY))
    bench.load(FLAT)
    bench.put(FLAT, TWO_DAYS)
    bench.load(FLAT)
    assert read_by_other_rules(bench)


def test_a_held_day_is_loaded_when_vanished_rows_are_to_be_kept(bench: Bench) -> None:
    bench.put(FLAT, TWO_DAYS)
    bench.load(FLAT)
    bench.put(FLAT, together(race("f0", ["x0"]), race("g", ["y"], day=NEXT_DAY)))
    assert bench.load(FLAT).result == "held"
    bench.rules = Rules(vanished_rows="keep")
    assert bench.load(FLAT).result == "loaded"
    assert bench.count("racing.races") == len(TWO_DAYS.races)
