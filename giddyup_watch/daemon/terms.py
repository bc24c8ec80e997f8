"""What the settings say about gaps, as the checks take it."""

import datetime as dt

from giddyup_watch import settings
from giddyup_watch.gaps.check import Terms


def of(given: settings.Settings) -> Terms:
    """The terms of these settings."""
    gaps, master = given.gaps, given.master
    return Terms(
        zone=master.zone,
        regions=master.regions,
        codes=master.codes,
        window_days=gaps.window_days,
        grace=dt.timedelta(minutes=gaps.result_grace_minutes),
        stale=dt.timedelta(hours=gaps.stale_hours),
        blank_days=frozenset(gaps.blank_days),
        off_12h=given.ingest.off_times == "auto",
    )
