"""The daemon as a process of its own, as a person starts it."""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from tests import warm
from tests.wait import wait_until

START_SECONDS = 30
STOP_SECONDS = 30


class Daemon(AbstractContextManager["Daemon"]):
    """`giddyup-watch run` on a tree and a database; its files are kept in `folder`.

    `settings` are `section.key` to a value, on top of the defaults. It is up,
    and watching, when the context is entered.
    """

    def __init__(
        self, folder: Path, master: Path, url: str, settings: Mapping[str, Any] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "config.toml"
        self.log = folder / "daemon.log"
        given = {
            "master.path": str(master),
            "database.url": url,
            "http.listen": "127.0.0.1:0",
            "log.format": "json",
        }
        self.config.write_text(_toml(given | dict(settings or {})))
        self._process: warm.Process | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            said = log.fileno()
            self._process = warm.PROCESS.start(
                "run", "--config", str(self.config), out=said, err=said
            )
        self.wait_for("daemon_started")
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it answers over HTTP."""
        return str(self.events("daemon_started")[-1]["url"])

    def stop(self) -> int:
        """End it as systemd would; a second time: harmless."""
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit code, once it has ended by itself or by a signal sent to `pid`."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_SECONDS)

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it has logged under that name so far."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        parsed = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in parsed if event.get("event") == name]

    def wait_for(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until it has logged the event so often."""

        def logged() -> list[dict[str, Any]] | None:
            assert self._process is not None
            assert self._process.poll() is None, f"it ended:\n{self.tail()}"
            found = self.events(name)
            return found if len(found) >= count else None

        found = wait_until(logged, START_SECONDS, what=f"{name} is not logged")
        assert found is not None
        return found

    def metric(self, name: str) -> float:
        """Its value now, added up over its labels; `name` without the prefix."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        values = (line.rsplit(" ", 1) for line in lines)
        return sum(float(v) for k, v in values if k.split("{")[0] == f"giddyup_watch_{name}")

    def tail(self) -> str:
        return self.log.read_text()[-3000:]


def _toml(settings: Mapping[str, Any]) -> str:
    sections: dict[str, list[str]] = {}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, []).append(f"{key} = {json.dumps(value)}")
    return "\n".join("\n".join((f"[{name}]", *lines)) for name, lines in sections.items()) + "\n"
