"""Connecting, running statements, and what becomes of errors."""

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.errors import (
    ConfigError,
    DatabaseBusyError,
    DatabaseUnavailableError,
    GiddyupError,
    PermanentError,
    PermissionDeniedError,
)
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from tests.server import Server
from tests.wait import wait_until


@pytest.fixture
def other(database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Another program's session."""
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


def test_a_session_knows_what_it_is(database: str) -> None:
    opened = connection.connect(
        database,
        application_name="giddyup-watch: probe",
        lock_timeout_ms=1234,
        statement_timeout_ms=60_000,
    )
    with closing(opened):
        assert _settings(
            opened, "application_name", "search_path", "TimeZone", "client_encoding",
            "lock_timeout", "statement_timeout", "client_connection_check_interval",
            "default_transaction_read_only",
        ) == [
            "giddyup-watch: probe", "pg_catalog", "UTC", "UTF8",
            "1234ms", "1min", "1100ms", "off",
        ]  # fmt: skip
        assert opened.autocommit


def test_a_reader_cannot_write(database: str) -> None:
    with closing(connection.connect(database, application_name="test", read_only=True)) as reader:
        with connection.translated(), pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("CREATE TABLE racing.more ()")
        with pytest.raises(DatabaseBusyError, match="read-only"), connection.transaction(reader):
            reader.execute("CREATE TABLE racing.more ()")


@pytest.mark.parametrize("url", ["postgresql://me:secret@host/db?oops", "me:secret@host", "//x"])
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connection.connect(url, application_name="test")
    assert "secret" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_a_failed_connection_is_told_without_the_password(postgres: Server) -> None:
    url = postgres.url("no_such_database")
    with pytest.raises(ConfigError, match="no_such_database") as caught:
        connection.connect(url, application_name="test", password="secret")
    assert "secret" not in str(caught.value)


def test_an_unknown_role_is_denied(postgres: Server) -> None:
    with pytest.raises(PermissionDeniedError, match="nobody_we_know"):
        connection.connect(postgres.url("postgres", "nobody_we_know"), application_name="test")


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match=str(tmp_path)):
        connection.connect(f"postgresql:///db?host={tmp_path}", application_name="test")
    with closing(socket.create_server(("127.0.0.1", 0))) as port:
        number = port.getsockname()[1]
    with pytest.raises(DatabaseUnavailableError, match=f"port={number}"):
        connection.connect(f"postgresql://127.0.0.1:{number}/db", application_name="test")


@pytest.mark.failure(line=21)
def test_a_pooler_is_refused(postgres: Server, database: str) -> None:
    with _pooler(postgres.socket) as folder, pytest.raises(ConfigError, match="pooler"):
        connection.connect(
            database.replace(str(postgres.folder).replace("/", "%2F"), folder),
            application_name="test",
        )


def test_a_transaction_is_all_or_nothing(conn: Connection, other: Connection) -> None:
    def make_and_fail() -> None:
        with connection.transaction(conn):
            conn.execute("CREATE TABLE racing.made ()")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_and_fail()
    assert other.execute("SELECT to_regclass('racing.made')").fetchone() == (None,)

    with connection.transaction(conn):
        conn.execute("CREATE TABLE racing.made ()")
        assert other.execute("SELECT to_regclass('racing.made')").fetchone() == (None,)
    assert other.execute("SELECT to_regclass('racing.made')").fetchone() != (None,)


def test_repeatable_read_sees_one_moment(conn: Connection, other: Connection) -> None:
    count = "SELECT count(*) FROM racing.horses"
    insert = "INSERT INTO racing.horses (horse_name) VALUES (%s)"
    with connection.transaction(conn, isolation="repeatable read", read_only=True):
        assert conn.execute(count).fetchone() == (0,)
        other.execute(insert, ["A"])
        assert conn.execute(count).fetchone() == (0,)
    with connection.transaction(conn):
        assert conn.execute(count).fetchone() == (1,)
        other.execute(insert, ["B"])
        assert conn.execute(count).fetchone() == (2,)


def test_a_read_only_transaction_writes_nothing(conn: Connection) -> None:
    with pytest.raises(DatabaseBusyError), connection.transaction(conn, read_only=True):
        conn.execute("CREATE TABLE racing.made ()")


@dataclass(frozen=True, slots=True)
class _Fitness:
    version: int
    encoding: str
    folds_accents: bool


def test_rows_come_as_tuples_or_as_what_they_mean(conn: Connection) -> None:
    fitness = connection.fetch_one(conn, "fetch_fitness", row=_Fitness)

    assert fitness == _Fitness(conn.info.server_version, "UTF8", True)
    assert connection.fetch_all(conn, "fetch_fitness", row=_Fitness) == [fitness]
    assert connection.fetch_all(conn, "fetch_fitness") == [(conn.info.server_version, "UTF8", True)]
    assert connection.fetch_value(conn, "fetch_backend_pid") == conn.info.backend_pid


def test_no_row_is_none(conn: Connection) -> None:
    assert connection.fetch_one(conn, "fetch_last_write") is None
    assert connection.fetch_value(conn, "fetch_last_write") is None


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("INSERT INTO racing.horses (horse_name) VALUES ('A'), ('a')", PermanentError,
         ["table racing.horses", "constraint horses_uniq", "(horse_norm)=(a)", "23505"]),
        ("INSERT INTO racing.horses (horse_name) VALUES (NULL)", PermanentError,
         ["table racing.horses", "column horse_name"]),
        ("SELECT 1/0", PermanentError, ["division by zero"]),
        ("SELECT * FROM racing.nothing", ConfigError, ["racing.nothing"]),
        ("SELECT racing.nothing(1)", ConfigError, ["nothing"]),
        ("SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(30)", DatabaseBusyError,
         ["statement timeout"]),
        ("SET LOCAL lock_timeout = '10ms'; SELECT pg_advisory_xact_lock(7)", DatabaseBusyError,
         ["lock timeout"]),
        ("SET LOCAL ROLE pg_monitor; SELECT * FROM racing.horses", PermissionDeniedError,
         ["permission denied for schema racing"]),
        ("SELECT pg_terminate_backend(pg_backend_pid())", DatabaseUnavailableError,
         ["terminating connection"]),
        ("DO $$ BEGIN RAISE 'we will not' USING ERRCODE = 'GW001', HINT = 'do this'; END $$",
         ConfigError, ["we will not"]),
    ],
)  # fmt: skip
def test_an_error_is_sorted_by_what_to_do(
    conn: Connection, other: Connection, statement: str, kind: type[GiddyupError], words: list[str]
) -> None:
    other.execute("SELECT pg_advisory_lock(7)")

    with pytest.raises(kind) as caught, connection.transaction(conn):
        conn.execute(statement.encode())

    assert type(caught.value) is kind
    assert [word for word in words if word not in caught.value.message] == []
    assert isinstance(caught.value.__cause__, psycopg.Error)


@pytest.mark.parametrize(
    ("value", "kind", "code"), [("a\0b", PermanentError, 65), (object(), GiddyupError, 70)]
)
def test_what_the_driver_would_not_send_is_no_lost_connection(
    conn: Connection, value: object, kind: type[GiddyupError], code: int
) -> None:
    with pytest.raises(kind) as caught, connection.translated():
        conn.execute("SELECT %s", [value])

    assert type(caught.value) is kind
    assert caught.value.exit_code == code
    assert connection.alive(conn)


def test_a_deadlock_may_pass(conn: Connection, other: Connection) -> None:
    lock_7, lock_8 = ("SELECT pg_advisory_xact_lock(7)", "SELECT pg_advisory_xact_lock(8)")
    waiting = "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

    def take_8_then_7() -> None:
        with other.transaction():
            other.execute("SET LOCAL deadlock_timeout = '1min'")
            other.execute(lock_8)
            other.execute(lock_7)

    thread = threading.Thread(target=take_8_then_7)

    def take_7_then_8() -> None:
        with connection.transaction(conn):
            conn.execute("SET LOCAL deadlock_timeout = '1ms'")
            conn.execute(lock_7)
            thread.start()
            wait_until(lambda: conn.execute(waiting).fetchone() == (True,), what="the other waits")
            conn.execute(lock_8)

    with pytest.raises(DatabaseBusyError, match="deadlock"):
        take_7_then_8()
    thread.join(10)


def test_a_lost_connection_is_not_alive(conn: Connection, other: Connection) -> None:
    assert connection.alive(conn)
    other.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])

    assert not connection.alive(conn)
    with pytest.raises(DatabaseUnavailableError):
        connection.fetch_value(conn, "fetch_backend_pid")


@pytest.mark.failure(line=22)
def test_the_server_notices_a_killed_client_in_a_long_statement(
    database: str, other: Connection
) -> None:
    script = (
        "import sys; from giddyup_watch.store import connection;"
        "conn = connection.connect(sys.argv[1], application_name='doomed');"
        "conn.execute('SELECT pg_advisory_lock(7)'); conn.execute('SELECT pg_sleep(600)')"
    )
    locked = "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7"
    client = subprocess.Popen([sys.executable, "-c", script, database])
    wait_until(lambda: other.execute(locked).fetchone() == (True,), what="the client has the lock")

    client.send_signal(signal.SIGKILL)
    client.wait(10)

    wait_until(lambda: other.execute(locked).fetchone() == (False,), timeout=5, what="it is free")


def _settings(conn: Connection, *names: str) -> list[str]:
    rows = [conn.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    return [row[0] for row in rows if row is not None]


@contextmanager
def _pooler(server_socket: Path) -> Iterator[str]:
    """A folder with a socket that leads to the server, but tells clients an invented process id."""
    with tempfile.TemporaryDirectory(prefix="giddyup-") as folder:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{folder}/{server_socket.name}")
        listener.listen()
        thread = threading.Thread(target=_pool_one, args=(listener, server_socket))
        thread.start()
        try:
            yield folder
        finally:
            listener.close()
            thread.join(10)


def _pool_one(listener: socket.socket, server_socket: Path) -> None:
    """Serve one client: requests pass as they are, answers with another process id."""
    client, _ = listener.accept()
    with client, socket.socket(socket.AF_UNIX) as upstream:
        upstream.connect(os.fspath(server_socket))
        back = threading.Thread(target=_answer, args=(upstream, client))
        back.start()
        while data := client.recv(65536):
            upstream.sendall(data)
        upstream.shutdown(socket.SHUT_RDWR)
        back.join(10)


def _answer(upstream: socket.socket, client: socket.socket) -> None:
    backend_key = struct.pack("!cI", b"K", 12)
    while data := upstream.recv(65536):
        before, key, after = data.partition(backend_key)
        client.sendall(before + key + (struct.pack("!I", 4_000_000) + after[4:] if key else b""))
