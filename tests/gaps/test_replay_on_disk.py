"""Three years replayed on real files, month after month, through the checks and their incidents."""

import datetime as dt
import random
from pathlib import Path

import pytest

from giddyup_watch.store.connection import Connection
from tests.gaps import replaying
from tests.gaps.conftest import TERMS
from tests.gaps.course import Course
from tests.gaps.replaying import ONE_DAY

FIRST_YEAR, LAST_YEAR = 2021, 2023
TAKEN = 12
NOON = dt.time(14, 0, tzinfo=TERMS.zone)


@pytest.fixture
def course(conn: Connection, tmp_path: Path) -> Course:
    master = tmp_path / "master"
    master.mkdir()
    return Course(conn, master)


def test_each_day_taken_out_is_one_incident_until_it_is_scraped(course: Course) -> None:
    raced = replaying.fixtures("gb", FIRST_YEAR, LAST_YEAR)
    either = sorted(set().union(*raced.values()))
    taken = sorted(random.Random(4).sample(either[:-5], TAKEN))
    opened: dict[str, int] = {}
    months = sorted({day.replace(day=1) for day in either})
    for month in months:
        seen = [d for d in replaying.days(month, replaying.month_end(month)) if d not in taken]
        for code in replaying.CODES:
            course.write(code, set(seen).intersection(raced[code]), seen=seen)
        course.now = dt.datetime.combine(replaying.month_end(month) + 2 * ONE_DAY, NOON)
        done = course.round()
        assert done.resolved == ()
        opened |= {one.key: one.gap_id for one in done.opened}
        assert sorted(opened) == [one.key for one in sorted(done.unresolved, key=lambda o: o.key)]
    assert sorted(opened) == [f"gb/{day}" for day in taken]

    for code in replaying.CODES:
        course.write(code, set(taken).intersection(raced[code]), seen=taken)
    assert {one.gap_id for one in course.round().resolved} == set(opened.values())
    assert course.open() == []


def test_the_files_say_to_the_calendar_what_the_replay_without_files_does(course: Course) -> None:
    """The two replays are of the same thing."""
    raced = replaying.fixtures("gb", FIRST_YEAR, LAST_YEAR)
    today = dt.date(FIRST_YEAR, 9, 20)
    seen = list(replaying.days(dt.date(FIRST_YEAR, 1, 1), today))
    for code in replaying.CODES:
        course.write(code, set(seen).intersection(raced[code]), seen=seen)
    ask = course.ask()
    sheets = ask.history.sheets(ask.fetch_all, ask.tree, today)["gb"]
    assert sheets == tuple(sorted(replaying.sheets(raced, today)))
