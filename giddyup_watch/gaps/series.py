"""What is known of the days: raced, idle, or nothing; and which days tell of which others.

Pure: month folders in, days out. Days are counted as `date.toordinal` counts them.
"""

import datetime as dt
import functools
from collections.abc import Iterable
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
_YEARS = range(1900, 2200)
_LEAP_YEAR = 2000


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


@dataclass(slots=True)
class Series:
    """The days of one code, or of all codes of a region.

    `claimed`: a manifest speaks of them. `idle`: known to be without racing.
    `silent`: without racing as far as the rows tell, no manifest speaks of them.
    `skipped`: between days that a manifest claims, which claims days without
    racing too, but not these. `gone`: months that nothing is known of. `first`
    and `last` are the ends of what is vouched for.
    """

    blank: frozenset[int] = frozenset()
    raced: set[int] = field(default_factory=set)
    claimed: set[int] = field(default_factory=set)
    idle: set[int] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    gone: set[dt.date] = field(default_factory=set)
    first: int = 0
    last: int = 0

    def forget(self, day: int) -> None:
        """The day was not idle: nobody knows."""
        self.idle.discard(day)
        self.silent.discard(day)

    def compared(self, day: int, most_idle: int = len(_COMPARABLE)) -> Compared:
        """Count the days of the same weekday and season, feasts left out.

        Beyond `most_idle` days without racing it does not matter how many there are.
        """
        feasts = _feasts()
        raced = idle = 0
        for offset in _COMPARABLE:
            other = day + offset
            if other in self.raced:
                raced += other not in feasts
            elif other in self.idle:
                idle += other not in feasts
                if idle > most_idle:
                    break
        return Compared(raced, raced + idle)

    def in_season(self, day: int) -> float:
        """Share of days with racing at this time of year, whatever the weekday."""
        return self._share(day + offset for offset in _SEASON)

    def is_off(self, day: int) -> bool:
        """Whether nothing is expected by its date: blank, or a feast that few years race on."""
        if day not in _feasts():
            return day in self.blank
        date = dt.date.fromordinal(day)
        years = [date.year + years for years in range(-YEARS, YEARS + 1) if years]
        groups = [[same for year in years if (same := _same_date(date, year))]]
        from_easter = day - easter(date.year)
        if from_easter in _EASTER:
            groups.append([easter(year) + from_easter for year in years])
        return day in self.blank or any(map(self._is_seldom, groups))

    def odds(self, day: int) -> float:
        """How likely there is racing on the day; 0 while fewer than two other years tell."""
        others = [day + offset for offset in _OTHER_YEARS]
        if sum(other in self.raced or other in self.idle for other in others) < _ENOUGH:
            return 0.0
        found = self.compared(day)
        return 0.0 if self.is_off(day) else (found.raced + 0.5) / (found.known + 1)

    def _is_seldom(self, days: list[int]) -> bool:
        known = [day for day in days if day in self.raced or day in self.idle]
        return len(known) >= 2 and self._share(known) <= 0.5

    def _share(self, days: Iterable[int]) -> float:
        raced = known = 0
        for day in days:
            if day in self.raced:
                raced += 1
                known += 1
            elif day in self.idle:
                known += 1
        return raced / known if known else 0.0


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
def every_year(days: frozenset[str]) -> frozenset[int]:
    """These days `MM-DD` of every year that there may be racing in."""
    dates = [dt.date.fromisoformat(f"{_LEAP_YEAR}-{day}") for day in days]
    return frozenset(_same_date(date, year) for date in dates for year in _YEARS)


@functools.cache
def _feasts() -> frozenset[int]:
    moving = {easter(year) + offset for year in _YEARS for offset in _EASTER}
    return every_year(_FEASTS) | moving
