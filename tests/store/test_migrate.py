"""Migrations on an empty database, and the rules of the runner."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.errors import ConfigError, LockBusyError, PermanentError, PermissionDeniedError
from giddyup_watch.store import connection, migrate
from giddyup_watch.store.connection import Connection
from tests import schema, server
from tests.conftest import LOCK_ID
from tests.server import Server


@pytest.fixture
def empty(empty_database: str) -> Iterator[Connection]:
    with _connected(empty_database) as opened:
        yield opened


def test_everything_is_due_on_an_untouched_database(empty: Connection) -> None:
    assert migrate.is_empty(empty)
    assert [m.version for m in migrate.pending(empty)] == list(
        range(1, len(migrate.available()) + 1)
    )


def test_nothing_is_due_afterwards(empty: Connection) -> None:
    applied = migrate.apply(empty, LOCK_ID)

    assert applied == migrate.available()
    assert migrate.pending(empty) == []
    assert not migrate.is_empty(empty)


def test_second_run_changes_nothing(
    empty: Connection, empty_database: str, postgres: Server
) -> None:
    migrate.apply(empty, LOCK_ID)
    before = schema.dump(postgres, empty_database)

    assert migrate.apply(empty, LOCK_ID) == []
    assert schema.dump(postgres, empty_database) == before


def test_looking_takes_no_lock_and_writes_nothing(empty_database: str, postgres: Server) -> None:
    before = schema.dump(postgres, empty_database)
    reader = connection.connect(empty_database, application_name="test", read_only=True)
    with closing(reader), _held(empty_database):
        assert migrate.pending(reader) == migrate.available()
    assert schema.dump(postgres, empty_database) == before


def test_a_changed_old_migration_is_refused(empty: Connection) -> None:
    migrate.apply(empty, LOCK_ID)
    first, *others = migrate.available()

    with pytest.raises(ConfigError, match="0001_giddyup is not what"):
        migrate.pending(empty, [replace(first, checksum="0" * 64), *others])


def test_a_migration_pushed_in_between_is_refused(empty: Connection, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").touch()
    (tmp_path / "0003_three.sql").touch()
    migrate.apply(empty, LOCK_ID, migrations=migrate.available(tmp_path))

    (tmp_path / "0002_two.sql").touch()
    with pytest.raises(ConfigError, match=r"0002_two is not what .*0003_three"):
        migrate.pending(empty, migrate.available(tmp_path))


def test_two_migrations_with_one_number_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").touch()
    (tmp_path / "0001_other.sql").touch()

    with pytest.raises(ConfigError, match="0001_one, 0001_other"):
        migrate.available(tmp_path)


def test_a_newer_database_is_refused(empty: Connection) -> None:
    migrate.apply(empty, LOCK_ID)

    with pytest.raises(ConfigError, match="newer than this program") as caught:
        migrate.apply(empty, LOCK_ID, migrations=migrate.available()[:-1])
    assert caught.value.exit_code == 78


def test_a_failing_migration_leaves_nothing_of_itself(empty: Connection, tmp_path: Path) -> None:
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE racing.good ();")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE racing.half (); SELECT 1/0;")
    migrations = migrate.available(tmp_path)

    with pytest.raises(PermanentError, match="division by zero"):
        migrate.apply(empty, LOCK_ID, migrations=migrations)

    assert [m.name for m in migrate.pending(empty, migrations)] == ["bad"]
    assert schema.tables(empty) == {"racing.good", "racing.schema_migrations"}


def test_a_file_with_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2_more.sql").write_text("")

    with pytest.raises(ConfigError, match=r"2_more\.sql"):
        migrate.available(tmp_path)


def test_a_busy_lock_is_waited_for_and_its_holder_named(
    empty: Connection, empty_database: str
) -> None:
    with _held(empty_database), pytest.raises(LockBusyError) as caught:
        migrate.apply(empty, LOCK_ID, wait_seconds=0.3)

    assert caught.value.exit_code == 75
    assert "the old loader" in caught.value.holder
    assert migrate.pending(empty)


def test_work_goes_on_when_the_lock_is_let_go(empty: Connection, empty_database: str) -> None:
    waited = threading.Event()

    def wait(seconds: float) -> None:
        waited.set()
        threading.Event().wait(seconds)

    with ExitStack() as stack:
        stack.enter_context(_held(empty_database))
        thread = threading.Thread(
            target=migrate.apply, args=(empty, LOCK_ID), kwargs={"wait": wait}
        )
        thread.start()
        assert waited.wait(10)
    thread.join(30)
    assert migrate.pending(empty) == []


def test_a_stopped_wait_ends_at_once(empty: Connection, empty_database: str) -> None:
    stop = threading.Event()
    stop.set()

    with _held(empty_database), pytest.raises(LockBusyError):
        migrate.apply(empty, LOCK_ID, wait=stop.wait)


def test_two_at_once_apply_everything_once(empty_database: str) -> None:
    applied: list[int] = []

    def work() -> None:
        with _connected(empty_database) as conn:
            applied.extend(m.version for m in migrate.apply(conn, LOCK_ID))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(applied) == [m.version for m in migrate.available()]


def test_an_owner_needs_no_superuser(empty_database: str) -> None:
    with schema.role(empty_database) as role:
        schema.give(empty_database, role)
        with _connected(server.as_role(empty_database, role)) as conn:
            assert migrate.apply(conn, LOCK_ID) == migrate.available()


def test_a_role_without_rights_is_told(empty_database: str) -> None:
    with (
        schema.role(empty_database) as role,
        _connected(server.as_role(empty_database, role)) as conn,
        pytest.raises(PermissionDeniedError, match="permission denied for database"),
    ):
        migrate.apply(conn, LOCK_ID)


@pytest.mark.parametrize(
    ("making", "why"),
    [
        ("ENCODING 'LATIN1' LOCALE 'C'", "encoding is LATIN1"),
        ("ENCODING 'SQL_ASCII' LOCALE 'C'", "encoding is SQL_ASCII"),
        ("ENCODING 'UTF8' LOCALE 'C'", "lower"),
    ],
)
def test_a_database_that_cannot_hold_accents_is_refused(
    postgres: Server, making: str, why: str
) -> None:
    provider = "LOCALE_PROVIDER libc " if postgres.version >= 15 else ""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE unfit {provider}{making} TEMPLATE template0".encode())
        try:
            with (
                closing(connection.connect(postgres.url("unfit"), application_name="test")) as conn,
                pytest.raises(ConfigError, match=why),
            ):
                migrate.apply(conn, LOCK_ID)
        finally:
            admin.execute("DROP DATABASE unfit")


@contextmanager
def _held(url: str) -> Iterator[None]:
    with psycopg.connect(url, application_name="the old loader") as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        yield


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    with closing(connection.connect(url, application_name="test")) as opened:
        yield opened
