"""What a person sees who types a command."""

import signal
import tempfile
from pathlib import Path

import pytest

from tests.cli import terminal

pytestmark = pytest.mark.long


@pytest.fixture
def on_tree(environ: pytest.MonkeyPatch, database: str, master: Path) -> None:
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", database)
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    environ.setenv("GIDDYUP_WATCH_HTTP__LISTEN", "127.0.0.1:0")


@pytest.mark.usefixtures("on_tree")
def test_backfill_draws_a_bar_and_status_a_table() -> None:
    with terminal.started("backfill") as shown:
        assert shown.end() == 0, shown.screen()
        assert "8/8 segments" in shown.screen()
        assert "segments 8 loaded" in shown.screen()
    with terminal.started("status") as shown:
        assert shown.end() == 0
        assert "─────" in shown.screen()


@pytest.mark.usefixtures("on_tree")
def test_what_a_daemon_does_is_drawn_too(environ: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        environ.setenv("RUNTIME_DIRECTORY", folder)
        with terminal.started("run") as daemon:
            daemon.wait_for("run_finished")
            with terminal.started("ingest", "--month", "2024-06", "--force") as shown:
                assert shown.end() == 0, shown.screen()
                assert "4/4 segments" in shown.screen()
                assert "segments 4 loaded" in shown.screen()
            daemon.wait_for("trigger=cli")


@pytest.mark.usefixtures("on_tree")
def test_run_logs_for_eyes_and_ends_on_the_first_interrupt() -> None:
    with terminal.started("run") as shown:
        shown.wait_for("segment_ingested")
        assert '{"timestamp"' not in shown.screen()
        shown.child.send_signal(signal.SIGINT)
        assert shown.end() == 0
        assert "daemon_stopped" in shown.screen()


def test_run_makes_a_database_of_its_own_when_a_person_names_none(
    environ: pytest.MonkeyPatch, master: Path, tmp_path: Path
) -> None:
    environ.setenv("GIDDYUP_WATCH_HTTP__LISTEN", "127.0.0.1:0")
    with terminal.started("run", "--master", master) as shown:
        shown.wait_for("run_finished")
        assert (tmp_path / "state" / "postgres").is_dir()
        with terminal.started("status") as other:  # which finds that server by itself
            assert other.end() == 0, other.screen()
            assert "active, inotify" in other.screen()
            assert "8 loaded" in other.screen()
        shown.child.send_signal(signal.SIGTERM)
        assert shown.end() == 0
