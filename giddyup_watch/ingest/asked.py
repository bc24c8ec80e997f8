"""What somebody asks for, as days and segments."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store import ledger
from giddyup_watch.store.connection import Connection


def day(text: str, today: dt.date) -> dt.date:
    """An ISO date, `today` or `yesterday`."""
    if text == "today":
        return today
    return today - dt.timedelta(days=1) if text == "yesterday" else dt.date.fromisoformat(text)


def span(first: dt.date, last: dt.date) -> frozenset[dt.date]:
    return frozenset(first + dt.timedelta(days=i) for i in range((last - first).days + 1))


def segments(
    conn: Connection,
    master: Path,
    regions: Sequence[str],
    codes: Sequence[str],
    *,
    given_up: bool = False,
) -> set[SegmentKey]:
    """Segments on disk, and those loaded before that are not there any more.

    With `given_up` also those of which it is recorded that they are absent.
    """
    look = layout.look(master, regions, codes)
    known = ledger.fetch_segments(conn).items()
    gone = (key for key, row in known if given_up or row.state != "absent")
    return {key for key in (*look.segments, *gone) if key.region in regions and key.code in codes}


def of_days(keys: Iterable[SegmentKey], wanted: frozenset[dt.date]) -> set[SegmentKey]:
    months = {f"{day:%Y-%m}" for day in wanted}
    return {key for key in keys if key.month in months}
