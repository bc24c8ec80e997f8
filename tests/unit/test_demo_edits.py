"""Edits change what they say and nothing else."""

import datetime as dt
from pathlib import Path

import pytest

from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing import cards
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import SegmentKey

KEY = SegmentKey("ire", "jumps", "2024-01")
WORLD = World(seed=4, volume=0.5)


@pytest.fixture
def card() -> Card:
    return WORLD.month(KEY)


def _changed(before: Card, after: Card) -> set[str]:
    old = {row["runner_key"]: row for row in before.runners}
    return {row["runner_key"] for row in after.runners if old[row["runner_key"]] != row}


def test_a_corrected_result_reverses_the_first_two(card: Card) -> None:
    race = edits.resulted(card)[0]
    winner, second = edits.correct_result(card, race)
    assert (winner["pos"], second["pos"]) == ("1", "2")
    assert _changed(WORLD.month(KEY), card) == {winner["runner_key"], second["runner_key"]}


def test_only_races_with_a_result_can_be_corrected(card: Card) -> None:
    assert len(edits.resulted(card)) > 0
    assert edits.resulted(cards.unrun(card)) == []


def test_a_withdrawn_runner_is_gone_and_ran_is_one_less(card: Card) -> None:
    runner = card.runners[0]["runner_key"]
    gone = edits.withdraw_runner(card, runner)
    race = next(row for row in card.races if row["race_key"] == gone["race_key"])
    assert gone["runner_key"] == runner
    assert int(race["ran"]) == len(edits.field_of(card, gone["race_key"]))
    assert len(card.runners) == len(WORLD.month(KEY).runners) - 1


def test_a_dropped_day_takes_its_runners_along(card: Card) -> None:
    day = card.days[0]
    edits.drop_day(card, day)
    assert day not in card.days
    races = {row["race_key"] for row in card.races}
    assert {row["race_key"] for row in card.runners} == races


def test_part_has_the_races_asked_for(card: Card) -> None:
    races = {row["race_key"] for row in card.races[:2]}
    part = edits.part(card, races)
    assert {row["race_key"] for row in part.races} == races
    assert {row["race_key"] for row in part.runners} == races


def test_files_are_cut_and_rewritten(tmp_path: Path, card: Card) -> None:
    writers.AppendWriter(tmp_path).append(KEY, card)
    path = writers.paths(tmp_path, KEY)["runners"]
    whole = path.read_bytes()
    edits.cut_file(path, -10)
    assert path.read_bytes() == whole[:-10]
    edits.cut_file(path, 100)
    assert path.read_bytes() == whole[:100]
    edits.rewrite_text(path, b"race_key", b"key of the race")
    assert path.read_bytes().startswith(b"key of the race,num")


def test_months_run_over_years() -> None:
    assert tree.months("2023-11", "2024-02") == ["2023-11", "2023-12", "2024-01", "2024-02"]


def test_a_tree_ends_with_the_racecards_of_its_day(tmp_path: Path) -> None:
    today = dt.date.fromisoformat(WORLD.month(KEY).days[1])
    seen: list[SegmentKey] = []
    keys = [KEY, SegmentKey("ire", "jumps", "2024-02")]
    built = tree.build(tmp_path, WORLD, keys, today=today, progress=seen.append)
    assert (built.segments, seen) == (1, keys)
    found = edits.read(tmp_path, KEY)
    assert found.days == WORLD.month(KEY).days[:2]
    for day in found.days:
        races = {row["race_key"] for row in found.races if row["date"] == day}
        results = [row["pos"] for row in edits.part(found, races).runners if row["pos"]]
        assert bool(results) == (day != today.isoformat())


def test_a_tree_is_made_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.main([str(tmp_path), "--years", "2024-2024", "--volume", "0.02"])
    assert capsys.readouterr().out.startswith("45 segments,")
    assert len(list(tmp_path.rglob("manifest.json"))) == 45
