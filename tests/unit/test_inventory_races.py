"""The inventory counts races as the ingest does, and keeps what it knew while they are written."""

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from giddyup_watch.demo import writers
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Holding, Inventory
from tests.ingest.conftest import CODES, FLAT, NEXT_DAY, REGIONS, race, together
from tests.wait import wait_until


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


def test_the_later_line_of_a_key_wins_and_a_day_of_another_month_is_none(master: Path) -> None:
    moved = race("one", ["a"], day=NEXT_DAY)
    writers.TruncateWriter(master).rewrite(
        FLAT, together(race("one", ["a"]), moved, race("odd", [], day="2024-07-01"))
    )
    assert updated(Inventory(), master).races == {dt.date.fromisoformat(NEXT_DAY): {"flat": 1}}


def test_a_file_that_is_being_written_is_what_it_was_until_it_can_be_read(master: Path) -> None:
    """An incident must not be resolved because somebody writes just now."""
    races = layout.paths(master, FLAT).races
    with races.open("ab") as file:
        file.write(b"x" * 8_000_000 + b"\n")  # no race, but reading it takes a while
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
