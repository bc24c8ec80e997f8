"""When something that is done once a night was last due."""

import datetime as dt
from zoneinfo import ZoneInfo


def last_due(at: dt.time, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """Return the last time, up to `now`, that the clocks in `zone` showed `at`.

    A time that comes twice when the clocks go back counts once; one that they
    leave out counts as if they had not.
    """
    today = now.astimezone(zone).date()
    times = (
        dt.datetime.combine(today - dt.timedelta(days=back), at, zone).astimezone(dt.UTC)
        for back in (-1, 0, 1, 2)
    )
    return max(when for when in times if when <= now)
