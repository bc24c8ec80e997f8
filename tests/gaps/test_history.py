"""What disk and ledger know together, and when it is read again."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from giddyup_watch.gaps.history import History, Sheets
from giddyup_watch.gaps.series import Sheet
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store.connection import Connection
from tests.gaps.course import Course

JUNE = dt.date(2024, 6, 1)
KEY = SegmentKey("gb", "flat", "2024-06")
TODAY = dt.date(2024, 6, 20)


@pytest.fixture
def course(conn: Connection, tmp_path: Path) -> Course:
    master = tmp_path / "master"
    master.mkdir()
    course = Course(conn, master)
    course.write("flat", [JUNE, JUNE + dt.timedelta(days=2)], seen=[JUNE + dt.timedelta(days=1)])
    return course


def sheets(course: Course, history: History, today: dt.date = TODAY) -> Sheets:
    ask = course.ask()
    return history.sheets(ask.fetch_all, ask.tree, today)


def test_the_disk_tells_of_days_with_races_and_days_claimed(course: Course) -> None:
    assert sheets(course, History()) == {"gb": (Sheet("flat", JUNE, 0b101, 0b111),)}


def test_the_ledger_tells_of_days_that_the_disk_lost(course: Course) -> None:
    course.turn(KEY)
    shutil.rmtree(layout.paths(course.master, KEY).folder)
    assert sheets(course, History()) == {"gb": (Sheet("flat", JUNE, 0b101, 0),)}


def test_claims_of_days_to_come_are_not_believed_before_they_come(course: Course) -> None:
    course.write("flat", [], seen=[JUNE + dt.timedelta(days=9)])
    claimed = {
        today: sheets(course, History(), JUNE + dt.timedelta(days=today))["gb"][0].claimed
        for today in (6, 7)
    }
    assert claimed == {6: 0, 7: 0b1000000111}


def test_files_that_cannot_be_read_are_said_to_be(course: Course) -> None:
    layout.paths(course.master, KEY).races.write_text("nothing of use\n")
    assert sheets(course, History()) == {"gb": (Sheet("flat", JUNE, 0, 0, unread=True),)}


def test_it_is_made_anew_only_when_something_changed(course: Course) -> None:
    history = History()
    before = sheets(course, history)
    assert sheets(course, history) is before

    course.turn(KEY)
    loaded = sheets(course, history)
    assert loaded == before
    assert loaded is not before
    assert sheets(course, history) is loaded

    shutil.rmtree(layout.paths(course.master, KEY).folder)
    assert sheets(course, history)["gb"][0].raced == 0b101
    course.conn.execute("DELETE FROM racing.ledger_days WHERE d = %s", [JUNE])
    assert sheets(course, history)["gb"][0].raced == 0b100
