"""`racing.etl_runs`: one row per run, opened when it starts and closed when it ends."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from giddyup_watch.model import RunStatus
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `etl_runs`; `scope` and `stats` are the documents of the contract."""

    run_id: int
    status: RunStatus
    started_at: dt.datetime
    finished_at: dt.datetime | None
    duration_ms: int | None
    scope: dict[str, Any]
    stats: dict[str, int] | None
    error_msg: str | None


def start(conn: Connection, started_at: dt.datetime, scope: dict[str, Any]) -> int:
    """Open a run and return its id; call outside a transaction, so that others see it."""
    params = {"started_at": started_at, "scope": json.dumps(scope)}
    run_id: int = connection.fetch_value(conn, "start_run", params)
    return run_id


def finish(
    conn: Connection,
    run_id: int,
    status: RunStatus,
    scope: dict[str, Any],
    stats: dict[str, int],
    error_msg: str | None = None,
) -> None:
    """Close a run; a run that somebody else closed meanwhile is left as it is."""
    params = {
        "run_id": run_id,
        "status": status,
        "scope": json.dumps(scope),
        "stats": json.dumps(stats),
        "error_msg": error_msg,
    }
    connection.execute(conn, "finish_run", params)


def close_orphaned(conn: Connection) -> list[int]:
    """Close runs whose ingester died; only with the ingest lock held. Return their ids."""
    return [run_id for (run_id,) in connection.fetch_all(conn, "close_orphaned_runs")]


def recent(conn: Connection, limit: int, before: int | None = None) -> list[Run]:
    """Return the newest `limit` runs, newest first; with `before` of those older than that one."""
    params = {"limit": limit, "before": before, "run_id": None}
    return connection.fetch_all(conn, "fetch_runs", params, row=Run)


def find(conn: Connection, run_id: int) -> Run | None:
    params = {"limit": 1, "before": None, "run_id": run_id}
    return next(iter(connection.fetch_all(conn, "fetch_runs", params, row=Run)), None)


def latest(conn: Connection) -> Run | None:
    return next(iter(recent(conn, 1)), None)
