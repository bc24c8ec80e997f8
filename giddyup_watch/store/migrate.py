"""Bring the database forward: numbered SQL files, each once, each as it was first released."""

import hashlib
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import giddyup_watch
from giddyup_watch.errors import ConfigError, LockBusyError
from giddyup_watch.store import connection, lock
from giddyup_watch.store.connection import Connection

#: The oldest server with everything our SQL uses (client_connection_check_interval).
MIN_SERVER_VERSION = 140_000
#: How often a busy ingest lock is tried again.
LOCK_POLL_SECONDS = 0.2

_FILE_NAME = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    checksum: str
    sql: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{self.version:04d}_{self.name}"


@dataclass(frozen=True, slots=True)
class _Applied:
    version: int
    name: str
    checksum: str


def folder() -> Path:
    """Where the files are: inside an installed package, beside it in a checkout."""
    installed = Path(str(resources.files(giddyup_watch) / "migrations"))
    if installed.is_dir():
        return installed
    return Path(str(resources.files(giddyup_watch))).parent / "migrations"


def available(path: Path | None = None) -> list[Migration]:
    """Every migration this version of the program knows, in order."""
    found = []
    for file in sorted((path or folder()).glob("*.sql")):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            raise ConfigError(f"{file.name} is not named like a migration (NNNN_name.sql)")
        sql = file.read_bytes()
        found.append(Migration(int(match[1]), match[2], hashlib.sha256(sql).hexdigest(), sql))
    for one, other in itertools.pairwise(found):
        if one.version == other.version:
            raise ConfigError(f"two migrations have one number: {one}, {other}")
    return found


def is_empty(conn: Connection) -> bool:
    """Whether the database holds no races yet: neither ours nor of an existing GiddyUp."""
    return not connection.fetch_value(conn, "check_facts")


def pending(conn: Connection, migrations: list[Migration] | None = None) -> list[Migration]:
    """Migrations that are due. Refuses a database that this program cannot work with."""
    known = available() if migrations is None else migrations
    _refuse_unfit(conn)
    applied = _applied(conn)
    _refuse_foreign_history(known, applied)
    return known[len(applied) :]


def apply(
    conn: Connection,
    lock_id: int,
    *,
    wait_seconds: float = 60,
    wait: Callable[[float], object] | None = None,
    migrations: list[Migration] | None = None,
) -> list[Migration]:
    """Apply what is due, each file in one transaction, all under the ingest lock.

    A busy lock is waited for. `wait` passes the time between two tries; it is
    that of an event when somebody may stop us.
    """
    if not pending(conn, migrations):
        return []
    pause = threading.Event().wait if wait is None else wait
    with _locked(conn, lock_id, wait_seconds, pause):
        due = pending(conn, migrations)
        for migration in due:
            _apply_one(conn, migration)
    return due


def _apply_one(conn: Connection, migration: Migration) -> None:
    with connection.transaction(conn):
        if not connection.fetch_value(conn, "check_bookkeeping"):
            connection.execute(conn, "create_bookkeeping")
        conn.execute(migration.sql)
        parameters = {
            "version": migration.version,
            "name": migration.name,
            "checksum": migration.checksum,
        }
        connection.execute(conn, "insert_applied", parameters)


def _applied(conn: Connection) -> list[_Applied]:
    if not connection.fetch_value(conn, "check_bookkeeping"):
        return []
    return connection.fetch_all(conn, "fetch_applied", row=_Applied)


def _refuse_unfit(conn: Connection) -> None:
    [(version, encoding, folds_accents)] = connection.fetch_all(conn, "fetch_fitness")
    if version < MIN_SERVER_VERSION:
        raise ConfigError(
            f"the server is PostgreSQL {version // 10_000}, 14 or newer is needed",
            hint="upgrade the server, or name another in database.url",
        )
    if encoding != "UTF8" or not folds_accents:
        why = f"its encoding is {encoding}" if encoding != "UTF8" else "lower('É') is not 'é' in it"
        raise ConfigError(
            f"the database cannot hold names with accents: {why}",
            hint="createdb --encoding=UTF8 --locale=C.UTF-8 --template=template0",
        )


def _refuse_foreign_history(known: list[Migration], applied: list[_Applied]) -> None:
    """What the database has had must be how our list begins: same files, same order."""
    if len(applied) > len(known):
        newest = applied[-1]
        raise ConfigError(
            f"the database is newer than this program:"
            f" it has had migration {newest.version:04d}_{newest.name}",
            hint="install the version of giddyup-watch that migrated it, or a newer one",
        )
    for ours, theirs in zip(known, applied, strict=False):
        if (ours.version, ours.checksum) != (theirs.version, theirs.checksum):
            raise ConfigError(
                f"migration {ours} is not what the database has had in its place"
                f" ({theirs.version:04d}_{theirs.name}, SHA-256 {theirs.checksum})",
                hint="install giddyup-watch as released; a migration once applied never changes",
            )


@contextmanager
def _locked(
    conn: Connection, lock_id: int, wait_seconds: float, pause: Callable[[float], object]
) -> Iterator[None]:
    deadline = time.monotonic() + wait_seconds
    stopped = False
    with ExitStack() as stack:
        while not _take(stack, conn, lock_id, last_try=stopped or time.monotonic() >= deadline):
            stopped = bool(pause(LOCK_POLL_SECONDS))
        yield


def _take(stack: ExitStack, conn: Connection, lock_id: int, *, last_try: bool) -> bool:
    try:
        stack.enter_context(lock.held(conn, lock_id))
    except LockBusyError:
        if last_try:
            raise
        return False
    return True
