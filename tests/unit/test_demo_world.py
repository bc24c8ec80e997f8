"""The made-up racing world: the same for ever, and like the real one where it matters."""

import datetime as dt
import re
from collections import Counter

import pytest

from giddyup_watch.demo import tree
from giddyup_watch.demo.racing import cards, layout, names, season
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import SegmentKey

JULY = SegmentKey("gb", "flat", "2024-07")
SATURDAY = dt.date(2024, 7, 6)


@pytest.fixture(scope="module")
def year() -> dict[SegmentKey, Card]:
    """A small year of all four segments."""
    world = World(seed=3, volume=0.15)
    return {key: world.month(key) for key in tree.segments(tree.months("2024-01", "2024-12"))}


def test_a_day_is_the_same_alone_and_in_its_month() -> None:
    month = World(seed=5, volume=0.5).month(JULY)
    alone = World(seed=5, volume=0.5).day("gb", "flat", SATURDAY)
    assert alone.races
    assert alone.races == [row for row in month.races if row["date"] == SATURDAY.isoformat()]
    keys = {row["race_key"] for row in alone.races}
    assert alone.runners == [row for row in month.runners if row["race_key"] in keys]


def test_another_seed_is_another_world() -> None:
    one, other = (World(seed).day("gb", "flat", SATURDAY) for seed in (1, 2))
    assert not {row["race_key"] for row in one.races} & {row["race_key"] for row in other.races}


def test_rows_have_the_columns_of_the_files() -> None:
    card = World(seed=1).day("gb", "flat", SATURDAY)
    assert all(tuple(row) == layout.RACES for row in card.races)
    assert all(tuple(row) == layout.RUNNERS for row in card.runners)


def test_keys_are_md5_and_never_twice(year: dict[SegmentKey, Card]) -> None:
    races = [row["race_key"] for card in year.values() for row in card.races]
    runners = [row["runner_key"] for card in year.values() for row in card.runners]
    assert len(set(races)) == len(races)
    assert len(set(runners)) == len(runners)
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in races + runners)


def test_every_runner_has_its_race_and_ran_counts_them(year: dict[SegmentKey, Card]) -> None:
    for card in year.values():
        runners = Counter(row["race_key"] for row in card.runners)
        assert {row["race_key"]: int(row["ran"]) for row in card.races} == runners


@pytest.mark.parametrize("clock", ["24h", "12h", "12h padded"])
def test_racing_is_between_ten_and_ten_however_the_time_is_written(clock: cards.Clock) -> None:
    offs = [row["off"] for row in World(seed=1, clock=clock).month(JULY).races]
    hours = {int(off.partition(":")[0]) for off in offs}
    if clock == "24h":
        assert hours <= set(range(10, 22))
    else:
        assert hours <= set(range(1, 13))
    assert all(re.fullmatch(r"\d\d:\d\d" if clock != "12h" else r"\d\d?:\d\d", o) for o in offs)
    assert any(off.startswith("0") for off in offs) == (clock == "12h padded")


def test_flat_is_for_summer_and_jumps_for_winter(year: dict[SegmentKey, Card]) -> None:
    def races(code: str, month: str) -> int:
        return len(year[SegmentKey("gb", code, month)].races)

    assert races("flat", "2024-07") > 2 * races("flat", "2024-01")
    assert races("jumps", "2024-01") > 2 * races("jumps", "2024-07")


def test_nobody_races_at_christmas(year: dict[SegmentKey, Card]) -> None:
    days = {day for card in year.values() for day in card.days}
    assert not days & {"2024-12-24", "2024-12-25"}
    assert "2024-12-26" in days


def test_a_year_has_the_size_asked_for(year: dict[SegmentKey, Card]) -> None:
    races = sum(len(card.races) for card in year.values())
    runners = sum(len(card.runners) for card in year.values())
    real_size = sum(sum(months) for months in season.RACES.values())
    assert races == pytest.approx(0.15 * real_size, rel=0.1)
    assert runners == pytest.approx(9.9 * races, rel=0.05)


def test_horses_run_again_and_keep_their_people(year: dict[SegmentKey, Card]) -> None:
    runs: dict[str, list[tuple[str, str, str, str]]] = {}
    for card in year.values():
        for row in card.runners:
            life = (row["trainer"], row["owner"], row["sire"], row["dam"])
            runs.setdefault(row["horse"], []).append(life)
    assert all(len(set(lives)) == 1 for lives in runs.values())
    assert sum(len(lives) > 1 for lives in runs.values()) > len(runs) / 2


def test_no_horse_runs_twice_a_day() -> None:
    card = World(seed=1).day("gb", "flat", SATURDAY)
    assert len({row["horse"] for row in card.runners}) == len(card.runners)


def test_a_course_races_under_one_code_a_day(year: dict[SegmentKey, Card]) -> None:
    codes: dict[tuple[str, str, str], set[str]] = {}
    for key, card in year.items():
        for row in card.races:
            course = row["course"].partition(" (")[0]
            codes.setdefault((key.region, course, row["date"]), set()).add(key.code)
    assert [place for place, both in codes.items() if len(both) > 1] == []


def test_each_race_has_one_winner_and_the_prices_of_the_field(year: dict[SegmentKey, Card]) -> None:
    for card in year.values():
        winners = Counter(row["race_key"] for row in card.runners if row["pos"] == "1")
        assert set(winners.values()) <= {1}
        assert len(winners) == len(card.races)
        assert all(1.01 <= float(row["win_bsp"]) <= 1000 for row in card.runners if row["win_bsp"])
    positions = {row["pos"] for card in year.values() for row in card.runners}
    assert {"NR", "PU", "F", "UR"} <= positions


def test_a_card_before_its_races_has_entries_only() -> None:
    card = World(seed=1).day("gb", "flat", SATURDAY)
    first = card.races[0]["race_key"]
    entries = cards.unrun(card, {first})
    assert [row["runner_key"] for row in entries.runners] == [
        row["runner_key"] for row in card.runners
    ]
    for row in entries.runners:
        waiting = row["race_key"] == first
        assert any(row[name] for name in layout.RESULT) != waiting
        assert row["horse"]


def test_every_number_has_a_name_of_its_own() -> None:
    horses = {names.horse(number) for number in range(400_000)}
    parents = {names.parent(number) for number in range(60_000)}
    assert len(horses) == 400_000
    assert len(parents) == 60_000
    assert not horses & parents
    assert {mark for mark in "'.éÜ-" if any(mark in name for name in horses)} == set("'.éÜ-")
