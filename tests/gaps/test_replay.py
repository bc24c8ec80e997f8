"""Fifteen years replayed, the calendar knowing at each step only what was there by then.

With a manifest that claims each day looked at, every day taken out is found. Where
manifests cannot be believed, every day is that the calendar can expect: there is racing
on nearly all days like it. In GB that is any day of the year, in Ireland next to none.
"""

import datetime as dt
import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from giddyup_watch.gaps import calendar
from giddyup_watch.gaps.checks import days
from giddyup_watch.gaps.series import Sheet
from tests.gaps import replaying
from tests.gaps.replaying import BLANK_DAYS, ONE_DAY, Habit

pytestmark = pytest.mark.failure(line=26)

FIRST_YEAR, LAST_YEAR = 2005, 2019
YEARS = LAST_YEAR - FIRST_YEAR + 1
TAKEN_A_YEAR = 6
#: A day begins so long before everything of it should be there.
DUE = ONE_DAY


@dataclass
class Replay:
    """`seen` are the days that were ever missing, `last` those that still are at the end."""

    taken: set[dt.date]
    seen: set[dt.date] = field(default_factory=set)
    last: set[dt.date] = field(default_factory=set)

    @property
    def false_alarms(self) -> set[dt.date]:
        return self.seen - self.taken


def replay(region: str, habit: Habit, steps: Iterator[dt.date], seed: int = 1) -> Replay:
    raced = replaying.fixtures(region, FIRST_YEAR, LAST_YEAR + 1, seed)
    either = sorted(day for day in set().union(*raced.values()) if day.year <= LAST_YEAR)
    made = Replay(set(random.Random(seed).sample(either, TAKEN_A_YEAR * YEARS)))
    whole = replaying.whole(raced, habit, made.taken)
    for today in steps:
        sheets = replaying.as_of(whole, today)
        found = calendar.read(sheets, today - DUE, BLANK_DAYS).missing
        made.last = {one.day for one in found}
        made.seen |= made.last
    return made


def by_month() -> Iterator[dt.date]:
    """Every second month, on another day each, and once when the days taken last are due."""
    for number in range(0, YEARS * 12, 2):
        yield dt.date(FIRST_YEAR + number // 12, number % 12 + 1, number % 28 + 1)
    yield dt.date(LAST_YEAR + 1, 1, 5)


def by_day() -> Iterator[dt.date]:
    return replaying.days(dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR + 1, 1, 5))


def assert_found(region: str, habit: Habit, made: Replay) -> None:
    assert len(made.false_alarms) <= YEARS
    if habit == "every day looked at":
        assert made.false_alarms == set()
        assert made.last == made.taken
    elif region == "gb":
        assert made.taken <= made.seen
        assert made.taken <= made.last


@pytest.mark.parametrize("region", ["gb", "ire"])
@pytest.mark.parametrize("habit", ["every day looked at", "nothing"])
def test_month_by_month(region: str, habit: Habit) -> None:
    assert_found(region, habit, replay(region, habit, by_month()))


@pytest.mark.slow
@pytest.mark.parametrize("region", ["gb", "ire"])
@pytest.mark.parametrize("habit", ["every day looked at", "nothing", "days with races"])
def test_day_by_day(region: str, habit: Habit) -> None:
    assert_found(region, habit, replay(region, habit, by_day()))


@pytest.mark.parametrize(
    ("region", "code", "limit"),
    [("gb", "flat", 4), ("gb", "jumps", 12), ("ire", "flat", 25), ("ire", "jumps", 25)],
)
def test_a_source_that_lives_is_not_stale_and_a_dead_one_soon_is(
    region: str, code: str, limit: int
) -> None:
    """No manifest tells; `limit` are the days that the past needs to be sure."""
    raced = replaying.fixtures(region, FIRST_YEAR, LAST_YEAR + 1)
    whole = replaying.whole(raced, "nothing")
    ends = itertools.pairwise(sorted(day for day in raced[code] if day.year == LAST_YEAR))
    for last, following in itertools.islice(ends, 0, None, 25):
        sheets = replaying.as_of(whole, last)
        assert not _is_stale(sheets, code, last, following - ONE_DAY)
        if region == "gb" or last.month in (4, 5, 6, 7, 8, 9):
            assert _is_stale(sheets, code, last, last + limit * ONE_DAY)


def _is_stale(sheets: tuple[Sheet, ...], code: str, last: dt.date, until: dt.date) -> bool:
    odds = calendar.read(sheets, until, BLANK_DAYS).odds(code, last)
    return math.prod(1.0 - one for one in odds) < days.DOUBT
