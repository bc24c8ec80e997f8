"""The line that `systemctl status` shows."""

from dataclasses import replace

import pytest

from giddyup_watch.daemon import summary
from giddyup_watch.daemon.state.board import NOT_CHECKED
from giddyup_watch.daemon.state.heartbeat import Stall
from giddyup_watch.daemon.summary import View
from giddyup_watch.model import SegmentKey

JUNE, JULY = SegmentKey("gb", "flat", "2024-06"), SegmentKey("gb", "flat", "2024-07")
JUMPS = SegmentKey("gb", "jumps", "2024-07")
FINE = dict.fromkeys(("database", "tree", "migrations", "adoption"), "")
IDLE = View(
    problems=FINE, stalls=(), role="active", compared=True, paused=False, waiting=(), in_hand=(),
    mode="inotify",
)  # fmt: skip


def test_nothing_to_do() -> None:
    assert summary.line(IDLE) == "up to date, watching by inotify"
    assert summary.line(replace(IDLE, compared=False)).startswith("comparing the tree")


def test_how_far_behind_and_what_is_being_loaded() -> None:
    view = replace(IDLE, waiting=(JUNE, JULY), in_hand=(JULY,))
    assert summary.line(view) == "2 months behind, loading gb/flat/2024-07"
    view = replace(IDLE, waiting=(JULY, JUMPS))
    assert summary.line(view) == "1 month behind (2 segments)"


def test_what_it_waits_for() -> None:
    gone = replace(IDLE, problems=FINE | {"database": "no connection:\n  refused"}, waiting=(JUNE,))
    assert summary.line(gone) == "waiting: database: no connection: refused, 1 month behind"
    assert summary.line(replace(IDLE, role="standby")).startswith("standing by")
    assert summary.line(replace(IDLE, paused=True)).startswith("paused")


def test_a_loop_that_makes_no_progress_comes_first() -> None:
    stall = Stall("worker", "ingest", 63.4, 60.0)
    view = replace(IDLE, stalls=(stall,), waiting=(JUNE,), in_hand=(JUNE,))
    assert summary.line(view).startswith("stalled: worker made no progress in 'ingest' for 63 s")


def test_at_the_end() -> None:
    assert summary.stopping(IDLE, 60) == "stopping"
    busy = replace(IDLE, waiting=(JULY,), in_hand=(JULY,))
    assert summary.stopping(busy, 41.2) == ("stopping: finishing gb/flat/2024-07, given up in 41 s")


@pytest.mark.parametrize(
    ("known", "settled"),
    [
        ({}, True),
        ({"tree": NOT_CHECKED}, False),
        ({"database": NOT_CHECKED}, False),
        ({"migrations": NOT_CHECKED, "adoption": NOT_CHECKED}, False),
        ({"database": "down", "migrations": NOT_CHECKED}, True),
        ({"tree": "gone"}, True),
        ({"migrations": "due: 0007"}, True),
    ],
)
def test_ready_is_said_when_everything_was_looked_at(known: dict[str, str], settled: bool) -> None:
    view = replace(IDLE, problems=FINE | known)
    assert view.settled is settled
    if not settled:
        assert summary.line(view).startswith("starting")
