"""Commands while a daemon is alive: handed to it over its socket; without one, as ever."""

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from giddyup_watch import settings
from giddyup_watch.errors import ConfigError
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import control, runs
from giddyup_watch.store.connection import Connection
from tests.cli.conftest import Cli
from tests.conftest import LOCK_ID
from tests.daemon.running import Running, given, running
from tests.wait import wait_until

pytestmark = pytest.mark.long

JUNE = ("--month", "2024-06")


@pytest.fixture
def socket_path(environ: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where commands and daemon look for each other; short, as a socket's name has to be."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        environ.setenv("RUNTIME_DIRECTORY", folder)
        yield Path(folder) / "admin.sock"


@pytest.fixture
def daemon(
    environ: pytest.MonkeyPatch, master: Path, database: str, socket_path: Path
) -> Iterator[Running]:
    """A daemon that has loaded the tree of the environment."""
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", database)
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    with running(master, database, socket=socket_path) as made:
        made.wait_for("run_finished")
        yield made


def asked_of(daemon: Running) -> list[str]:
    return [str(entry["what"]).rpartition("/")[2] for entry in daemon.events("admin_request")]


def test_ingest_is_done_by_the_daemon(
    daemon: Running, cli: Cli, conn: Connection, segments: list[SegmentKey]
) -> None:
    done = cli("ingest", *JUNE, "--force", "--json")
    assert (done.code, done.err) == (0, "")
    run = runs.latest(conn)
    assert run is not None
    assert (run.scope["trigger"], run.scope["dates"][0]) == ("cli", "2024-06-01")
    told = done.json()
    assert told.keys() == {"run_id", "status", "stats", "segments"}
    assert (told["run_id"], told["status"], told["stats"]) == (run.run_id, "success", run.stats)
    june = [str(key) for key in segments if key.month == "2024-06"]
    assert sorted(one["segment"] for one in told["segments"]) == june
    wait_until(lambda: asked_of(daemon) == ["run"])


def test_the_answer_is_that_of_a_run_without_a_daemon(
    cli: Cli, daemon: Running, socket_path: Path
) -> None:
    handed = cli("ingest", *JUNE)
    daemon.parts.web.stop()
    assert not socket_path.exists()
    alone = cli("ingest", *JUNE)
    assert alone.code == handed.code == 0
    lines = [done.out.splitlines() for done in (handed, alone)]
    assert lines[0][:-1] == lines[1][:-1]
    assert [one[-1].partition(":")[2] for one in lines] == [lines[0][-1].partition(":")[2]] * 2


def test_several_days_and_backfill(daemon: Running, cli: Cli, conn: Connection) -> None:
    assert cli("ingest", "--date", "2024-06-01", "--date", "2024-06-09").code == 0
    run = runs.latest(conn)
    assert run is not None
    assert run.scope["dates"] == ["2024-06-01", "2024-06-09"]
    done = cli("backfill", "--from-month", "2024-06", "--region", "gb")
    assert done.code == 0
    assert "segments 2 unchanged" in done.out
    wait_until(lambda: asked_of(daemon) == ["run", "backfill"])


def test_what_is_not_loaded_is_65(daemon: Running, cli: Cli, master: Path) -> None:
    control_file = master / "gb" / "flat" / "2024-06" / "runners_gb_flat_2024-06.csv"
    control_file.write_text("nothing that it should be\n")
    daemon.wait_for("segment_refused")
    done = cli("ingest", *JUNE, "--region", "gb", "--code", "flat")
    assert done.code == 65
    assert "refused" in done.out


def test_a_lock_of_others_is_75(daemon: Running, cli: Cli, database: str) -> None:
    with psycopg.connect(database) as foreign:
        foreign.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        done = cli("ingest", *JUNE)
        assert done.code == 75
        assert "is held by" in done.err


def test_pause_resume_and_cancel(daemon: Running, cli: Cli, conn: Connection) -> None:
    assert cli("pause", "--for", "2h").out.startswith("Paused until ")
    assert control.read(conn).paused
    done = cli("ingest", *JUNE)
    assert done.code == 75
    assert "giddyup-watch resume" in done.err
    assert cli("resume").out == "Resumed.\n"
    assert not control.read(conn).paused
    assert cli("cancel").out == "No run is going on.\n"
    wait_until(lambda: asked_of(daemon) == ["pause", "resume", "cancel"])


def test_a_run_that_is_canceled_meanwhile(
    daemon: Running, cli: Cli, conn: Connection, database: str
) -> None:
    conn.execute("TRUNCATE racing.races, racing.runners, racing.ledger_races")
    conn.execute("UPDATE racing.ledger_days SET digest = NULL")
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'racing.races'::regclass"
    with psycopg.connect(database) as stone:
        stone.execute("LOCK TABLE racing.races IN SHARE MODE")

        def cancel_when_busy() -> None:
            wait_until(lambda: conn.execute(waiting).fetchone() is not None)
            control.cancel(conn)
            stone.rollback()

        other = threading.Thread(target=cancel_when_busy)
        other.start()
        done = cli("ingest", *JUNE, "--force")
        other.join()
    assert done.code == 65
    assert "canceled" in done.out


def test_a_daemon_of_another_tree_is_left_alone(
    daemon: Running, cli: Cli, conn: Connection, master: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(master, other)
    assert cli("ingest", *JUNE, "--master", other).code == 0
    assert not daemon.events("admin_request")


def test_a_dry_run_asks_nobody(daemon: Running, cli: Cli) -> None:
    assert cli("ingest", *JUNE, "--dry-run").code == 0
    assert not daemon.events("admin_request")


def test_a_standby_leaves_it_to_the_command(
    cli: Cli, daemon: Running, master: Path, database: str, environ: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        environ.setenv("RUNTIME_DIRECTORY", folder)
        with running(master, database, socket=Path(folder) / "admin.sock") as second:
            second.wait_for("daemon_standby")
            assert cli("ingest", *JUNE).code == 0
            wait_until(lambda: second.events("admin_refused"))


def test_another_daemon_is_asked_when_the_first_cannot_do_it(
    daemon: Running, cli: Cli, master: Path, second_database: str, environ: pytest.MonkeyPatch
) -> None:
    """That of the runtime directory is of another database; ours is in the state directory."""
    with (
        tempfile.TemporaryDirectory(prefix="gw-") as runtime,
        running(master, second_database, socket=Path(runtime) / "admin.sock"),
    ):
        environ.setenv("STATE_DIRECTORY", os.environ["RUNTIME_DIRECTORY"])
        environ.setenv("RUNTIME_DIRECTORY", runtime)
        assert cli("ingest", *JUNE).code == 0
        begun = {
            "code": "202", "method": "POST", "handler": "/api/v1/admin/ingest/run",
        }  # fmt: skip
        wait_until(lambda: daemon.value("http_requests_total", **begun) == 1)


@pytest.fixture
def stuck(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A daemon that takes connections and answers none; nobody waits long for it."""
    monkeypatch.setattr("giddyup_watch.cli.daemon._SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        listener.listen()
        yield


@pytest.mark.usefixtures("stuck")
def test_pause_cancel_and_resume_need_no_daemon_that_answers(
    connected_cli: Cli, conn: Connection
) -> None:
    assert connected_cli("pause").out == "Paused.\n"
    assert control.read(conn).paused
    assert connected_cli("cancel").out == "No run is going on.\n"
    assert connected_cli("resume").out == "Resumed.\n"
    assert not control.read(conn).paused


@pytest.mark.usefixtures("stuck")
def test_a_run_is_not_begun_beside_a_daemon_that_does_not_answer(
    connected_cli: Cli, conn: Connection, master: Path
) -> None:
    done = connected_cli("ingest", *JUNE, "--master", master)
    assert done.code == 69
    assert "did not answer: timed out" in done.err
    assert runs.latest(conn) is None


def test_what_a_dead_daemon_left_is_no_daemon(
    connected_cli: Cli, master: Path, socket_path: Path
) -> None:
    socket_path.touch()
    assert connected_cli("ingest", *JUNE, "--master", master).code == 0


Reload = Callable[[], settings.Settings]


@pytest.mark.parametrize("wait", [(), ("--wait",)])
def test_reload(
    cli: Cli, master: Path, database: str, socket_path: Path, wait: tuple[str, ...]
) -> None:
    chosen = [given(master, database, watch__quiet_ms=70, http__metrics_listen="127.0.0.1:9")] * 2

    def load() -> settings.Settings:
        if not chosen:
            raise ConfigError("2 mistakes in the settings", hint="mend them")
        return chosen.pop()

    with running(master, database, socket=socket_path, load=load):
        done = cli("reload", *wait)
        assert done.code == 0
        told = "watch.quiet_ms took effect.\nhttp.metrics_listen needs a restart.\n"
        assert done.out == told
        assert cli("reload").out == "http.metrics_listen needs a restart.\n"
        refused = cli("reload", *wait)
        assert refused.code == 78
        assert "2 mistakes" in refused.err


def test_reload_is_for_the_daemon_of_this_environment(
    cli: Cli, master: Path, database: str, socket_path: Path, environ: pytest.MonkeyPatch
) -> None:
    """A service that reloads itself never reloads the one beside it."""
    chosen = given(master, database)
    with running(master, database, socket=socket_path, load=lambda: chosen):
        environ.setenv("STATE_DIRECTORY", str(socket_path.parent))
        environ.setenv("RUNTIME_DIRECTORY", str(master))
        assert cli("reload").code == 69
        environ.delenv("RUNTIME_DIRECTORY")
        assert cli("reload").code == 0


def test_reload_without_a_daemon(cli: Cli, socket_path: Path) -> None:
    done = cli("reload")
    assert done.code == 69
    assert "no daemon answers" in done.err
