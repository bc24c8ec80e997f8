"""The pretend scraper brings a tree up to date and then keeps it changing, never ahead of time."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.scraper import Scraper
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import content, snapshot

pytestmark = pytest.mark.long

WORLD = World(seed=1, volume=0.6)
START = dt.date(2024, 3, 29)
EVENING = dt.datetime.combine(dt.date(2024, 3, 30), dt.time(20))
STEPS_A_DAY = 12  # more than it takes to publish a busy one


@pytest.fixture
def master(tmp_path: Path) -> Path:
    keys = tree.segments(["2024-03"])
    tree.build(tmp_path, WORLD, keys, today=START)
    return tmp_path


def _news(master: Path, now: dt.datetime, steps: int) -> list[str]:
    scraper = Scraper(master, WORLD, lambda: now)
    return [scraper.step() for _ in range(steps)]


def _days(master: Path) -> set[str]:
    return {
        day
        for manifest in master.rglob("manifest.json")
        for day in edits.read(master, SegmentKey(*manifest.parent.parts[-3:])).days
    }


def _waiting(master: Path, day: dt.date) -> set[str]:
    """Off times of the day's races that have no result."""
    waiting = set()
    for key in tree.segments([f"{day:%Y-%m}"]):
        card = edits.read(master, key)
        run = {row["race_key"] for row in card.runners if row["pos"]}
        today = [row for row in card.races if row["date"] == day.isoformat()]
        waiting |= {row["off"] for row in today if row["race_key"] not in run}
    return waiting


def test_results_come_once_their_race_is_off(master: Path) -> None:
    before = _waiting(master, START)
    _news(master, dt.datetime.combine(START, dt.time(16)), STEPS_A_DAY)
    after = _waiting(master, START)
    assert before > after
    assert {off for off in after if int(off.split(":")[0]) < 4} == set()
    assert {"4:30", "5:05"} <= after


def test_it_goes_on_to_the_next_days_and_months_until_now(master: Path) -> None:
    last = dt.date(2024, 4, 3)
    assert WORLD.day("gb", "flat", last).races
    _news(master, dt.datetime.combine(last, dt.time(23)), steps=4 * STEPS_A_DAY)
    assert max(_days(master)) == last.isoformat()
    assert not _waiting(master, last)
    assert not _waiting(master, START)


def test_results_are_corrected_and_runners_withdrawn(master: Path) -> None:
    now = dt.datetime.combine(START, dt.time(9))
    before = {key: edits.read(master, key) for key in tree.segments(["2024-03"])}
    news = _news(master, now, steps=5)
    assert any("wins after all" in line for line in news)
    assert any("will not run" in line for line in news)
    assert {key: edits.read(master, key) for key in tree.segments(["2024-03"])} != before


def test_every_change_leaves_whole_segments(master: Path) -> None:
    scraper = Scraper(master, WORLD, lambda: EVENING)
    for _ in range(STEPS_A_DAY):
        scraper.step()
        for key in tree.segments(["2024-03"]):
            found = snapshot.read(master, key)
            assert found.manifest is not None
            assert content.parse(found).agrees(found.manifest)


def test_an_empty_tree_begins_yesterday(tmp_path: Path) -> None:
    _news(tmp_path, EVENING, steps=1)
    assert _days(tmp_path) == {"2024-03-30"}


def test_the_sample_is_three_months_up_to_today(tmp_path: Path) -> None:
    tree.sample(tmp_path, dt.date(2024, 1, 3))
    assert {path.name for path in tmp_path.glob("*/*/*")} == {"2023-11", "2023-12", "2024-01"}
    assert writers.paths(tmp_path, SegmentKey("gb", "flat", "2023-12"))["races"].exists()


def test_as_a_program_it_ends_with_its_standard_input(master: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "giddyup_watch.demo.scraper", master, "--interval", "0.05"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin
    assert program.stdout
    with program.stdout as said:
        assert said.readline().startswith("scraper: ")
        program.stdin.close()
        assert program.wait(timeout=30) == 0
        assert all(line.startswith("scraper: ") for line in said)
