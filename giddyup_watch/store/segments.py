"""What the ledger says of segments, for whoever asks."""

import datetime as dt
from dataclasses import dataclass

from giddyup_watch.model import SegmentState
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Standing:
    """What was last decided about a segment; counts are lines in manifest and files."""

    region: str
    code: str
    month: str
    state: SegmentState
    reason: str
    counts_agree: bool | None
    manifest_races: int | None
    manifest_runners: int | None
    file_races: int | None
    file_runners: int | None
    attempts: int
    changed_at: dt.datetime | None
    decided_at: dt.datetime
    run_id: int | None


def standings(
    conn: Connection,
    *,
    region: str | None = None,
    code: str | None = None,
    state: SegmentState | None = None,
    limit: int,
) -> list[Standing]:
    """Newest month first; those of one region, code or state when it is named."""
    params = {"region": region, "code": code, "state": state, "limit": limit}
    return connection.fetch_all(conn, "fetch_standings", params, row=Standing)
