"""Dirt is put where it is told, every kind of it, and the same each time."""

from collections import Counter
from pathlib import Path

import pytest

from giddyup_watch.demo import edits, mess, tree, writers
from giddyup_watch.demo.mess import Spot
from giddyup_watch.demo.racing import layout
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import content, snapshot

KEY = SegmentKey("gb", "flat", "2024-05")
WORLD = World(seed=2, volume=0.3)
ALL_KINDS = {kind.kind for kind in (*mess.CELLS, *mess.LINES)} | {
    mess.TWIN_RACE,
    mess.TWIN_RUNNER,
    mess.OLD_KEY,
}


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tree.Built]:
    master = tmp_path_factory.mktemp("master")
    keys = tree.segments(tree.months("2024-04", "2024-06"))
    return master, tree.build(master, WORLD, keys, messy=True)


def _rejects(master: Path, key: SegmentKey) -> int:
    parsed = content.parse(snapshot.read(master, key))
    rejects = parsed.rejects + [r for day in parsed.days.values() for r in day.rejects]
    return sum(reject.counts for reject in rejects)


def test_kinds_have_names_of_their_own() -> None:
    kinds = Counter(kind.kind for kind in (*mess.CELLS, *mess.LINES))
    assert set(kinds.values()) == {1}


def test_a_messy_tree_has_every_kind_of_dirt(messy: tuple[Path, tree.Built]) -> None:
    _, built = messy
    assert {spot.kind for spots in built.dirt.values() for spot in spots} == ALL_KINDS


def test_no_month_has_more_bad_lines_than_a_day_forgives(messy: tuple[Path, tree.Built]) -> None:
    master, built = messy
    for key, spots in built.dirt.items():
        bad = [spot for spot in spots if spot.kind in {line.kind for line in mess.LINES}]
        assert _rejects(master, key) == len(bad) <= mess.LINES_A_MONTH


def test_dirty_cells_stand_in_the_file_as_told() -> None:
    card = WORLD.month(KEY)
    spots = mess.spoil(card, seed=2, turn=0)
    rows = {row["race_key"]: row for row in card.races}
    rows |= {row["runner_key"]: row for row in card.runners}
    cells = [spot for spot in spots if spot.kind in {cell.kind for cell in mess.CELLS}]
    assert len(cells) == len(mess.CELLS)
    assert [s for s in cells if s.column and rows[s.key][s.column] != s.text] == []


def test_no_row_is_spoiled_twice(messy: tuple[Path, tree.Built]) -> None:
    for spots in messy[1].dirt.values():
        keys = Counter((spot.table, spot.key) for spot in spots)
        assert set(keys.values()) == {1}


def test_the_same_turn_makes_the_same_mess() -> None:
    def spoiled(turn: int) -> list[Spot]:
        return mess.spoil(WORLD.month(KEY), seed=2, turn=turn)

    assert spoiled(1) == spoiled(1)
    assert spoiled(1) != spoiled(2)


def test_a_small_month_takes_what_dirt_it_can() -> None:
    card = WORLD.day("gb", "jumps", WORLD_DAY)
    before = len(card.races)
    spots = mess.spoil(card, seed=1, turn=0)
    assert 0 < len([spot for spot in spots if spot.table == "races"]) <= before


WORLD_DAY = next(
    day
    for day in (KEY.first_day.replace(day=number) for number in range(1, 32))
    if WORLD.day("gb", "jumps", day).races
)


def test_a_raw_line_is_written_as_it_is(tmp_path: Path) -> None:
    card = WORLD.day("gb", "jumps", WORLD_DAY)
    count = len(card.runners)
    card.runners.insert(1, card.runners[0] | {layout.RAW: "\\.\r\n"})
    writers.TruncateWriter(tmp_path).rewrite(KEY, card)
    lines = writers.paths(tmp_path, KEY)["runners"].read_bytes().splitlines()
    assert lines[2] == b"\\."
    assert len(lines) == count + 2
    assert len(edits.read(tmp_path, KEY).runners) == count + 1
