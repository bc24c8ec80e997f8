"""Sessions of others on the daemon's database: they look at it, and stand in its way."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeAlias

import psycopg

from giddyup_watch.store import queries
from tests import server
from tests.wait import wait_until

Session: TypeAlias = psycopg.Connection[tuple[Any, ...]]

NAME = "somebody else"
#: A lock that holds a load up in the last statement of a segment's transaction, and which that is.
LAST_LOCK = "LOCK TABLE racing.ledger_segments IN EXCLUSIVE MODE"
LAST_STATEMENT = "upsert_ledger_segment"
#: Seconds that a daemon may take to come to the statement it is held up in.
BLOCK_SECONDS = 30
#: The server looks after dead clients each 1.1 s; the rest is for a busy machine.
DEATH_SECONDS = 5

_WAITING = """
SELECT query FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name LIKE 'giddyup-watch active %'
  AND wait_event_type = 'Lock'
"""
_LOCKED = """
SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database
WHERE locktype = 'advisory' AND datname = current_database()
"""


@contextmanager
def session(url: str) -> Iterator[Session]:
    with closing(
        psycopg.connect(server.as_owner(url), autocommit=True, application_name=NAME)
    ) as opened:
        yield opened


@contextmanager
def in_the_way(url: str, *statements: str) -> Iterator[Session]:
    """A transaction that has done these statements: `rollback`, or the end, lets go."""
    with closing(psycopg.connect(server.as_owner(url), application_name=NAME)) as opened:
        for statement in statements:
            opened.execute(statement.encode())
        yield opened


def wait_until_blocked(url: str, name: str = LAST_STATEMENT) -> None:
    """Wait until the active daemon waits for a lock, in the statement of that file."""
    with session(url) as looking:
        query = wait_until(lambda: _value(looking, _WAITING), BLOCK_SECONDS, what="nobody waits")
    held_up, wanted = (text.splitlines()[0] for text in (query, queries.get(name).decode()))
    assert held_up == wanted, f"held up in {held_up!r}, not in {wanted!r}"


def wait_until_lock_is_free(url: str, seconds: float = DEATH_SECONDS) -> None:
    """Wait until nobody holds an advisory lock: neither to ingest nor to be the active daemon."""
    with session(url) as looking:
        wait_until(lambda: not _value(looking, _LOCKED), seconds, what="a lock is stranded")


def end_daemons(url: str, role: str = "") -> None:
    """Terminate the backends of daemons, all or those in one role, as an administrator."""
    with session(url) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s",
            [f"giddyup-watch {role}%"],
        )


def count(url: str, table: str, where: str = "true") -> int:
    with session(url) as looking:
        return int(_value(looking, f"SELECT count(*) FROM {table} WHERE {where}"))


def _value(looking: Session, statement: str) -> Any:
    row = looking.execute(statement.encode()).fetchone()
    return None if row is None else row[0]
