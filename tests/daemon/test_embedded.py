"""The daemon on the server in its own state directory."""

import os
import signal
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.store import embedded
from tests.daemon.test_worker import correct
from tests.flow.daemon import Daemon

pytestmark = pytest.mark.long


@pytest.fixture
def daemon(tmp_path: Path, racing: Path, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return Daemon(tmp_path / "daemon", racing, "embedded", {"derived.mode": "off"})


def postmaster(tmp_path: Path) -> int:
    pid_file = tmp_path / "state" / embedded.FOLDER / "postmaster.pid"
    return int(pid_file.read_text().split()[0])


def is_running(pid: int) -> bool:
    """A process that ended, but that nobody has asked after, is not running."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_keeps_its_server_running_and_stops_it_at_the_end(
    daemon: Daemon, tmp_path: Path, racing: Path
) -> None:
    with daemon:
        daemon.wait_for("run_finished")
        assert daemon.events("database_migrated")
        first = postmaster(tmp_path)
        os.kill(first, signal.SIGKILL)
        daemon.wait_for("database_lost")
        daemon.wait_for("database_back")
        correct(racing)
        daemon.wait_for("run_finished", 2)
        second = postmaster(tmp_path)
        assert daemon.stop() == 0
    assert second != first
    assert not is_running(second)


def test_a_daemon_that_was_killed_leaves_a_server_to_the_next(
    daemon: Daemon, tmp_path: Path
) -> None:
    with daemon:
        daemon.wait_for("run_finished")
        pid = postmaster(tmp_path)
        daemon.kill()
    assert is_running(pid)
    with daemon:
        daemon.wait_for("daemon_active", 2)
        assert postmaster(tmp_path) == pid
        with embedded.server(tmp_path / "state") as url, closing(psycopg.connect(url)) as conn:
            assert conn.execute("SELECT count(*) > 0 FROM racing.races").fetchone() == (True,)
        assert daemon.stop() == 0
    assert not is_running(pid)
