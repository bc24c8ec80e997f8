"""`racing.ingest_rejects`: what was not loaded, and why, of each day's last content."""

import datetime as dt
from collections.abc import Mapping, Sequence

from giddyup_watch.model import Reject, SegmentKey, Table
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


def undated(conn: Connection, key: SegmentKey) -> list[tuple[str, int, str, str]]:
    """Return (file, line, value, reason) of the kept lines without a date."""
    where = {"region": key.region, "code": key.code, "month": key.first_day}
    return connection.fetch_all(conn, "fetch_undated_rejects", where)


def replace(
    conn: Connection,
    key: SegmentKey,
    days: Sequence[dt.date],
    rejects: Sequence[Reject],
    files: Mapping[Table, str],
    run_id: int | None,
) -> None:
    """Put `rejects` in the place of what is kept of those days and of lines without a date."""
    where = {"region": key.region, "code": key.code, "month": key.first_day}
    connection.execute(conn, "delete_rejects", where | {"days": list(days)})
    if not rejects:
        return
    params = where | {
        "run_id": run_id,
        "days": [r.day for r in rejects],
        "files": [files[r.table] for r in rejects],
        "lines": [r.line for r in rejects],
        "columns": [r.column for r in rejects],
        "values": [r.value for r in rejects],
        "reasons": [r.reason for r in rejects],
    }
    connection.execute(conn, "insert_rejects", params)
