"""What the tree holds, day by day, read again only where files changed."""

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from giddyup_watch.demo import writers
from giddyup_watch.demo.racing import cards
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout, tree
from giddyup_watch.source.inventory import Holding, Inventory

FLAT, JUMPS = SegmentKey("gb", "flat", "2024-02"), SegmentKey("gb", "jumps", "2024-02")
WORLD = World(seed=2, volume=0.15)
#: Some of them without racing.
DAYS = [dt.date(2024, 2, day) for day in range(1, 13)]


def card(key: SegmentKey) -> Card:
    made = Card()
    for day in DAYS:
        made.extend(WORLD.day(key.region, key.code, day))
    return made


@pytest.fixture
def master(tmp_path: Path) -> Path:
    for key in (FLAT, JUMPS):
        writers.AppendWriter(tmp_path).append(key, card(key))
    return tmp_path


def update(inventory: Inventory, master: Path) -> bool:
    return inventory.update(master, layout.look(master, ("gb",), ("flat", "jumps")))


def held(master: Path, key: SegmentKey = FLAT) -> Holding:
    inventory = Inventory()
    update(inventory, master)
    return inventory.holdings[key]


def test_it_counts_the_races_of_each_day(master: Path) -> None:
    races = {str(day): sum(counts.values()) for day, counts in held(master).races.items()}
    rows = [row["date"] for row in card(FLAT).races]
    assert races == {day: rows.count(day) for day in rows}


def test_it_knows_the_days_claimed_without_racing(master: Path) -> None:
    holding = held(master)
    assert holding.claimed == holding.vouched == set(DAYS)
    assert set(holding.races) < holding.claimed


def test_days_are_bits_too(master: Path) -> None:
    holding = held(master)
    assert holding.vouched_bits == (1 << len(DAYS)) - 1
    assert holding.raced_bits == sum(1 << (day.day - 1) for day in holding.races)


def test_the_code_is_that_of_the_type_whatever_the_folder(master: Path) -> None:
    writers.AppendWriter(master).append(FLAT, card(JUMPS))
    counts = held(master).races.values()
    assert {code for one in counts for code in one} == {"flat", "jumps"}
    inventory = Inventory()
    update(inventory, master)
    assert inventory.days("gb", "jumps") == set(held(master, JUMPS).races)
    assert inventory.days("gb") == inventory.days("gb", "flat") | inventory.days("gb", "jumps")
    assert inventory.days("ire") == set()


def test_only_what_changed_is_read_again(master: Path) -> None:
    inventory = Inventory()
    assert update(inventory, master)
    before = inventory.holdings
    assert not update(inventory, master)
    assert inventory.holdings is before
    writers.RenameWriter(master).replace(FLAT, cards.unrun(card(FLAT)))
    assert update(inventory, master)
    assert inventory.holdings[JUMPS] is before[JUMPS]
    assert inventory.holdings[FLAT] is not before[FLAT]
    shutil.rmtree(layout.paths(master, JUMPS).folder)
    assert update(inventory, master)
    assert list(inventory.holdings) == [FLAT]


def test_races_that_were_only_touched_are_not_counted_again(master: Path) -> None:
    inventory = Inventory()
    update(inventory, master)
    before = inventory.holdings[FLAT]
    files = layout.paths(master, FLAT)
    for file in (files.manifest, files.races, files.runners):
        file.touch()
    assert update(inventory, master)
    after = inventory.holdings[FLAT]
    assert after.races is before.races
    assert after.stamp != before.stamp
    files.races.write_bytes(files.races.read_bytes().replace(b"2024-02-01", b"2024-02-02"))
    assert update(inventory, master)
    assert dt.date(2024, 2, 1) not in inventory.holdings[FLAT].races


def test_a_tree_that_goes_meanwhile_is_no_empty_tree(master: Path) -> None:
    inventory = Inventory()
    look = layout.look(master, ("gb",), ("flat", "jumps"))
    shutil.rmtree(master)
    with pytest.raises(TreeMissingError):
        inventory.update(master, look)
    assert inventory.holdings == {}


class TestClaims:
    """Which of them are vouched for."""

    def claim(self, master: Path, days: list[str], **more: object) -> Holding:
        document = {"race_count": 1, "runner_count": 1, "processed_dates": days, **more}
        layout.paths(master, FLAT).manifest.write_text(json.dumps(document))
        return held(master)

    def test_the_second_writer_claims_31_days_of_any_month(self, master: Path) -> None:
        writers.TruncateWriter(master).rewrite(FLAT, card(FLAT))
        holding = held(master)
        assert len(holding.claimed) == 29
        assert holding.vouched == frozenset()

    def test_a_whole_month_of_a_writer_that_records_its_batches(self, master: Path) -> None:
        month = [f"2024-02-{day:02}" for day in range(1, 30)]
        assert len(self.claim(master, month, processed_sources=[]).vouched) == 29
        assert len(self.claim(master, month, validation={}).vouched) == 29
        assert self.claim(master, month).vouched == frozenset()
        assert len(self.claim(master, month[1:]).vouched) == 28

    def test_a_date_that_does_not_exist(self, master: Path) -> None:
        assert self.claim(master, ["2024-02-01", "2024-02-30"], validation={}).vouched == set()

    def test_days_of_other_months_count_for_nothing(self, master: Path) -> None:
        assert self.claim(master, ["2024-02-01", "2024-03-01"]).claimed == {DAYS[0]}


class TestWhatCannotBeRead:
    def test_a_folder_without_races_holds_nothing(self, master: Path) -> None:
        layout.paths(master, FLAT).races.unlink()
        holding = held(master)
        assert (holding.races, holding.vouched, holding.problem) == ({}, frozenset(), "")

    def test_an_empty_folder_is_no_segment(self, master: Path) -> None:
        for path in layout.paths(master, FLAT).folder.iterdir():
            path.unlink()
        inventory = Inventory()
        update(inventory, master)
        assert list(inventory.holdings) == [JUMPS]

    def test_a_header_that_cannot_be_used_is_a_problem(self, master: Path) -> None:
        layout.paths(master, FLAT).races.write_text("what,is,this\n")
        assert "gb/flat/2024-02" in held(master).problem

    def test_a_link_is_a_problem(self, master: Path) -> None:
        path = layout.paths(master, FLAT).races
        path.rename(master / "races.csv")
        path.symlink_to(master / "races.csv")
        assert "is not a regular file" in held(master).problem

    def test_a_manifest_half_written_claims_nothing(self, master: Path) -> None:
        path = layout.paths(master, FLAT).manifest
        path.write_bytes(path.read_bytes()[:40])
        holding = held(master)
        assert holding.races
        assert holding.claimed == frozenset()

    def test_lines_that_cannot_be_read_are_passed_by(self, master: Path) -> None:
        path = layout.paths(master, FLAT).races
        before = held(master).races
        with path.open("a") as file:
            file.write("2024-02-31,GB\nnonsense\n2024-03-01" + "," * 18 + "\n")
        assert held(master).races == before


def test_a_segment_that_vanishes_behind_the_look_holds_nothing(master: Path) -> None:
    look = layout.look(master, ("gb",), ("flat", "jumps"))
    shutil.rmtree(layout.paths(master, FLAT).folder)
    inventory = Inventory()
    inventory.update(master, look)
    assert inventory.holdings[FLAT].races == {}
    assert look.segments[FLAT] != tree.NOT_THERE
