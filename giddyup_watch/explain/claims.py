"""What a manifest's claim to have processed a day is worth."""

import datetime as dt
from collections.abc import Collection

from giddyup_watch.model import SegmentKey


def believable(key: SegmentKey, claimed: Collection[dt.date], today: dt.date) -> frozenset[dt.date]:
    """Return the claimed days of the month, none when the writer claims without having looked.

    There is one that claims the whole month, whatever it found, also days to come.
    """
    days = frozenset(filter(key.holds, claimed))
    length = (key.next_month - key.first_day).days
    return frozenset() if len(days) == length or any(day > today for day in days) else days
