"""What a manifest's claim to have processed a day is worth."""

import datetime as dt
from collections.abc import Collection

from giddyup_watch.source import manifest


def believable(vouched: Collection[dt.date], today: dt.date) -> frozenset[dt.date]:
    """Return the days that a manifest vouches for, none when it speaks of days to come."""
    if any(day > today + manifest.AHEAD for day in vouched):
        return frozenset()
    return frozenset(vouched)
