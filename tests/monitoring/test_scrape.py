"""Prometheus is answered at once, also while the daemon has its hands full."""

import shutil
import statistics
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from giddyup_watch.demo import tree
from giddyup_watch.demo.racing.cards import World
from tests.faults import conftest as faults
from tests.faults.conftest import Stage
from tests.flow.daemon import Daemon

pytestmark = pytest.mark.monitoring

master, stage = faults.master, faults.stage

#: As many races as there really are in the height of the season; each takes seconds to load.
BUSY = [[*tree.segments([month])] for month in ("2024-06", "2024-07", "2024-08")]
MEDIAN_SECONDS, P95_SECONDS = 0.1, 0.2
BETWEEN_SECONDS = 0.05
LOAD_SECONDS = 120


def test_a_scrape_takes_less_than_100_ms_during_a_load(stage: Stage, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    tree.build(prepared, World(seed=5), [key for month in BUSY for key in month])
    with stage.daemon() as daemon:
        stage.wait_until_loaded(faults.SEGMENTS)
        # A neighbour on the machine may spoil one month, not every one.
        seen = [scraped_while_loading(daemon, stage, prepared, turn) for turn in range(len(BUSY))]
    assert min(len(found) for found in seen) >= 10, seen
    told = [(statistics.median(found), statistics.quantiles(found, n=20)[-1]) for found in seen]
    assert min(median for median, _ in told) < MEDIAN_SECONDS, told
    assert min(p95 for _, p95 in told) < P95_SECONDS, told


def scraped_while_loading(daemon: Daemon, stage: Stage, prepared: Path, turn: int) -> list[float]:
    """Seconds that scrapes took from the arrival of a month until all of it was loaded."""
    for key in BUSY[turn]:
        if (prepared / str(key)).exists():
            shutil.copytree(prepared / str(key), stage.master / str(key))
    wanted = len([*stage.master.glob("*/*/*/manifest.json")])
    began, took = time.monotonic(), []
    while len(daemon.events("segment_ingested")) < wanted:
        assert time.monotonic() - began < LOAD_SECONDS, daemon.tail()
        asked = time.monotonic()
        with urllib.request.urlopen(f"{daemon.url}/metrics", timeout=20) as answer:
            assert b"giddyup_watch_queue_depth" in answer.read()
        took.append(time.monotonic() - asked)
        threading.Event().wait(BETWEEN_SECONDS)
    return took
