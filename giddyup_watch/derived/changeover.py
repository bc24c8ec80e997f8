"""Make tables of the known views, and views of the tables, without readers noticing.

What takes long is built beside what readers see. They wait for the moment in
which names change only, and are waited for: half a second, again and again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from giddyup_watch.errors import ConfigError, DatabaseBusyError, GiddyupError, LockBusyError
from giddyup_watch.store import connection, lock, upkeep
from giddyup_watch.store.connection import Connection

#: How long readers and writers in the way are waited for, in seconds.
PATIENCE = 120.0
#: Seconds between two tries: readers that queued up behind one go first.
PAUSE = 1.0

Step = Callable[[str], None]


def run(conn: Connection, lock_id: int, *, as_tables: bool, say: Step = lambda _: None) -> bool:
    """Change the known views over; False when they are so already.

    Raises ConfigError with the names of what is in the way for good,
    DatabaseBusyError when readers never let go, LockBusyError while another
    session works on views. All of these leave things as they were.
    """
    with lock.held_for_views(conn, lock_id) as taken:
        if not taken:
            raise LockBusyError(
                "another session works on the derived views",
                hint="try again when it is done; nothing was changed",
                holder=str(lock.holder(conn, lock_id, lock.VIEW_WORK) or ""),
            )
        was = upkeep.fetch(conn).tables
        if was != as_tables:
            with _undone_on_failure(conn, was_tables=was):
                build(conn, as_tables=as_tables, say=say)
        if not as_tables:
            _patiently(lambda: upkeep.unwatch(conn))
        return was != as_tables


def build(
    conn: Connection,
    *,
    as_tables: bool,
    say: Step = lambda _: None,
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Build the known views anew and put them in place. The caller holds the lock for view work."""
    _refuse_obstacles(conn)
    say("noting what changes from now on")
    if as_tables:
        _patiently(lambda: upkeep.watch(conn), go_on)
    upkeep.begin(conn, building=True)
    try:
        say("building beside the readers")
        with connection.transaction(conn):
            upkeep.build(conn, as_tables=as_tables)
        say("taking the place of what was there")
        _patiently(lambda: _swap(conn, as_tables=as_tables), go_on)
    finally:
        if connection.alive(conn):
            upkeep.begin(conn, building=False)


@contextmanager
def _undone_on_failure(conn: Connection, *, was_tables: bool) -> Iterator[None]:
    """Leave no triggers behind on views that stayed views; who is in the way of that keeps them."""
    try:
        yield
    except GiddyupError:
        if not was_tables and connection.alive(conn):
            with suppress(DatabaseBusyError):
                upkeep.unwatch(conn)
        raise


def _swap(conn: Connection, *, as_tables: bool) -> None:
    with connection.transaction(conn):
        upkeep.swap(conn, as_tables=as_tables)


def _refuse_obstacles(conn: Connection) -> None:
    found = upkeep.obstacles(conn)
    if found:
        raise ConfigError(
            f"the known views cannot be changed over: {'; '.join(found)}",
            hint="drop what rests on them, change over, and make it again; nothing was changed",
        )


def _patiently(step: Callable[[], None], go_on: Callable[[], bool] = lambda: True) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return step()
        except DatabaseBusyError:
            if time.monotonic() >= deadline or not go_on():
                raise
            threading.Event().wait(PAUSE)
