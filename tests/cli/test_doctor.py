"""`doctor`: each check once when all is well, and once when it is not."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.cli.doctor import machine
from giddyup_watch.store import connection, lock, roles
from giddyup_watch.store.connection import Connection
from tests import schema, server
from tests.cli.conftest import Cli, Done
from tests.conftest import LOCK_ID


def line(done: Done, title: str) -> str:
    """The line of one check, and the advice below it."""
    lines = done.out.splitlines()
    at = next(i for i, text in enumerate(lines) if text[6:].startswith(f"{title}:"))
    advice = lines[at + 1] if lines[at + 1 : at + 2] and "->" in lines[at + 1] else ""
    return lines[at] + advice


@pytest.fixture
def free_port(environ: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A port of the test's own; listening on it makes it taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        environ.setenv("GIDDYUP_WATCH_HTTP__LISTEN", f"127.0.0.1:{taken.getsockname()[1]}")
        yield taken


@pytest.fixture
def other(database: str) -> Iterator[Connection]:
    with closing(connection.connect(database, application_name="psql")) as opened:
        yield opened


def test_a_healthy_installation_has_no_failure(
    connected_cli: Cli, environ: pytest.MonkeyPatch, master: Path, other: Connection
) -> None:
    environ.setenv("GIDDYUP_WATCH_HTTP__LISTEN", "127.0.0.1:0")
    lock.become_active(other, LOCK_ID)
    done = connected_cli("doctor", "--master", master)
    assert done.code == 0, done.out
    assert [text[:4].strip() for text in done.out.splitlines()] == ["OK"] * 21
    assert "8 segments" in line(done, "master tree")


def test_settings_with_mistakes_end_it_with_78(cli: Cli, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("GIDDYUP_WATCH_LOG__LEVEL", "loud")
    done = cli("doctor")
    assert done.code == 78
    assert line(done, "settings").startswith("FAIL  settings: GIDDYUP_WATCH_LOG__LEVEL: log.level")


def test_a_database_that_cannot_be_reached_is_69_after_the_other_checks(
    cli: Cli, environ: pytest.MonkeyPatch, master: Path, tmp_path: Path
) -> None:
    done = cli("doctor", "--master", master, "--database", f"postgresql:///db?host={tmp_path}")
    assert done.code == 69
    assert line(done, "master tree").startswith("OK")
    assert line(done, "database").startswith("FAIL  database: no connection")


def test_an_embedded_server_that_was_never_made_is_no_failure(cli: Cli, master: Path) -> None:
    done = cli("doctor", "--master", master, "--database", "embedded")
    assert line(done, "database").startswith("WARN  database: no embedded server yet")


@pytest.mark.parametrize(("there", "state"), [(False, "FAIL"), (True, "WARN")])
def test_a_tree_that_is_missing_or_empty(
    connected_cli: Cli, tmp_path: Path, *, there: bool, state: str
) -> None:
    folder = tmp_path / "tree"
    if there:
        folder.mkdir()
    done = connected_cli("doctor", "--master", folder)
    assert line(done, "master tree").startswith(state)
    assert done.code == (0 if there else 1)


def test_too_few_inotify_watches(
    connected_cli: Cli, master: Path, tmp_path: Path, environ: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "max_user_watches"
    limit.write_text("8\n")
    environ.setattr(machine, "INOTIFY_LIMIT", limit)
    done = connected_cli("doctor", "--master", master)
    assert line(done, "inotify watches").startswith("WARN")
    environ.setenv("GIDDYUP_WATCH_WATCH__BACKEND", "polling")
    assert "not used" in line(connected_cli("doctor", "--master", master), "inotify watches")


def test_a_state_directory_that_others_can_write(
    cli: Cli, tmp_path: Path, environ: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    environ.setenv("STATE_DIRECTORY", str(folder))
    done = cli("doctor", "--database", "embedded")
    assert line(done, "state directory").startswith("WARN")
    assert "chmod 0700" in line(done, "state directory")


def test_too_little_room_for_the_embedded_server(cli: Cli, environ: pytest.MonkeyPatch) -> None:
    environ.setattr(machine, "DISK_ENOUGH", 2**80)
    assert line(cli("doctor", "--database", "embedded"), "disk space").startswith("WARN")
    environ.setattr(machine, "DISK_TOO_LITTLE", 2**80)
    assert line(cli("doctor", "--database", "embedded"), "disk space").startswith("FAIL")


def test_a_port_that_is_taken_by_something_silent(
    connected_cli: Cli, free_port: socket.socket, environ: pytest.MonkeyPatch
) -> None:
    environ.setattr(machine, "HTTP_TIMEOUT_SECONDS", 0.1)
    free_port.listen()
    done = connected_cli("doctor")
    assert line(done, "http listener").startswith("FAIL")
    assert "does not answer" in line(done, "http listener")


def test_an_address_of_another_machine(connected_cli: Cli, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("GIDDYUP_WATCH_HTTP__LISTEN", "192.0.2.1:9917")
    environ.setenv("GIDDYUP_WATCH_HTTP__TOKEN", "t")
    assert line(connected_cli("doctor"), "http listener").startswith("FAIL")


def test_migrations_that_are_due(
    cli: Cli, environ: pytest.MonkeyPatch, empty_database: str
) -> None:
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", empty_database)
    done = cli("doctor")
    assert done.code == 1
    assert "giddyup-watch migrate" in line(done, "migrations")
    assert line(done, "rights of the role").startswith("WARN")


def test_a_foreign_session_that_holds_the_lock(connected_cli: Cli, other: Connection) -> None:
    with lock.held(other, LOCK_ID):
        found = line(connected_cli("doctor"), "ingest lock")
    assert found.startswith(f"WARN  ingest lock: {LOCK_ID} is held by psql")


def test_no_daemon(connected_cli: Cli) -> None:
    assert line(connected_cli("doctor"), "daemon").startswith("WARN")


def test_rows_of_others_wait_for_a_backfill(connected_cli: Cli, other: Connection) -> None:
    other.execute("SELECT racing.ensure_month('2024-06-01')")
    other.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('theirs', '2024-06-01', 'GB', 'Stakes', 'Flat', 0)"
    )
    found = line(connected_cli("doctor"), "rows of others")
    assert found.startswith("FAIL")
    assert "backfill" in found


def test_a_role_that_lacks_rights(
    cli: Cli, environ: pytest.MonkeyPatch, database: str, other: Connection
) -> None:
    with schema.role(database) as name:
        environ.setenv("GIDDYUP_WATCH_DATABASE__URL", server.as_role(database, name))
        stranger = line(cli("doctor"), "rights of the role")
        roles.bring_up(other, name)
        enough = line(cli("doctor"), "rights of the role")
        other.execute("REVOKE INSERT, UPDATE ON racing.ledger_segments FROM plain")
        reader = line(cli("doctor"), "rights of the role")
    assert stranger.startswith("FAIL  rights of the role: missing: USAGE ON SCHEMA racing; ")
    assert enough.startswith("OK")
    assert reader.startswith(
        "FAIL  rights of the role: missing: INSERT, UPDATE ON TABLE racing.ledger_segments "
    )
    assert "giddyup-watch migrate --role plain, as the owner" in reader
