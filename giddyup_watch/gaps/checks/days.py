"""Days that should be there and are not, by the racing calendar."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from giddyup_watch.gaps import calendar, series
from giddyup_watch.gaps.calendar import Calendar, Missing
from giddyup_watch.gaps.check import Ask, Finding, check
from giddyup_watch.gaps.series import Series

#: How unlikely it must be that a quiet source is merely without racing.
DOUBT = 0.03
#: So many days' worth of racing may be claimed to have had none: a frost, not a blind scraper.
BLIND = 7.0
#: A change before noon is of the day before.
HALF_A_DAY = dt.timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class _Open:
    """What was said of a day that is open."""

    region: str
    day: dt.date
    key: str
    text: str
    item: Mapping[str, object]


@check(
    "warning",
    "disk",
    hint="let the scraper fetch the day again; when there was no racing, let its manifest claim"
    " the day, or acknowledge the gap; a day that never has any belongs in gaps.blank_days",
)
def missing_days(ask: Ask) -> Iterator[Finding]:
    """Past days on which there should have been racing, with nothing on disk.

    A day that a manifest claims, or that the ledger knows, is not missing:
    claimed without rows it had no racing, and what the ledger knows and the
    disk lost is `count_mismatch`. The calendar learns as years go by, so what it
    once found stays found until rows or a claim of the day arrive.
    """
    calendars = _calendars(ask)
    said = ask.fetch_all("fetch_open_missing_days", row=_Open)
    unsettled = {
        one.key: one for one in said if ask.wants(one.day) and not _is_settled(one, calendars)
    }
    for one in unsettled.values():
        yield missing_days.finding(one.key, one.text, one.item, day=one.day, region=one.region)
    for region, known in calendars.items():
        for day in known.missing:
            key = f"{region}/{day.day}"
            if ask.wants(day.day) and key not in unsettled:
                yield missing_days.finding(
                    key, _tell(region, day), _item(region, day), day=day.day, region=region
                )


def _calendars(ask: Ask) -> dict[str, Calendar]:
    """Return the calendar of each region, as of the last day that everything should be there of."""
    until = (ask.now - ask.terms.stale).astimezone(ask.terms.zone).date()
    sheets = ask.history.sheets(ask.fetch_all, ask.tree, ask.today)
    ours = {
        region: tuple(sheet for sheet in sheets.get(region, ()) if sheet.code in ask.terms.codes)
        for region in ask.terms.regions
    }
    blank = ask.terms.blank_days
    return {region: calendar.read(own, until, blank) for region, own in ours.items()}


def _is_settled(one: _Open, calendars: Mapping[str, Calendar]) -> bool:
    codes = one.item.get("codes")
    names = [str(code) for code in codes] if isinstance(codes, list) else []
    return one.region not in calendars or calendars[one.region].is_accounted_for(one.day, names)


def _item(region: str, day: Missing) -> dict[str, object]:
    return {
        "region": region,
        "date": day.day.isoformat(),
        "codes": list(day.codes),
        "reason": day.reason,
    }


def _tell(region: str, day: Missing) -> str:
    who = ", ".join(f"{region}/{code}" for code in day.codes) or region
    raced, known = day.evidence
    share = f"{raced} of {known} comparable days had racing"
    if day.reason == "skipped":
        return f"{who}: {day.day} was never scraped: the manifest claims days around it, not this"
    if day.reason == "gone":
        return f"{who}: nothing on disk of {day.day:%Y-%m}; {day.day} is likely, {share}"
    return f"{who}: nothing on disk of {day.day:%A} {day.day}, and {share}"


@check(
    "critical",
    "disk",
    hint="look after the scraper of this region and code; giddyup-watch why REGION/CODE/MONTH"
    " shows what its folder holds and when it changed",
)
def stale_source(ask: Ask) -> Iterator[Finding]:
    """Folders of a region and code that nothing comes into, although there is racing.

    A source is quiet since the last day that has rows or a claim, or since a
    file last changed, whichever is longer ago: a restore, or the correction of
    an old month, changes files and brings no new day; racecards bring days, and
    their results may never come. Changes go by ctime, which a restore cannot
    turn back. It is stale when that there was no racing meanwhile, on any day
    that began `gaps.stale_hours` ago, is less likely than three in a hundred:
    one day at the height of the season, weeks out of it, never without two
    years of history. A scraper that goes on claiming days without rows is
    believed for a week's worth of racing.
    """
    if not ask.wants(ask.today):
        return
    changes = _last_changes(ask)
    for region, known in _calendars(ask).items():
        for code, own in sorted(known.codes.items()):
            if own.raced:
                changed = changes.get((region, code))
                if (since := _stale_since(known, code, changed)) is not None:
                    yield _stale(region, code, since, _newest(own))


def _newest(own: Series) -> dt.date:
    return dt.date.fromordinal(series.newest(own.raced))


def _stale_since(known: Calendar, code: str, changed: dt.date | None) -> dt.date | None:
    """Return the day since which the source is quiet, None while that is nothing."""
    newest, claimed = _newest(known.codes[code]), dt.date.fromordinal(known.codes[code].last)
    blind = sum(known.odds(code, newest, until=claimed))
    if blind >= BLIND:
        return newest
    since = claimed if changed is None else min(claimed, changed)
    quiet = 1.0
    for odds in known.odds(code, since):
        quiet *= 1.0 - odds
        if quiet < DOUBT:
            return since
    return None


def _last_changes(ask: Ask) -> dict[tuple[str, str], dt.date]:
    """Return the day on which a file of each region and code changed last."""
    newest: dict[tuple[str, str], float] = {}
    for key, held in ask.tree.holdings.items():
        folder = (key.region, key.code)
        newest[folder] = max(newest.get(folder, 0.0), held.stamp.changed_at)
    return {
        folder: (dt.datetime.fromtimestamp(changed, ask.terms.zone) - HALF_A_DAY).date()
        for folder, changed in newest.items()
    }


def _stale(region: str, code: str, since: dt.date, newest: dt.date) -> Finding:
    text = (
        f"{region}/{code}: nothing came in after {since}, although there is racing at this time"
        f" of year; the newest day with races is {newest}"
    )
    item = {
        "region": region,
        "code": code,
        "since": since.isoformat(),
        "newest_day": newest.isoformat(),
    }
    return stale_source.finding(f"{region}/{code}", text, item, region=region, code=code)
