"""The daemon as a process that is looked at from outside."""

import http.client
import re
import secrets
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Self

from bench import processes, program

POLL_SECONDS = 0.1
START_SECONDS = 30
STOP_SECONDS = 60
_SETTLED = re.compile(r'giddyup_watch_ingests_total\{.*result="(loaded|unchanged)".*\}')


class Daemon(AbstractContextManager["Daemon"]):
    """`giddyup-watch run` on a tree and a database, with default settings but these and `more`.

    Leaves settings and log in `folder/own`.
    """

    def __init__(self, folder: Path, master: Path, url: str, more: str = "") -> None:
        self._port = _free_port()
        self.token = secrets.token_hex()
        self._folder = folder
        self._config = folder / "own" / "daemon.toml"
        listen = f'[http]\nlisten = "127.0.0.1:{self._port}"\n'
        program.configure(self._config, master, url, f"{listen}{more}")
        self._log = folder / "own" / "daemon.log"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "giddyup_watch", "run", "--config", str(self._config)]
        self.started = monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stderr=log,
                stdout=log,
                env={
                    **program.environment(self._folder),
                    "GIDDYUP_WATCH_HTTP__TOKEN": self.token,
                },
            )
        try:
            self.wait_until(lambda: self._answers("/readyz"), START_SECONDS, "it is not ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def client(self) -> http.client.HTTPConnection:
        """A connection of its own, opened by the first request."""
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def peak_mb(self) -> float:
        """Highest resident set so far."""
        return processes.status_mb(self.pid, "VmHWM")

    @property
    def resident_mb(self) -> float:
        return processes.status_mb(self.pid, "VmRSS")

    @property
    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.pid)

    @property
    def settled(self) -> int:
        """Segments loaded, or found to need nothing, since the start."""
        series = self._metrics().items()
        found = (value for name, value in series if _SETTLED.fullmatch(name))
        return int(sum(found))

    @property
    def proven(self) -> bool:
        """Whether every segment was compared with the database, row by row."""
        return self._metrics()["giddyup_watch_verify_last_success_timestamp_seconds"] > 0

    def wait_until(self, happened: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = monotonic() + seconds
        while not happened():
            if self._process.poll() is not None or monotonic() > deadline:
                tail = self._log.read_text()[-2000:]
                raise RuntimeError(f"{otherwise} after {seconds:.0f} s, or it ended:\n{tail}")
            Event().wait(POLL_SECONDS)

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._port}{path}", timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _metrics(self) -> dict[str, float]:
        """Every series, by its name and labels as they stand there."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")
        return {name: float(value) for name, value in pairs}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
