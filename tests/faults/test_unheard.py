"""Changes that the kernel tells nobody of: they are found by looking, and all are loaded."""

import os
import signal
from pathlib import Path

import pytest

from giddyup_watch.demo import tree, writers
from giddyup_watch.demo.racing.cards import World
from tests.faults.conftest import FLAT, SEGMENTS, WORLD, Stage
from tests.wait import wait_until

pytestmark = pytest.mark.slow

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
#: Out of reach: nothing here is found because the time for a look had come.
NEVER = 3600
#: Made together with what is in them, faster than anybody can watch them: 300 segments.
MANY = tree.months("2010-01", "2016-03")


@pytest.mark.failure(line=1)
def test_more_events_than_the_queue_holds(stage: Stage) -> None:
    with stage.daemon(watch__rescan_seconds=NEVER) as daemon:
        stage.wait_until_loaded(SEGMENTS)
        os.kill(daemon.pid, signal.SIGSTOP)
        noise = writers.paths(stage.master, FLAT)["manifest"].parent
        for number in range(int(QUEUE.read_text()) // 2 + 2000):  # each is made, and closed
            os.close(os.open(noise / f"{number}.tmp", os.O_CREAT | os.O_WRONLY))
        stage.correct()
        tree.build(stage.master, WORLD, tree.segments(["2024-03", "2024-04"]))
        os.kill(daemon.pid, signal.SIGCONT)
        stage.wait_until_loaded(3 * SEGMENTS)
        stage.assert_ends_equal()
        assert daemon.metric("fs_queue_overflows_total") >= 1
        assert daemon.events("events_lost")
        # Whether an event comes after all is known at the look that follows: a folder brings one.
        (noise / "folder").mkdir()
        wait_until(lambda: daemon.metric("events_missed_total") >= 2 * SEGMENTS)
        assert daemon.events("events_missed")


@pytest.mark.failure(line=2)
def test_files_that_are_there_before_their_folder_is_watched(stage: Stage) -> None:
    small = World(seed=5, volume=0.01)
    with stage.daemon(watch__rescan_seconds=NEVER) as daemon:
        stage.wait_until_loaded(SEGMENTS)
        built = tree.build(stage.master, small, tree.segments(MANY))
        assert built.segments > 200
        loaded = "state = 'loaded'"
        wait_until(
            lambda: stage.count("racing.ledger_segments", loaded) == SEGMENTS + built.segments, 180
        )
        assert stage.count("racing.races", "race_date < '2024-01-01'") == built.races
        assert stage.count("racing.runners", "race_date < '2024-01-01'") == built.runners
        assert not daemon.events("events_missed")
