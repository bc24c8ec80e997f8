"""What a script that calls a command finds in `$?`, and a person on stderr."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from giddyup_watch import errors
from giddyup_watch.cli import main
from giddyup_watch.store import connection, lock
from giddyup_watch.store.connection import Connection
from tests.cli.conftest import Cli
from tests.conftest import LOCK_ID


def test_help_is_success_and_needs_nothing_heavy(process: Cli) -> None:
    done = process("--help")
    assert done.code == 0
    assert all(name in done.out for name in main.COMMANDS)
    heavy = "{'psycopg', 'pydantic', 'rich'}"
    script = f"import sys, giddyup_watch.cli.main; print({heavy} & {{*sys.modules}})"
    asked = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert asked.stdout == "set()\n"


def test_version(process: Cli) -> None:
    assert process("--version").out.startswith("giddyup-watch, version ")


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_listed_is_there_and_explains_itself(cli: Cli, name: str) -> None:
    done = cli(name, "--help")
    assert done.code == 0
    assert f"Usage: giddyup-watch {name}" in done.out


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("status", "--nonsense"),
        ("pause", "--for", "soon"),
        ("pause", "--for", "0h"),
        ("ingest",),
        ("ingest", "--date", "tomorrow"),
        ("ingest", "--month", "2024-13"),
        ("ingest", "--date", "2024-06-01", "--month", "2024-06"),
        ("ingest", "--from", "2024-06-01"),
        ("ingest", "--from", "2024-06-02", "--to", "2024-06-01"),
        ("ingest", "--date", "today", "--region", "fr"),
        ("ingest", "--date", "today", "--accept", "everything"),
        ("backfill", "--code", "trot"),
        ("backfill", "--from-month", "june"),
        ("backfill", "--from-month", "2024-07", "--to-month", "2024-06"),
    ],
)
def test_wrong_usage_is_64(cli: Cli, args: tuple[str, ...]) -> None:
    done = cli(*args)
    assert done.code == 64
    assert "Error: " in done.err


def test_settings_with_mistakes_are_78_with_every_mistake(
    cli: Cli, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("GIDDYUP_WATCH_LOG__LEVEL", "loud")
    environ.setenv("GIDDYUP_WATCH_LOG__FORMAT", "xml")
    done = cli("status", "--database", "postgresql:///nowhere")
    assert done.code == 78
    assert done.err.startswith("giddyup-watch: 2 mistakes in the settings:\n")
    assert "GIDDYUP_WATCH_LOG__FORMAT: log.format" in done.err


def test_no_database_is_78(process: Cli) -> None:
    done = process("status")
    assert done.code == 78
    assert "holds no embedded server" in done.err


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_service_without_a_database_is_78(
    process: Cli, environ: pytest.MonkeyPatch, command: str, tmp_path: Path
) -> None:
    environ.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    done = process(command, "--master", tmp_path)
    assert done.code == 78
    assert "database.url is not set" in done.err


def test_a_run_that_nobody_typed_needs_a_database_too(process: Cli, tmp_path: Path) -> None:
    assert process("run", "--master", tmp_path).code == 78


def test_a_database_that_is_not_there_is_69(cli: Cli, tmp_path: Path) -> None:
    done = cli("status", "--database", f"postgresql:///db?host={tmp_path}")
    assert done.code == 69
    assert done.err.startswith("giddyup-watch: no connection to the database")


def test_a_database_without_tables_is_78_and_says_what_to_do(
    cli: Cli, environ: pytest.MonkeyPatch, empty_database: str
) -> None:
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", empty_database)
    done = cli("status")
    assert done.code == 78
    assert "giddyup-watch migrate" in done.err


@pytest.mark.parametrize("command", [("ingest", "--month", "2024-06"), ("backfill",)])
def test_a_tree_that_is_not_there_is_66(
    connected_cli: Cli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = connected_cli(*command, "--master", tmp_path / "missing")
    assert done.code == 66


def test_a_tree_that_nobody_named_is_78(connected_cli: Cli) -> None:
    done = connected_cli("backfill")
    assert done.code == 78
    assert "--master" in done.err


@pytest.fixture
def other(database: str) -> Iterator[Connection]:
    with closing(connection.connect(database, application_name="a nightly job")) as opened:
        yield opened


def test_a_lock_held_by_another_is_75_and_names_it(
    connected_cli: Cli, other: Connection, master: Path
) -> None:
    with lock.held(other, LOCK_ID):
        done = connected_cli("backfill", "--master", master)
    assert done.code == 75
    assert "a nightly job" in done.err


def test_what_the_role_may_not_do_is_77(connected_cli: Cli, database: str) -> None:
    stranger = database.replace("//postgres@", "//stranger@")
    done = connected_cli("status", "--database", stranger)
    assert done.code == 77
    assert "stranger" in done.err


class _Broken(click.Command):
    def __init__(self, exc: BaseException) -> None:
        super().__init__("broken", callback=self._raise)
        self._exc = exc

    def _raise(self) -> None:
        raise self._exc


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> Cli:
    """A command that ends with the exception given."""

    def call(exc: BaseException) -> object:
        monkeypatch.setattr(main.cli, "get_command", lambda *_: _Broken(exc))
        return cli("broken")

    return call  # type: ignore[return-value]


def test_a_bug_is_70_with_one_line_and_its_trace_only_at_debug(
    broken: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = broken(ZeroDivisionError("division by zero"))
    assert done.code == 70
    assert "this is a bug: ZeroDivisionError: division by zero" in done.err
    assert "Traceback" not in done.err
    monkeypatch.setenv("GIDDYUP_WATCH_LOG__LEVEL", "debug")
    assert "Traceback" in broken(ZeroDivisionError()).err


def test_an_error_of_ours_is_its_message_its_hint_and_its_code(broken: Cli) -> None:
    done = broken(errors.PermissionDeniedError("no right to that", hint="Ask for it."))
    assert (done.code, done.err) == (77, "giddyup-watch: no right to that\n  Ask for it.\n")


def test_an_interrupt_is_130(broken: Cli) -> None:
    assert broken(KeyboardInterrupt()).code == 130


def test_a_reader_who_leaves_is_no_error(environ: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "giddyup_watch", "config", "show"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.close()
        assert writer.stderr is not None
        said = writer.stderr.read()
    assert (writer.returncode, said) == (141, b"")
