"""Rows of ours that are gone from the database: counted, a share of the months each round."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from giddyup_watch.gaps.check import Ask
from giddyup_watch.model import SegmentKey

#: Months counted in each round besides those that are always: twenty years in ten hours. What a
#: round costs is mostly their partitions, strange to server and session until asked about once.
SHARE = 2


@dataclass(frozen=True, slots=True)
class Gone:
    """How many rows that one folder wrote of one day are no longer there."""

    region: str
    code: str
    d: dt.date
    races: int
    runners: int

    @property
    def key(self) -> SegmentKey:
        return SegmentKey(self.region, self.code, f"{self.d:%Y-%m}")


def gone(ask: Ask) -> Iterator[Gone]:
    """Compare the rows of the months whose turn it is with what the ledger says is ours."""
    for first, after in _stretches(_months(ask)):
        span: dict[str, object] = {"first": first, "next": after}
        short = ask.fetch_all("find_short_days", span)
        if short:
            span["days"] = [day for (day,) in short]
            yield from ask.fetch_all("find_gone_rows", span, row=Gone)


def _months(ask: Ask) -> list[dt.date]:
    params = {
        "turn": ask.turn,
        "share": SHARE,
        "months": sorted({day.replace(day=1) for day in ask.days}),
    }
    return [month for (month,) in ask.fetch_all("choose_months", params)]


def _stretches(months: Sequence[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Join months that follow each other: first day, and first day after."""
    joined: list[tuple[dt.date, dt.date]] = []
    for month in months:
        begin = joined.pop()[0] if joined and joined[-1][1] == month else month
        joined.append((begin, (month + dt.timedelta(days=31)).replace(day=1)))
    return joined
