"""What was read is kept for as long as it is true: until something is written to the database.

The server itself tells: its snapshot names every transaction whose rows can be
seen, and whoever writes, this program or another, ends in another one. So what is
kept is never older than the moment at which it is asked for.
"""

import datetime as dt
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection, Params

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark:
    """A state of the database: as long as it is the same, every statement finds the same rows."""

    started_at: dt.datetime
    seen: str


def mark(conn: Connection) -> Mark:
    """Return the state of now; in a transaction of repeatable reads the one that it sees."""
    return connection.fetch_all(conn, "fetch_mark", row=Mark)[0]


class Kept(Generic[T]):
    """The values asked for last, each with what it was made of. Used by any thread."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[object, T]] = {}

    def get(self, name: Hashable, cause: object) -> T | None:
        """Return what was put there for this very cause."""
        with self._lock:
            found = self._values.get(name)
            if found is None or found[0] != cause:
                return None
            self._values[name] = self._values.pop(name)
            return found[1]

    def put(self, name: Hashable, cause: object, value: T) -> T:
        """Keep it in the place of what was there, and forget what nobody asked for lately."""
        with self._lock:
            self._values.pop(name, None)
            self._values[name] = (cause, value)
            while len(self._values) > self._size:
                del self._values[next(iter(self._values))]
        return value

    def ensure(self, name: Hashable, cause: object, make: Callable[[], T]) -> T:
        """Return what is kept, or make and keep it."""
        found = self.get(name, cause)
        return self.put(name, cause, make()) if found is None else found


class Statements:
    """Statements of one transaction of repeatable reads, answered from memory where that is true.

    Not for those that ask for the clock, for locks or sessions. Nobody changes the lists.
    """

    def __init__(self, conn: Connection, kept: Kept[list[Any]]) -> None:
        self.mark = mark(conn)
        self._conn = conn
        self._kept = kept

    def fetch_all(self, name: str, params: Params | None, row: type[Any] | None) -> list[Any]:
        """Rows as `connection.fetch_all` gives them."""

        def fetch() -> list[Any]:
            if row is None:
                return connection.fetch_all(self._conn, name, params)
            return connection.fetch_all(self._conn, name, params, row=row)

        return self._kept.ensure((name, row, _frozen(params)), self.mark, fetch)


def _frozen(params: Params | None) -> Hashable:
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in sorted((params or {}).items())
    )
