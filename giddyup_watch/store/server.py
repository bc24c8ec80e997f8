"""What the server and the role are like, for a person who wants to know; no load needs it."""

import datetime as dt
from dataclasses import dataclass

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.lock import Holder

#: How the sessions of daemons are named; see daemon.work.
_DAEMONS = ("giddyup-watch active ", "giddyup-watch standby ")


@dataclass(frozen=True, slots=True)
class Server:
    """What the server says of itself; `now` is its clock."""

    version: str
    encoding: str
    folds_accents: bool
    now: dt.datetime
    role: str
    size: str


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon as it announces itself: `giddyup-watch active inotify queue=3`."""

    session: Holder
    role: str
    watcher: str
    queue: int


def describe(conn: Connection) -> Server:
    return connection.fetch_all(conn, "describe_server", row=Server)[0]


def local_time(conn: Connection, timezone: str, instant: dt.datetime) -> dt.datetime | None:
    """`instant` on the clocks of `timezone`, without zone; None where the server knows no such."""
    params = {"timezone": timezone, "instant": instant}
    found: dt.datetime | None = connection.fetch_value(conn, "convert_local_time", params)
    return found


def own_sessions(conn: Connection) -> list[Holder]:
    """Other sessions of this program; of those of another role only a superuser sees the names."""
    return connection.fetch_all(conn, "find_own_sessions", row=Holder)


def daemons(conn: Connection) -> list[Daemon]:
    """Daemons on this database, the longest connected first."""
    return [_daemon(one) for one in own_sessions(conn) if one.application.startswith(_DAEMONS)]


def _daemon(session: Holder) -> Daemon:
    _, role, watcher, *rest = session.application.split()
    said = dict(word.split("=", 1) for word in rest if "=" in word)
    return Daemon(session, role, watcher, int(said.get("queue", 0)))
