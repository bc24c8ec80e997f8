"""What systemd hears from a daemon, from its start to its end."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from giddyup_watch.daemon import systemd
from tests.flow.daemon import Daemon
from tests.wait import wait_until


class Listener:
    """In the place of systemd: every datagram, as assignments."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.heard: list[dict[str, str]] = []

    def listen(self) -> None:
        while data := self._sock.recv(4096):
            lines = data.decode().splitlines()
            self.heard.append(dict(line.split("=", 1) for line in lines))

    def first(self, name: str, value: str = "1") -> int:
        """Where that was said first; -1 while it was not."""
        places = (i for i, said in enumerate(self.heard) if said.get(name) == value)
        return next(places, -1)

    def wait_for(self, name: str, value: str = "1") -> int:
        wait_until(lambda: self.first(name, value) >= 0, 30, what=f"{name}={value}")
        return self.first(name, value)

    def statuses(self) -> list[str]:
        return [said["STATUS"] for said in self.heard if "STATUS" in said]


@pytest.fixture
def systemd_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        listener = Listener(sock)
        thread = threading.Thread(target=listener.listen)
        thread.start()
        yield listener
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", path)
        thread.join()


@pytest.fixture
def daemon(
    tmp_path: Path, racing: Path, database: str, systemd_hears: Listener
) -> Iterator[Daemon]:
    with Daemon(tmp_path / "daemon", racing, database, {"derived.mode": "off"}) as running:
        yield running


def test_ready_comes_after_tree_database_and_migrations(
    daemon: Daemon, systemd_hears: Listener
) -> None:
    ready = systemd_hears.wait_for("READY")
    assert "EXTEND_TIMEOUT_USEC" in systemd_hears.heard[0]
    assert systemd_hears.first("WATCHDOG") not in range(ready)
    assert "starting" not in systemd_hears.heard[ready]["STATUS"]
    assert daemon.events("watch_started")
    assert daemon.events("daemon_active")
    systemd_hears.wait_for("WATCHDOG")
    systemd_hears.wait_for("STATUS", "up to date, watching by inotify")


def test_a_database_known_to_be_down_is_ready_too(
    tmp_path: Path, racing: Path, systemd_hears: Listener
) -> None:
    nowhere = f"postgresql://nobody@/none?host={tmp_path}"
    with Daemon(tmp_path / "daemon", racing, nowhere) as daemon:
        ready = systemd_hears.wait_for("READY")
        assert systemd_hears.heard[ready]["STATUS"].startswith("waiting: database: no connection")
        assert daemon.stop() == 0


def test_a_reload_is_told_from_its_begin_to_its_end(
    daemon: Daemon, systemd_hears: Listener
) -> None:
    ready = systemd_hears.wait_for("READY")
    os.kill(daemon.pid, signal.SIGHUP)
    reloading = systemd_hears.wait_for("RELOADING")
    assert int(systemd_hears.heard[reloading]["MONOTONIC_USEC"]) > 0
    wait_until(lambda: any("READY" in said for said in systemd_hears.heard[reloading:]), 30)
    assert ready < reloading


def test_the_end_is_told_with_what_it_waits_for(daemon: Daemon, systemd_hears: Listener) -> None:
    systemd_hears.wait_for("READY")
    assert daemon.stop() == 0
    stopping = systemd_hears.wait_for("STOPPING")
    assert "WATCHDOG" not in systemd_hears.heard[-1]
    assert stopping > systemd_hears.first("READY")


def test_a_start_that_takes_long_asks_for_more_time(systemd_hears: Listener) -> None:
    with systemd.Extender():
        wait_until(lambda: len(systemd_hears.heard) >= 2, 30)
    assert {tuple(said) for said in systemd_hears.heard} == {("EXTEND_TIMEOUT_USEC",)}
