"""What is known of the days: raced, idle, or nothing; and which days tell of which others.

Pure: month folders in, days out. Days are counted as `date.toordinal` counts them. A set of
days is a number with a bit for each: what is asked of years of days is a few steps then.
"""

import datetime as dt
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

YEARS = 5  # other years that tell of this one, each way

#: Days of the same weekday and season, nearest first: the three weeks around, and five
#: weeks of each other year.
_NEIGHBOURS = (-7, 7, -14, 14, -21, 21)
_OTHER_YEARS = tuple(
    sign * round(365.25 * year / 7) * 7 + week * 7
    for year in range(1, YEARS + 1)
    for sign in (-1, 1)
    for week in (0, -1, 1, -2, 2)
)
_COMPARABLE = _NEIGHBOURS + _OTHER_YEARS
#: Neither reaches farther: what a day is compared with is looked up from so many days before it.
_REACH = 366 * (YEARS + 1)
#: Any weekday within a fortnight, in this and other years.
_SEASON = tuple(
    round(365.25 * year) + days for year in range(-YEARS, YEARS + 1) for days in range(-15, 16)
)
#: An estimate needs two other years' worth of comparable days, nearly.
_ENOUGH = 8
#: Good Friday to Easter Monday, counted from Easter Sunday.
_EASTER = range(-2, 2)
#: Days `MM-DD` whose fixtures go by the date, not by the weekday.
_FEASTS = frozenset({"12-23", "12-24", "12-25", "12-26", "12-27", "12-31", "01-01"})
#: The years that a set of days can hold.
KNOWN_YEARS = range(1900, 2200)
_LEAP_YEAR = 2000
#: The day of bit 0.
FIRST = dt.date(KNOWN_YEARS[0], 1, 1).toordinal()


def of(days: Iterable[int]) -> int:
    """Return the set of these days."""
    return sum(1 << day - FIRST for day in set(days))


def span(first: int, stop: int) -> int:
    """Return the set of the days from `first` up to the one before `stop`."""
    return (1 << max(stop - first, 0)) - 1 << first - FIRST


def each(days: int) -> Iterator[int]:
    """The days of a set, the oldest first."""
    bits = f"{days:b}"[::-1]
    at = bits.find("1")
    while at >= 0:
        yield FIRST + at
        at = bits.find("1", at + 1)


def oldest(days: int) -> int:
    return FIRST - 1 + (days & -days).bit_length()


def newest(days: int) -> int:
    return FIRST - 1 + days.bit_length()


def since(days: int, day: int) -> int:
    """Return the set with `day` for its bit 0; what is older falls off."""
    return days >> day - FIRST if day >= FIRST else days << FIRST - day


def has(days: int, day: int) -> bool:
    return bool(since(days, day) & 1)


def _around(offsets: Iterable[int]) -> int:
    """What is `_REACH` days before a day, seen from there: days that far from the day itself."""
    return sum(1 << _REACH + offset for offset in offsets)


class Sheet(NamedTuple):
    """A month folder; in `raced` and `claimed` the first of the month is bit 0.

    `raced`: days with races, on disk or in the ledger. `claimed`: days that a
    manifest worth believing says were processed. `unread`: its files cannot be
    read now, so nothing is concluded from what is not in it.
    """

    code: str
    month: dt.date
    raced: int
    claimed: int = 0
    unread: bool = False


class Compared(NamedTuple):
    """Of `known` comparable days `raced` had racing."""

    raced: int
    known: int


_COMPARABLE_AROUND = _around(_COMPARABLE)
_OTHER_YEARS_AROUND = _around(_OTHER_YEARS)
_SEASON_AROUND = _around(_SEASON)


@dataclass(slots=True)
class Series:
    """The days of one code, or of all codes of a region.

    `claimed`: a manifest speaks of them. `idle`: known to be without racing, so
    none is both idle and raced. `silent`: without racing as far as the rows
    tell, no manifest speaks of them. `skipped`: between days that a manifest
    claims, which claims days without racing too, but not these. `gone`: months
    that nothing is known of. `first` and `last` are the ends of what is vouched
    for.
    """

    blank: int = 0
    raced: int = 0
    claimed: int = 0
    idle: int = 0
    silent: int = 0
    skipped: int = 0
    gone: set[dt.date] = field(default_factory=set)
    first: int = 0
    last: int = 0

    def forget(self, days: int) -> None:
        """The days were not idle: nobody knows."""
        self.idle &= ~days
        self.silent &= ~days

    def compared(self, day: int) -> Compared:
        """Count the days of the same weekday and season, feasts left out."""
        others = _COMPARABLE_AROUND & ~since(_feasts(), day - _REACH)
        return self._count(day, others)

    def often_idle(self) -> int:
        """Days of which four or more of those they are compared with had no racing.

        Counted for all days at once, in binary: the idle ones among each day's
        first comparable day, its second, and so on, are added up bit by bit.
        """
        idle = self.idle & ~_feasts()
        ones = twos = fours = 0
        for offset in _COMPARABLE:
            one = since(idle, FIRST + offset)
            two = ones & one
            fours |= twos & two
            ones ^= one
            twos ^= two
        return fours

    def in_season(self, day: int) -> float:
        """Share of days with racing at this time of year, whatever the weekday."""
        return _share(self._count(day, _SEASON_AROUND))

    def is_off(self, day: int) -> bool:
        """Whether nothing is expected by its date: blank, or a feast that few years race on."""
        if not has(_feasts(), day):
            return has(self.blank, day)
        date = dt.date.fromordinal(day)
        years = [date.year + years for years in range(-YEARS, YEARS + 1) if years]
        groups = [[same for year in years if (same := _same_date(date, year))]]
        from_easter = day - easter(date.year)
        if from_easter in _EASTER:
            groups.append([easter(year) + from_easter for year in years])
        return has(self.blank, day) or any(map(self._is_seldom, groups))

    def odds(self, day: int) -> float:
        """How likely there is racing on the day; 0 while fewer than two other years tell."""
        if self._count(day, _OTHER_YEARS_AROUND).known < _ENOUGH:
            return 0.0
        found = self.compared(day)
        return 0.0 if self.is_off(day) else (found.raced + 0.5) / (found.known + 1)

    def _is_seldom(self, days: list[int]) -> bool:
        raced = sum(has(self.raced, day) for day in days)
        found = Compared(raced, raced + sum(has(self.idle, day) for day in days))
        return found.known >= 2 and _share(found) <= 0.5

    def _count(self, day: int, others: int) -> Compared:
        raced = (since(self.raced, day - _REACH) & others).bit_count()
        return Compared(raced, raced + (since(self.idle, day - _REACH) & others).bit_count())


def _share(found: Compared) -> float:
    return found.raced / found.known if found.known else 0.0


def _same_date(date: dt.date, year: int) -> int:
    try:
        return date.replace(year=year).toordinal()
    except ValueError:
        return 0


@functools.cache
def easter(year: int) -> int:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    shift = (8 * century + 13) // 25
    epact = (19 * golden + century - century // 4 - shift + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1).toordinal()


@functools.cache
def every_year(days: frozenset[str]) -> int:
    """These days `MM-DD` of every year that there may be racing in."""
    dates = [dt.date.fromisoformat(f"{_LEAP_YEAR}-{day}") for day in days]
    same = (_same_date(date, year) for date in dates for year in KNOWN_YEARS)
    return of(day for day in same if day)


@functools.cache
def _feasts() -> int:
    moving = {easter(year) + offset for year in KNOWN_YEARS for offset in _EASTER}
    return every_year(_FEASTS) | of(moving)
