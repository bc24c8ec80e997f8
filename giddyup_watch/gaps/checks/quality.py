"""Race rows that are there, but not as they should be."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from giddyup_watch.gaps.check import Ask, Finding, check
from giddyup_watch.gaps.rows import NON_RUNNERS, RaceRow

#: Above this share of a day's runners something is wrong with the day, not with a runner.
MISSING_PRICES_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class _Duplicates(RaceRow):
    """The race with the lowest id, and the keys of all."""

    race_keys: list[str]


@check(
    "warning",
    "rows",
    hint="giddyup-watch why REGION/CODE/DAY names the files and whoever else wrote; delete the"
    " race that no file has, or correct the file that has both",
    listing="races",
)
def duplicate_races(ask: Ask) -> Iterator[Finding]:
    """Races of one course and off time under different keys."""
    for race in ask.fetch_all("check_duplicates", ask.params, row=_Duplicates):
        yield race.finding(
            duplicate_races,
            f"is there under {len(race.race_keys)} keys: {', '.join(race.race_keys)}",
            key=f"{race.race_date}/{race.course_name}/{race.item['off_time']}",
            item={**race.item, "race_keys": race.race_keys},
        )


@dataclass(frozen=True, slots=True)
class _Unpriced:
    region: str
    code: str
    race_date: dt.date
    runners: int
    without_bsp: int


@check(
    "warning",
    "rows",
    hint="fetch Betfair's prices for the day again and let the scraper match them anew; its"
    " unmatched_*.csv of the month says what it could not match",
)
def missing_prices(ask: Ask) -> Iterator[Finding]:
    """Days of which more than a quarter of the runners has no Betfair starting price.

    Only runners with a result, and only days that began `gaps.stale_hours` ago:
    Betfair publishes a day's prices on the morning after it. Regions of others
    are not looked at: nobody may ever have fetched prices for them.
    """
    params = {
        **ask.params,
        "days": [day for day in ask.days if ask.is_due(day)],
        "regions": list(ask.terms.regions),
        "non_runners": list(NON_RUNNERS),
        "share": MISSING_PRICES_SHARE,
    }
    for row in ask.fetch_all("check_prices", params, row=_Unpriced):
        yield missing_prices.finding(
            f"{row.region}/{row.code}/{row.race_date}",
            f"{row.without_bsp} of {row.runners} runners of {row.region}/{row.code} on"
            f" {row.race_date} have no starting price",
            {
                "region": row.region,
                "code": row.code,
                "date": row.race_date.isoformat(),
                "runners": row.runners,
                "without_bsp": row.without_bsp,
            },
            day=row.race_date,
            region=row.region,
            code=row.code,
        )


@check(
    "warning",
    "rows",
    hint="somebody else wrote or changed the race: giddyup-watch ingest --date DAY --force writes"
    " again what the files have",
    listing="races",
)
def missing_course(ask: Ask) -> Iterator[Finding]:
    """Races without a course."""
    for race in ask.fetch_all("check_courses", ask.params, row=RaceRow):
        yield race.finding(missing_course, f"(race_key {race.race_key})")
