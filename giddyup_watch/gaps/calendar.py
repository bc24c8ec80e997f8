"""On which days a region should have raced, and which of them are nowhere to be found.

Pure: what is known of its month folders in, missing days out. Three rules:

- *skipped*: the manifest of a code's month claims days before and after the day and days
  without racing too, but not this one. It was never scraped; that the code races at all
  at this time of year is enough.
- *expected*: no manifest speaks of the day, and the region raced on all comparable days: same
  weekday, same time of year. Where it races on nine in ten days of the season, fifteen in
  sixteen of them are enough. At least sixteen are known.
- *gone*: there is nothing of a whole past month between others, and in at least half of the
  other years there was racing in it: as many days as are usual, the likeliest ones.
"""

import bisect
import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from giddyup_watch.gaps import series
from giddyup_watch.gaps.series import Compared, Series, Sheet

Reason = Literal["skipped", "expected", "gone"]

COMPARED = 16  # comparable days, at least
WITHOUT = 1 / 16  # share of them without racing, at most
MOST_WITHOUT = 3  # what that is of all that there can be
DAILY = 0.9  # share of days of a season that nearly all have racing
IN_SEASON = 0.01  # share of days with racing, any weekday, within a fortnight in all years
STYLE_MONTHS = 12  # a writer's habits are judged by the year before and the year after
A_YEAR = 366  # days
SLACK = 3  # days
FEW = 2  # days; a code without a folder may be without racing, where it is seldom raced


class Missing(NamedTuple):
    """A day that should have racing and has none; no `codes`: of whichever code.

    `evidence`: how many of the comparable days had racing.
    """

    day: dt.date
    codes: tuple[str, ...]
    reason: Reason
    evidence: Compared


@dataclass(frozen=True, slots=True)
class Calendar:
    """A region's days up to and including `until`, of all its codes and of each."""

    whole: Series
    codes: dict[str, Series]
    until: int
    missing: tuple[Missing, ...]

    def is_accounted_for(self, day: dt.date, codes: Sequence[str]) -> bool:
        """Whether each of the codes raced on the day or claims it; where none is named, any."""
        at = day.toordinal()
        parts = [self.codes[code] for code in codes if code in self.codes] or [self.whole]
        return all(at in part.raced or at in part.claimed or at in part.blank for part in parts)

    def odds(self, code: str, since: dt.date, until: dt.date | None = None) -> Iterator[float]:
        """How likely there is racing on each due day after `since`, to `until`, for a year."""
        first = since.toordinal() + 1
        last = min(self.until, (until or dt.date.max).toordinal(), first + A_YEAR)
        return map(self.codes[code].odds, range(first, last + 1))


@functools.lru_cache(maxsize=8)
def read(sheets: tuple[Sheet, ...], until: dt.date, blank_days: frozenset[str]) -> Calendar:
    """Judge the sheets of one region. `until` is the last day that everything should be there of.

    `blank_days` are `MM-DD`. Remembered: nothing is judged anew until a day is
    raced, claimed or due that was not before.
    """
    by_code = itertools.groupby(sorted(sheets), key=lambda sheet: sheet.code)
    own = {code: list(group) for code, group in by_code}
    last = until.toordinal()
    blank = series.every_year(blank_days)
    codes = {code: _series(own[code], Series(blank)) for code in own}
    whole = _whole([part for part in codes.values() if part.last], last, Series(blank))
    for sheet in sheets:
        if sheet.unread:
            whole.silent.difference_update(_days_of(sheet.month))
    for made, its in [(whole, sheets), *((codes[code], own[code]) for code in own)]:
        _strike(made, last)
        made.gone.update(_gone(its, last))
    return Calendar(whole, codes, last, tuple(_missing(whole, codes)))


def _series(sheets: Sequence[Sheet], made: Series) -> Series:
    """Sort the days of one code into `made`. The sheets come in the order of their months."""
    vouched = {day for sheet in sheets for day in _days(sheet, sheet.raced | sheet.claimed)}
    if not vouched:
        return made
    made.first, made.last = min(vouched), max(vouched)
    for sheet, telling in zip(sheets, _telling(sheets, made), strict=True):
        made.raced.update(_days(sheet, sheet.raced))
        made.claimed.update(_days(sheet, sheet.claimed))
        made.idle.update(_days(sheet, sheet.claimed & ~sheet.raced))
        left = set(_days(sheet, _left(sheet, made)))
        if sheet.claimed and telling:
            made.skipped |= left
        elif sheet.raced:
            made.silent |= left
    made.idle |= made.silent
    return made


def _telling(sheets: Sequence[Sheet], made: Series) -> Iterator[bool]:
    """Whether at the time of each sheet a day that its manifest left out was not scraped.

    There are writers that claim the days with racing alone: they leave out more
    days than they claim without racing.
    """
    claimed = [sheet for sheet in sheets if sheet.claimed]
    habit = [(s.claimed & ~s.raced).bit_count() - _left(s, made).bit_count() for s in claimed]
    for sheet in sheets:
        at = bisect.bisect_left(claimed, sheet)
        yield sum(habit[max(at - STYLE_MONTHS, 0) : at + STYLE_MONTHS + 1]) >= 0


def _left(sheet: Sheet, made: Series) -> int:
    """Days of the month, between the ends of what is vouched for, that the sheet is silent of."""
    if sheet.unread:
        return 0
    month = sheet.month.toordinal()
    length = (_next_month(sheet.month) - sheet.month).days
    mask = (1 << min(max(made.last + 1 - month, 0), length)) - 1
    mask &= ~((1 << max(made.first - month, 0)) - 1)
    return mask & ~(sheet.raced | sheet.claimed)


def _whole(parts: Sequence[Series], until: int, made: Series) -> Series:
    """Make the region's of those of its codes.

    Raced is what a code raced; idle when a code was and none left the day out.
    Days behind the last one vouched for are silent, but not idle: nobody was there yet.
    """
    if not parts:
        return made
    made.first, made.last = min(part.first for part in parts), max(part.last for part in parts)
    made.raced.update(*(part.raced for part in parts))
    made.skipped.update(*(part.skipped - made.raced for part in parts))
    made.idle.update(*(part.idle - made.raced - made.skipped for part in parts))
    made.claimed.update(*(part.claimed for part in parts))
    made.silent |= made.idle - made.claimed
    made.silent.update(range(made.last + 1, until + 1))
    return made


def _strike(made: Series, until: int) -> None:
    """Nothing is expected of blank days, and of days that are not over."""
    for days in (made.idle, made.silent, made.skipped):
        days.difference_update(made.blank, [day for day in days if day > until])


def _gone(sheets: Iterable[Sheet], until: int) -> Iterator[dt.date]:
    """Months between others that there is nothing of, if they are over."""
    known = {sheet.month for sheet in sheets if sheet.raced or sheet.claimed or sheet.unread}
    if not known:
        return
    month, last = min(known), min(max(known), _month(until + 1))
    while month < last:
        if month not in known:
            yield month
        month = _next_month(month)


def _missing(whole: Series, codes: dict[str, Series]) -> list[Missing]:
    """Each day once, by the first of the rules that finds it; skipped days name every code."""
    found: dict[int, Missing] = {}
    for code, part in codes.items():
        for day in _skipped(part):
            before = found[day].codes if day in found else ()
            found[day] = _because("skipped", whole, day, (*before, code))
    for month in whole.gone:
        for day in _likeliest(whole, month, at_least=1):
            found.setdefault(day, _because("gone", whole, day, ()))
    for code, part in codes.items():
        for month in part.gone - whole.gone:
            for day in _likeliest(part, month, at_least=FEW):
                found.setdefault(day, _because("gone", part, day, (code,)))
    for day in _expected(whole):
        found.setdefault(day, _because("expected", whole, day, ()))
    return [found[day] for day in sorted(found)]


def _because(reason: Reason, made: Series, day: int, codes: tuple[str, ...]) -> Missing:
    return Missing(dt.date.fromordinal(day), codes, reason, made.compared(day))


def _skipped(made: Series) -> Iterator[int]:
    return (day for day in made.skipped if made.in_season(day) >= IN_SEASON)


def _expected(made: Series) -> list[int]:
    """Find the days, and look again without them: each hides others that are compared with it."""
    found: list[int] = []
    while new := [day for day in made.silent if _is_expected(made, day)]:
        found += new
        for day in new:
            made.forget(day)
    return found


def _is_expected(made: Series, day: int) -> bool:
    raced, known = made.compared(day, most_idle=MOST_WITHOUT)
    if known < COMPARED or known - raced > WITHOUT * known or made.is_off(day):
        return False
    return raced == known or made.in_season(day) >= DAILY


def _likeliest(made: Series, month: dt.date, at_least: int) -> list[int]:
    """As many days of the month as have racing in other years, whole ones; none if few have."""
    years = range(month.year - series.YEARS, month.year + series.YEARS + 1)
    others = [month.replace(year=year) for year in years if year != month.year]
    spans = [days for days in map(_days_of, others) if _is_within(days, made)]
    counts = [sum(day in made.raced for day in days) for days in spans]
    raced = [count for count in counts if count]
    usual = round(sum(raced) / len(raced)) if raced else 0
    if usual < at_least or 2 * len(raced) < len(counts):
        return []
    shares = {day: _share(made, day) for day in _days_of(month) if day not in made.blank}
    likeliest = sorted(shares, key=lambda day: (-shares[day], day))[:usual]
    return [day for day in likeliest if shares[day]] or likeliest[:1]


def _is_within(days: range, made: Series) -> bool:
    """Whether the month is whole, give or take days without racing at the ends of all."""
    return made.first <= days[0] + SLACK and days[-1] <= made.last + SLACK


def _share(made: Series, day: int) -> float:
    raced, known = made.compared(day)
    return raced / known if known and not made.is_off(day) else 0.0


def _days(sheet: Sheet, mask: int) -> Iterator[int]:
    first = sheet.month.toordinal()
    return (first + bit for bit in range(mask.bit_length()) if mask >> bit & 1)


def _days_of(month: dt.date) -> range:
    return range(month.toordinal(), _next_month(month).toordinal())


def _month(day: int) -> dt.date:
    return dt.date.fromordinal(day).replace(day=1)


def _next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)
