"""A few read-only sessions for whoever asks over HTTP, apart from the one that writes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from giddyup_watch.errors import DatabaseBusyError
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection

#: Sessions at the same time.
SESSIONS = 4
#: Seconds to wait for one of them.
WAIT_SECONDS = 2.0


class Readers:
    def __init__(self, connect: Callable[[], Connection], sessions: int = SESSIONS) -> None:
        self._connect = connect
        self._slots = threading.BoundedSemaphore(sessions)
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Raises DatabaseBusyError when all are in use; one with an error is not used again."""
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise DatabaseBusyError(
                f"all {SESSIONS} sessions for reading are in use", hint="try again in a second"
            )
        with ExitStack() as stack:
            stack.callback(self._slots.release)
            conn = self._take()
            with ExitStack() as unless_all_is_well:
                unless_all_is_well.callback(conn.close)
                yield conn
                unless_all_is_well.pop_all()
            self._put_back(conn)

    def close(self) -> None:
        """Close what is idle; what is in use is closed by its user."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def _take(self) -> Connection:
        while True:
            with self._lock:
                conn = self._idle.pop() if self._idle else None
            if conn is None:
                return self._connect()
            if connection.alive(conn):  # the server may have gone and come back meanwhile
                return conn
            conn.close()

    def _put_back(self, conn: Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(conn)
                return
        conn.close()
