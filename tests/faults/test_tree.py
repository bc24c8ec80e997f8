"""Things happen to the tree that say nothing about racing: no row is lost, none is written."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from giddyup_watch.demo import tree, writers
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey
from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import FLAT, SEGMENTS, WORLD, Stage
from tests.flow.daemon import Daemon
from tests.wait import wait_until

#: For all segments, however they were touched.
TOUCHED_SECONDS = 10
#: Tables of which not even a row's version may change.
TABLES = ("races", "runners", "ingested_days", "ledger_segments", "ledger_days", "ledger_races")


@pytest.mark.failure(line=4)
def test_it_goes_away_in_the_middle_of_a_load(stage: Stage) -> None:
    away = stage.master.with_name("away")
    with stage.daemon() as daemon:
        with sessions.in_the_way(stage.url, sessions.LAST_LOCK):
            sessions.wait_until_blocked(stage.url)
            stage.master.rename(away)
            daemon.wait_for("tree_lost")
        stage.wait_until_loaded(1)
        ready = get(f"{daemon.url}/readyz")
        assert (ready.status, ready.document["checks"]["tree"]["ok"]) == (503, False)
        assert get(f"{daemon.url}/healthz").status == 200
        assert daemon.metric("tree_up") == 0
        away.rename(stage.master)
        daemon.wait_for("tree_back")
        stage.assert_ends_equal()
        assert get(f"{daemon.url}/readyz").status == 200
        assert not daemon.events("segment_absent")


@pytest.mark.failure(line=4)
def test_another_takes_its_place(stage: Stage) -> None:
    """As a mount does, or a deployment by links: the watches are on the old one."""
    stage.load()
    old, new = stage.master.with_name("old"), stage.master.with_name("new")
    shutil.copytree(stage.master, new)
    with stage.daemon() as daemon:
        wait_until(lambda: daemon.metric("ingests_total") == SEGMENTS)
        stage.master.rename(old)
        new.rename(stage.master)
        daemon.wait_for("watch_started", 2)
        stage.correct()
        stage.assert_ends_equal()
        assert daemon.metric("tree_up") == 1
        assert not daemon.events("events_missed")
        assert not daemon.events("segment_absent")


def test_a_folder_vanishes_and_comes_back(stage: Stage) -> None:
    stage.load()
    loaded = stage.facts()
    folder = writers.paths(stage.master, FLAT)["manifest"].parent
    away = stage.master.with_name("away")
    with stage.daemon() as daemon:
        folder.rename(away)
        (absent,) = daemon.wait_for("segment_absent")
        assert absent["segment"] == str(FLAT)
        assert stage.count("racing.ledger_segments", "state = 'absent'") == 1
        kept = stage.facts()
        assert {place for place in kept if kept[place] != loaded[place]} == {
            ("ledger_segments", FLAT.first_day)
        }
        away.rename(folder)
        stage.assert_ends_equal()
    assert stage.count("racing.etl_runs") == 1


@pytest.mark.failure(line=27)
def test_an_older_version_comes_back_with_its_times(stage: Stage) -> None:
    folder = writers.paths(stage.master, FLAT)["manifest"].parent
    backup = stage.master.with_name("backup")
    shutil.copytree(folder, backup)
    stage.correct()
    with stage.daemon():
        stage.wait_until_loaded(SEGMENTS)
        shutil.copytree(backup, folder, dirs_exist_ok=True)
        stage.assert_ends_equal()


@pytest.mark.failure(line=28)
def test_a_month_of_long_ago_is_corrected(stage: Stage) -> None:
    old = SegmentKey("ire", "jumps", "2007-03")
    tree.build(stage.master, WORLD, [old])
    stage.load()
    with stage.daemon() as daemon:
        wait_until(lambda: daemon.metric("ingests_total") == SEGMENTS + 1)
        stage.correct(old)
        (change,) = daemon.wait_for("segment_ingested")
        assert (change["segment"], change["runners_updated"]) == (str(old), 2)
        stage.assert_ends_equal()


def _touch(file: Path) -> None:
    if file.name == "manifest.json":
        os.utime(file)


def _change_mode(file: Path) -> None:
    file.chmod(0o640)


def _replace_by_copy(file: Path) -> None:
    copy = file.with_suffix(".new")
    shutil.copyfile(file, copy)
    copy.replace(file)


@pytest.mark.failure(line=29)
@pytest.mark.parametrize(
    "months",
    [
        pytest.param(4, id="4 months"),
        pytest.param(75, id="75 months", marks=pytest.mark.slow),
    ],
)
def test_everything_is_touched(stage: Stage, months: int) -> None:
    small = World(seed=5, volume=0.01)
    names = tree.months("2018-02", "2024-04")[-months:]
    built = tree.build(stage.master, small, tree.segments(names))
    stage.load()
    segments = SEGMENTS + built.segments
    before = _versions(stage)
    with stage.daemon() as daemon:
        _wait_until_read(daemon, segments)
        for change in (_touch, _change_mode, _replace_by_copy):
            started, read = time.monotonic(), daemon.metric("ingests_total")
            _all_files(stage.master, change)
            _wait_until_read(daemon, read + segments)
            assert time.monotonic() - started < TOUCHED_SECONDS
        wait_until(lambda: daemon.metric("queue_depth") == 0)
        assert not daemon.events("run_started")
        assert not daemon.events("events_missed")
    assert _versions(stage) == before


def _all_files(master: Path, change: Callable[[Path], None]) -> None:
    for file in [*master.glob("*/*/*/*.csv"), *master.glob("*/*/*/manifest.json")]:
        change(file)


def _wait_until_read(daemon: Daemon, segments: float) -> None:
    wait_until(lambda: daemon.metric("ingests_total") >= segments, 60)


def _versions(stage: Stage) -> dict[str, list[tuple[object, ...]]]:
    """Which version of each row is where: whoever writes one, even unchanged, makes a new one."""
    with sessions.session(stage.url) as other:
        return {
            table: other.execute(
                f"SELECT tableoid, ctid, xmin, xmax FROM racing.{table} ORDER BY 1, 2".encode()
            ).fetchall()
            for table in TABLES
        }
