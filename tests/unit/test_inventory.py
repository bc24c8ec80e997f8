"""What the tree holds by day: counted as the ingest counts, read again only where it changed."""

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from giddyup_watch.demo import writers
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Holding, Inventory
from tests.ingest.conftest import CODES, DAY, FLAT, JUMPS, NEXT_DAY, REGIONS, race, together
from tests.wait import wait_until

FIFTH, SIXTH = dt.date.fromisoformat(DAY), dt.date.fromisoformat(NEXT_DAY)


@pytest.fixture
def master(tmp_path: Path) -> Path:
    card = together(race("one", ["a"]), race("two", ["b"], kind="Chase"), race("three", ["c"]))
    writers.TruncateWriter(tmp_path).rewrite(FLAT, card)
    return tmp_path


def updated(inventory: Inventory, master: Path) -> Holding:
    inventory.update(master, layout.look(master, REGIONS, CODES))
    return inventory.holdings[FLAT]


def grown(path: Path) -> Callable[[], bool]:
    """Whether the file is larger than it is now."""
    size = path.stat().st_size
    return lambda: path.stat().st_size > size


def test_races_are_counted_by_day_and_the_code_of_their_type(master: Path) -> None:
    assert updated(Inventory(), master).races == {FIFTH: {"flat": 2, "jumps": 1}}


def test_the_later_line_of_a_key_wins_and_a_day_of_another_month_is_none(master: Path) -> None:
    moved = race("one", ["a"], day=NEXT_DAY)
    writers.TruncateWriter(master).rewrite(
        FLAT, together(race("one", ["a"]), moved, race("odd", [], day="2024-07-01"))
    )
    assert updated(Inventory(), master).races == {SIXTH: {"flat": 1}}


def test_only_what_changed_is_read_again(master: Path) -> None:
    writers.TruncateWriter(master).rewrite(JUMPS, race("hurdle", ["d"], kind="Hurdle"))
    inventory = Inventory()
    updated(inventory, master)
    before = dict(inventory.holdings)
    writers.TruncateWriter(master).rewrite(JUMPS, race("chase", ["d"], kind="Chase"))
    updated(inventory, master)
    assert inventory.holdings[FLAT] is before[FLAT]
    assert inventory.holdings[JUMPS] is not before[JUMPS]


def test_what_can_never_be_read_is_said(master: Path) -> None:
    races = layout.paths(master, FLAT).races
    races.unlink()
    races.mkdir()
    held = updated(Inventory(), master)
    assert held.races == {}
    assert "not a regular file" in held.problem


def test_a_file_that_is_being_written_is_what_it_was_until_it_can_be_read(master: Path) -> None:
    """An incident must not be resolved because somebody writes just now."""
    races = layout.paths(master, FLAT).races
    with races.open("ab") as file:
        file.write(
            b"x" * 8_000_000 + b"\n"
        )  # a line that is no race, so that reading takes a while
    inventory, done = Inventory(), threading.Event()
    known = updated(inventory, master).races

    def write() -> None:
        with races.open("ab", buffering=0) as file:
            while not done.is_set():
                file.write(b"\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            wait_until(grown(races), what="nothing was written")
            assert updated(inventory, master).races == known
    finally:
        done.set()
        writer.join()
    stamp = updated(inventory, master).stamp.races
    assert stamp is not None
    assert stamp.size == races.stat().st_size
