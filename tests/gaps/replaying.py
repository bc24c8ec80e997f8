"""Years of racing as the calendar sees them, without a file: whatever days a test takes out."""

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Literal

from giddyup_watch.demo.racing import season
from giddyup_watch.gaps.series import Sheet

CODES = ("flat", "jumps")
BLANK_DAYS = frozenset({"12-24", "12-25"})
ONE_DAY = dt.timedelta(days=1)
#: What a month's manifest claims: each day looked at, the days with races alone, or nothing
#: to be believed.
Habit = Literal["every day looked at", "days with races", "nothing"]
Fixtures = Mapping[str, Collection[dt.date]]


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += ONE_DAY


@functools.cache
def fixtures(region: str, first_year: int, last_year: int, seed: int = 1) -> Fixtures:
    """Days with racing of each code, in the made-up world at its real size."""
    span = list(days(dt.date(first_year, 1, 1), dt.date(last_year, 12, 31)))
    return {
        code: frozenset(d for d in span if season.meetings(seed, 1.0, region, code, d))
        for code in CODES
    }


def sheets(
    raced: Fixtures,
    today: dt.date,
    habit: Habit = "every day looked at",
    without: Collection[dt.date] = (),
) -> tuple[Sheet, ...]:
    """Return the month folders on the evening of `today`; those `without` days were never seen."""
    return as_of(whole(raced, habit, without), today)


def whole(raced: Fixtures, habit: Habit, without: Collection[dt.date] = ()) -> tuple[Sheet, ...]:
    """Return every month folder as it is when all is over."""
    held: defaultdict[tuple[str, dt.date], int] = defaultdict(int)
    for code, all_days in raced.items():
        for day in all_days:
            if day not in without:
                held[code, day.replace(day=1)] |= 1 << (day.day - 1)
    unseen: defaultdict[dt.date, int] = defaultdict(int)
    for day in without:
        unseen[day.replace(day=1)] |= 1 << (day.day - 1)
    claims: dict[Habit, Callable[[dt.date, int], int]] = {
        "every day looked at": lambda month, _: (1 << month_end(month).day) - 1 & ~unseen[month],
        "days with races": lambda _, bits: bits,
        "nothing": lambda _, __: 0,
    }
    return tuple(
        Sheet(code, month, bits, claims[habit](month, bits)) for (code, month), bits in held.items()
    )


def as_of(sheets: Iterable[Sheet], today: dt.date) -> tuple[Sheet, ...]:
    """Return them on the evening of `today`; a folder is made for its first day with races."""
    over = (1 << today.day) - 1
    this_month = today.replace(day=1)
    cut = [
        sheet
        if sheet.month < this_month
        else sheet._replace(raced=sheet.raced & over, claimed=sheet.claimed & over)
        for sheet in sheets
        if sheet.month <= this_month
    ]
    return tuple(sheet for sheet in cut if sheet.raced)


def bits_of(some: Iterable[dt.date]) -> int:
    return sum(1 << (day.day - 1) for day in some)


def month_end(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=31)).replace(day=1) - ONE_DAY
