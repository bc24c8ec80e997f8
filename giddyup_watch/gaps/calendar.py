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
import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from giddyup_watch.gaps import series
from giddyup_watch.gaps.series import Compared, Series, Sheet

Reason = Literal["skipped", "expected", "gone"]

COMPARED = 16  # comparable days, at least
WITHOUT = 1 / 16  # share of them without racing, at most
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
        return all(series.has(part.raced | part.claimed | part.blank, at) for part in parts)

    def odds(self, code: str, since: dt.date, until: dt.date | None = None) -> Iterator[float]:
        """How likely there is racing on each due day after `since`, to `until`, for a year."""
        first = since.toordinal() + 1
        last = min(self.until, (until or dt.date.max).toordinal(), first + A_YEAR)
        return map(self.codes[code].odds, range(first, last + 1))


@functools.lru_cache(maxsize=8)
def read(sheets: tuple[Sheet, ...], until: dt.date, blank_days: frozenset[str]) -> Calendar:
    """Judge the sheets of one region. `until` is the last day that everything should be there of.

    `blank_days` are `MM-DD`. Remembered: nothing is judged anew until a day is
    raced, claimed or due that was not before. A month before 1900 or after 2199 is a slip of
    the pen: nothing is concluded from it.
    """
    known = sorted(sheet for sheet in sheets if sheet.month.year in series.KNOWN_YEARS)
    by_code = itertools.groupby(known, key=lambda sheet: sheet.code)
    own = {code: list(group) for code, group in by_code}
    last = until.toordinal()
    blank = series.every_year(blank_days)
    codes = {code: _series(own[code], Series(blank)) for code in own}
    whole = _whole([part for part in codes.values() if part.last], last, Series(blank))
    for sheet in known:
        if sheet.unread:
            whole.silent &= ~_days_of(sheet.month)
    for made, its in [(whole, known), *((codes[code], own[code]) for code in own)]:
        _strike(made, last)
        made.gone.update(_gone(its, last))
    return Calendar(whole, codes, last, tuple(_missing(whole, codes)))


def _series(sheets: Sequence[Sheet], made: Series) -> Series:
    """Sort the days of one code into `made`. The sheets come in the order of their months."""
    made.raced = _placed(sheets, (sheet.raced for sheet in sheets))
    made.claimed = _placed(sheets, (sheet.claimed for sheet in sheets))
    if not made.raced | made.claimed:
        return made
    made.first = series.oldest(made.raced | made.claimed)
    made.last = series.newest(made.raced | made.claimed)
    left = [_left(sheet, made) for sheet in sheets]
    skipped = [
        out if tells and sheet.claimed else 0
        for sheet, out, tells in zip(sheets, left, _telling(sheets, left), strict=True)
    ]
    made.skipped = _placed(sheets, skipped)
    silent = (out if sheet.raced else 0 for sheet, out in zip(sheets, left, strict=True))
    made.silent = _placed(sheets, silent) & ~made.skipped
    made.idle = made.claimed & ~made.raced | made.silent
    return made


def _placed(sheets: Sequence[Sheet], masks: Iterable[int]) -> int:
    """Put what is counted from the first of each sheet's month together in one set of days."""
    first = sheets[0].month.toordinal()
    days = 0
    for sheet, mask in zip(sheets, masks, strict=True):
        days |= mask << sheet.month.toordinal() - first
    return days << first - series.FIRST


def _telling(sheets: Sequence[Sheet], left: Sequence[int]) -> Iterator[bool]:
    """Whether at the time of each sheet a day that its manifest left out was not scraped.

    There are writers that claim the days with racing alone: they leave out more
    days than they claim without racing.
    """
    claimed = [(sheet, out) for sheet, out in zip(sheets, left, strict=True) if sheet.claimed]
    habit = [(s.claimed & ~s.raced).bit_count() - out.bit_count() for s, out in claimed]
    for sheet in sheets:
        at = bisect.bisect_left(claimed, sheet, key=operator.itemgetter(0))
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
    made.raced = _any(part.raced for part in parts)
    made.skipped = _any(part.skipped for part in parts) & ~made.raced
    made.idle = _any(part.idle for part in parts) & ~(made.raced | made.skipped)
    made.claimed = _any(part.claimed for part in parts)
    made.silent = made.idle & ~made.claimed | series.span(made.last + 1, until + 1)
    return made


def _any(sets: Iterable[int]) -> int:
    return functools.reduce(operator.or_, sets)


def _strike(made: Series, until: int) -> None:
    """Nothing is expected of blank days, and of days that are not over."""
    expected = series.span(series.FIRST, until + 1) & ~made.blank
    made.idle &= expected
    made.silent &= expected
    made.skipped &= expected


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
    return (day for day in series.each(made.skipped) if made.in_season(day) >= IN_SEASON)


def _expected(made: Series) -> list[int]:
    """Find the days, and look again without them: each hides others that are compared with it."""
    found: list[int] = []
    while new := [day for day in _possible(made) if _is_expected(made, day)]:
        found += new
        made.forget(series.of(new))
    return found


def _possible(made: Series) -> Iterator[int]:
    """Leave out days that four speak against: too many even of all that a day is compared with."""
    return series.each(made.silent & ~made.often_idle())


def _is_expected(made: Series, day: int) -> bool:
    raced, known = made.compared(day)
    if known < COMPARED or known - raced > WITHOUT * known or made.is_off(day):
        return False
    return raced == known or made.in_season(day) >= DAILY


def _likeliest(made: Series, month: dt.date, at_least: int) -> list[int]:
    """As many days of the month as have racing in other years, whole ones; none if few have."""
    years = range(month.year - series.YEARS, month.year + series.YEARS + 1)
    others = [month.replace(year=year) for year in years if year != month.year]
    counts = [
        (made.raced & _days_of(other)).bit_count() for other in others if _is_within(other, made)
    ]
    raced = [count for count in counts if count]
    usual = round(sum(raced) / len(raced)) if raced else 0
    if usual < at_least or 2 * len(raced) < len(counts):
        return []
    shares = {day: _share(made, day) for day in series.each(_days_of(month) & ~made.blank)}
    likeliest = sorted(shares, key=lambda day: (-shares[day], day))[:usual]
    return [day for day in likeliest if shares[day]] or likeliest[:1]


def _is_within(month: dt.date, made: Series) -> bool:
    """Whether the month is whole, give or take days without racing at the ends of all."""
    first, stop = month.toordinal(), _next_month(month).toordinal()
    return made.first <= first + SLACK and stop - 1 <= made.last + SLACK


def _share(made: Series, day: int) -> float:
    raced, known = made.compared(day)
    return raced / known if known and not made.is_off(day) else 0.0


@functools.cache
def _days_of(month: dt.date) -> int:
    return series.span(month.toordinal(), _next_month(month).toordinal())


def _month(day: int) -> dt.date:
    return dt.date.fromordinal(day).replace(day=1)


@functools.cache
def _next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)
