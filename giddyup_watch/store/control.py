"""What operators asked of whoever ingests: pause, resume, cancel. Kept in the database."""

import datetime as dt
from dataclasses import dataclass

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Control:
    """`due` is the number of segments that the ledger says are to be read again."""

    paused: bool
    paused_until: dt.datetime | None
    cancel_run: int | None
    due: int


def read(conn: Connection) -> Control:
    return connection.fetch_all(conn, "read_control", row=Control)[0]


def pause(conn: Connection, until: dt.datetime | None = None) -> None:
    """Load nothing until `until`, or until `resume`; watching and checking go on."""
    connection.execute(conn, "set_pause", {"until": until})


def resume(conn: Connection) -> int:
    """Load again, parked segments too; return how many were parked."""
    parked: int = connection.fetch_value(conn, "clear_pause")
    return parked


def cancel(conn: Connection) -> int | None:
    """Ask the run that is going on to stop at its next safe point; None when there is none."""
    run_id: int | None = connection.fetch_value(conn, "request_cancel")
    return run_id
