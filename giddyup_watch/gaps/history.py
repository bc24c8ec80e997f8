"""What disk and ledger tell the calendar: a sheet for each month folder."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping

from giddyup_watch.gaps import calendar
from giddyup_watch.gaps.calendar import Calendar
from giddyup_watch.gaps.check import Ask
from giddyup_watch.gaps.series import Sheet
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import manifest
from giddyup_watch.source.inventory import Holding
from giddyup_watch.store import connection


def calendars(ask: Ask) -> Mapping[str, Calendar]:
    """Return the calendar of each region as of the last day that everything should be there of.

    Measured with twenty years of days: 12 ms, of which the ledger takes 8, while
    nothing was raced or claimed anew; else 15 ms more for each region.
    """
    until = (ask.now - ask.terms.stale).astimezone(ask.terms.zone).date()
    sheets = _sheets(ask)
    return {
        region: calendar.read(tuple(sheets[region]), until, ask.terms.blank_days)
        for region in ask.terms.regions
    }


def _sheets(ask: Ask) -> Mapping[str, list[Sheet]]:
    known: dict[SegmentKey, int] = {
        SegmentKey(region, code, f"{month:%Y-%m}"): days
        for region, code, month, days in connection.fetch_all(ask.conn, "check_ledger_months")
    }
    on_disk = ask.tree.holdings
    found: defaultdict[str, list[Sheet]] = defaultdict(list)
    for key in sorted(known.keys() | on_disk.keys()):
        if key.code in ask.terms.codes:
            found[key.region].append(_sheet(key, known.get(key, 0), on_disk.get(key), ask.today))
    return found


def _sheet(key: SegmentKey, known: int, held: Holding | None, today: dt.date) -> Sheet:
    if held is None:
        return Sheet(key.code, key.first_day, known)
    ahead = (today + manifest.AHEAD).isoformat()
    claims_ahead = key.month >= ahead[:7] and max(held.vouched, default=today).isoformat() > ahead
    return Sheet(
        key.code,
        key.first_day,
        known | held.raced_bits,
        0 if claims_ahead else held.vouched_bits,
        unread=bool(held.problem),
    )
