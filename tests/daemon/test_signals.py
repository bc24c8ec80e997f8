"""The process as a whole: how it starts, what signals do, what it exits with."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.http.listening.sockets import listen
from tests import server
from tests.daemon.running import get
from tests.flow.daemon import Daemon
from tests.wait import wait_until

SECOND_SIGNAL = 128 + signal.SIGTERM


@pytest.fixture
def daemon(tmp_path: Path, racing: Path, database: str) -> Daemon:
    return Daemon(tmp_path / "daemon", racing, database, {"derived.mode": "off"})


def exit_code(daemon: Daemon, timeout: float = 20) -> int:
    assert daemon._process is not None
    return daemon._process.wait(timeout)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_it_in_order(daemon: Daemon, signum: signal.Signals) -> None:
    with daemon:
        daemon.wait_for("run_finished")
        os.kill(daemon.pid, signum)
        assert exit_code(daemon) == 0
    (stopping,) = daemon.events("daemon_stopping")
    assert stopping["signal"] == signum.name
    assert daemon.events("daemon_stopped")[0]["exit_code"] == 0


def test_says_where_to_look(daemon: Daemon) -> None:
    with daemon:
        (started,) = daemon.events("daemon_started")
        assert get(started["url"] + "/healthz").status == 200
        daemon.wait_for("run_finished")
        assert get(started["url"] + "/readyz").status == 200


def test_the_segment_in_hand_is_finished_first(daemon: Daemon, database: str) -> None:
    with closing(psycopg.connect(server.as_owner(database))) as other, daemon:
        other.execute("LOCK TABLE racing.courses IN EXCLUSIVE MODE")  # nobody can load
        wait_until(lambda: _waiting(database))
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.wait_for("daemon_stopping")
        assert daemon._process is not None
        assert daemon._process.poll() is None
        other.rollback()
        assert exit_code(daemon) == 0
    assert len(daemon.events("segment_ingested")) == 1
    assert daemon.events("run_finished")


def test_the_second_signal_does_not_wait(daemon: Daemon, database: str) -> None:
    with closing(psycopg.connect(server.as_owner(database))) as other, daemon:
        other.execute("LOCK TABLE racing.courses IN EXCLUSIVE MODE")
        wait_until(lambda: _waiting(database))
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.wait_for("daemon_stopping")
        os.kill(daemon.pid, signal.SIGTERM)
        assert exit_code(daemon, 5) == SECOND_SIGNAL
        assert daemon.events("daemon_stopped")[0]["unfinished"][-1] == "worker"
        other.rollback()
        count = other.execute("SELECT count(*) FROM racing.races").fetchone()
        assert count == (0,)


def _waiting(database: str) -> bool:
    """Whether somebody waits for a lock in this database."""
    with closing(psycopg.connect(server.as_owner(database), autocommit=True)) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
        return row is not None and row[0] > 0


def test_hangup_takes_over_what_can_change_and_names_the_rest(daemon: Daemon) -> None:
    with daemon:
        daemon.wait_for("run_finished")
        text = daemon.config.read_text()
        daemon.config.write_text(
            text.replace("[http]\n", '[http]\ntoken = "abc"\n').replace(
                "[log]\n", '[log]\nlevel = "debug"\n'
            )
            + "[watch]\nquiet_ms = 100\n[ingest]\nshrink_guard_percent = 5\n"
        )
        daemon.config.chmod(0o600)
        os.kill(daemon.pid, signal.SIGHUP)
        (reloaded,) = daemon.wait_for("settings_reloaded")
        assert set(reloaded["applied"]) == {
            "watch.quiet_ms",
            "ingest.shrink_guard_percent",
            "log.level",
        }
        assert reloaded["restart_needed"] == ["http.token"]
        daemon.wait_for("run_finished", 2)  # everything is read again by the new rules


def test_a_bad_file_changes_nothing(daemon: Daemon) -> None:
    with daemon:
        url = daemon.events("daemon_started")[0]["url"]
        good = daemon.config.read_text()
        daemon.config.write_text(good + "[watch]\nquiet_ms = -1\n")
        os.kill(daemon.pid, signal.SIGHUP)
        (refused,) = daemon.wait_for("settings_refused")
        assert "quiet_ms" in refused["reason"]
        gauge = "giddyup_watch_config_last_reload_successful"
        assert f"\n{gauge} 0.0\n" in get(url + "/metrics").body
        daemon.config.write_text(good)
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for("settings_reloaded")
        assert f"\n{gauge} 1.0\n" in get(url + "/metrics").body


def test_a_failed_service_ends_the_process(daemon: Daemon, database: str) -> None:
    with closing(psycopg.connect(server.as_owner(database), autocommit=True)) as other:
        other.execute(
            "INSERT INTO racing.schema_migrations (version, name, checksum)"
            " VALUES (9999, 'future', 'x')"
        )
    with daemon:
        assert exit_code(daemon) == 78
    (failed,) = daemon.events("service_failed")
    assert failed["service"] == "worker"
    assert "newer" in failed["reason"]


def test_an_address_that_is_taken(tmp_path: Path, racing: Path, database: str) -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        daemon = Daemon(tmp_path / "daemon", racing, database, {"http.listen": address})
        with pytest.raises(AssertionError, match="cannot listen"):
            daemon.__enter__()
    assert exit_code(daemon) == 78


def test_waits_for_a_tree_and_a_database_that_are_not_there(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody@/none?host={tmp_path}"
    with Daemon(tmp_path / "daemon", tmp_path / "none", nowhere) as daemon:
        daemon.wait_for("tree_lost")
        daemon.wait_for("database_lost")
        url = daemon.events("daemon_started")[0]["url"]
        checks = get(url + "/readyz").document["checks"]
        assert not checks["tree"]["ok"]
        assert not checks["database"]["ok"]
        assert get(url + "/healthz").status == 200
        assert daemon.stop() == 0


def test_another_takes_over_when_the_active_one_is_killed(
    daemon: Daemon, tmp_path: Path, racing: Path, database: str
) -> None:
    with daemon, Daemon(tmp_path / "second", racing, database) as second:
        daemon.wait_for("run_finished")
        second.wait_for("daemon_standby")
        daemon.kill()
        wait_until(lambda: second.events("daemon_active"), 5)
        assert second.stop() == 0


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def test_systemd_is_kept_informed(daemon: Daemon, systemd: socket.socket) -> None:
    def hear(what: str) -> str:
        while what not in (said := systemd.recv(4096).decode()):
            pass
        return said

    with daemon:
        assert hear("READY=1")
        assert "STATUS=" in hear("WATCHDOG=1")
        os.kill(daemon.pid, signal.SIGHUP)
        assert "MONOTONIC_USEC=" in hear("RELOADING=1")
        assert hear("READY=1")
        assert daemon.stop() == 0
        assert hear("STOPPING=1")
