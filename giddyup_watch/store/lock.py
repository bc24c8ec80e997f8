"""The advisory locks: who may ingest, and who is the active daemon.

Session locks live and die with the connection that took them, so the session
that writes is the one that holds them, and it is never a pooled one.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.errors import DatabaseUnavailableError, LockBusyError
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection

Role = Literal[1, 2]
#: Held for the life of the active daemon; whoever has it works queue, monitor and views.
ACTIVE_DAEMON: Role = 1
#: Held while derived views are refreshed.
VIEW_WORK: Role = 2


@dataclass(frozen=True, slots=True)
class Holder:
    """The session that holds a lock; `since` is when it connected, not when it locked."""

    pid: int
    application: str
    username: str
    client: str
    since: dt.datetime | None

    def __str__(self) -> str:
        name = self.application or "a session without a name"
        since = f" since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{name} (pid {self.pid}, {self.username or 'unknown'} from {self.client}{since})"


def holder(conn: Connection, lock_id: int, role: Role | None = None) -> Holder | None:
    """Name the session that holds the ingest lock, or with `role` one of the locks beside it."""
    rows = connection.fetch_all(
        conn, "find_lock_holder", {"lock_id": lock_id, "role": role}, row=Holder
    )
    return rows[0] if rows else None


@contextmanager
def held(conn: Connection, lock_id: int) -> Iterator[None]:
    """Hold the ingest lock for the length of a run.

    Raises LockBusyError, with the holder's name, when another session has it,
    and DatabaseUnavailableError when at the end it turns out not to have been ours.
    """
    if not connection.fetch_value(conn, "try_ingest_lock", {"lock_id": lock_id}):
        raise _busy(conn, lock_id)
    try:
        yield
    finally:
        if connection.alive(conn):
            _release(conn, lock_id)


@contextmanager
def held_for_views(conn: Connection, lock_id: int) -> Iterator[bool]:
    """Hold the lock for view work; yields False, without it, when another session has it."""
    params = {"lock_id": lock_id, "role": VIEW_WORK}
    taken = bool(connection.fetch_value(conn, "try_role_lock", params))
    try:
        yield taken
    finally:
        if taken and connection.alive(conn):
            connection.fetch_value(conn, "release_role_lock", params)


def become_active(conn: Connection, lock_id: int) -> bool:
    """Take the lock of the active daemon for the life of this session; False to stand by."""
    params = {"lock_id": lock_id, "role": ACTIVE_DAEMON}
    return bool(connection.fetch_value(conn, "try_role_lock", params))


def announce(conn: Connection, text: str) -> None:
    """Say in pg_stat_activity what this session is; cut to what the server keeps (63 bytes)."""
    connection.fetch_value(conn, "set_application_name", {"text": text[:63]})


def _release(conn: Connection, lock_id: int) -> None:
    if not connection.fetch_value(conn, "release_ingest_lock", {"lock_id": lock_id}):
        raise DatabaseUnavailableError(
            f"the ingest lock {lock_id} was not held by this session when it was released",
            hint="connect to PostgreSQL directly: a pooler in transaction mode loses session locks",
        )


def _busy(conn: Connection, lock_id: int) -> LockBusyError:
    name = str(holder(conn, lock_id) or "a session that has just let go")
    return LockBusyError(
        f"the ingest lock {lock_id} is held by {name}",
        hint="wait for it to finish; nothing was written",
        holder=name,
    )
