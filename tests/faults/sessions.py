"""Sessions of others on the daemon's database: they watch it, and stand in its way."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeAlias

import psycopg

from giddyup_watch.store import queries
from tests.wait import wait_until

Session: TypeAlias = psycopg.Connection[tuple[Any, ...]]

NAME = "somebody else"
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
    with closing(psycopg.connect(url, autocommit=True, application_name=NAME)) as opened:
        yield opened


@contextmanager
def in_the_way(url: str, *statements: str) -> Iterator[Session]:
    """A transaction that has done these statements: `rollback`, or the end, lets go."""
    with closing(psycopg.connect(url, application_name=NAME)) as opened:
        for statement in statements:
            opened.execute(statement.encode())
        yield opened


def wait_until_blocked(watching: Session, name: str) -> None:
    """Wait until the active daemon waits for a lock, in the statement of that file."""
    query = wait_until(lambda: _value(watching, _WAITING), BLOCK_SECONDS, what="nobody waits")
    assert str(query).splitlines()[0] == queries.get(name).decode().splitlines()[0]


def wait_until_lock_is_free(watching: Session) -> None:
    """Wait until nobody holds an advisory lock: neither to ingest nor to be the active daemon."""
    wait_until(lambda: not _value(watching, _LOCKED), DEATH_SECONDS, what="a lock is stranded")


def end_daemons(watching: Session) -> None:
    """Terminate the backends of every daemon, as an administrator does."""
    watching.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'giddyup-watch %'"
    )


def count(watching: Session, table: str, where: str = "true") -> int:
    return int(_value(watching, f"SELECT count(*) FROM {table} WHERE {where}"))


def _value(watching: Session, statement: str) -> Any:
    row = watching.execute(statement.encode()).fetchone()
    return None if row is None else row[0]
