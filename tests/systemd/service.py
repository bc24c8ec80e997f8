"""The installed service on a booted machine: its files, its journal, its database and its tree."""

import json
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.systemd.machine import Machine
from tests.wait import wait_until

NAME = "giddyup-watch"
UNIT = f"{NAME}.service"
PYTHON = "/usr/lib/giddyup-watch/bin/python"
MASTER = "/srv/racing/master"
#: Of the program that writes the tree: nobody that the service knows.
SCRAPER = "scraper"
DATABASE = "giddyup"
#: By the socket, as the role that is named like the unit's user: no password anywhere.
URL = f"postgresql://{NAME}@/{DATABASE}?host=/var/run/postgresql"
#: What a condition may take on a machine that does other things too.
PATIENCE = 60.0

#: Quick for a test.
SETTINGS = {
    "master.path": MASTER,
    "database.url": URL,
    "watch.quiet_ms": 50,
    "watch.rescan_seconds": 1,
    "gaps.verify_at": "",
    "derived.mode": "off",
}


class Service:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.run = machine.run
        self._since = "@0"

    # Its files.

    def path(self, path: str) -> Path:
        """A file of the machine, by its absolute path there."""
        return self.machine.root / path.lstrip("/")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def configure(self, **others: Any) -> None:
        """Write its settings; `watch__poll_ms=10` stands for `watch.poll_ms`."""
        given = {name.replace("__", "."): value for name, value in others.items()}
        self.write("/etc/giddyup-watch/config.toml", _toml(SETTINGS | given))

    def drop_in(self, text: str, name: str = "test") -> None:
        self.write(f"/etc/systemd/system/{UNIT}.d/{name}.conf", text)
        self.run("systemctl", "daemon-reload")

    # What systemd does with it and knows of it.

    def start(self) -> None:
        self.run("systemctl", "start", NAME)

    def stop(self) -> None:
        self.run("systemctl", "stop", NAME)

    def restart(self) -> None:
        self.run("systemctl", "restart", NAME)

    def reload(self) -> subprocess.CompletedProcess[str]:
        return self.machine.done("systemctl", "reload", NAME)

    def show(self, name: str) -> str:
        return self.run("systemctl", "show", NAME, f"--property={name}", "--value").strip()

    def status(self) -> str:
        """The line that the daemon tells systemd."""
        return self.show("StatusText")

    @property
    def pid(self) -> int:
        """As the machine counts its processes."""
        return int(self.show("MainPID"))

    def wait_for_state(self, state: str, seconds: float = PATIENCE) -> None:
        wait_until(
            lambda: self.show("ActiveState") == state, seconds, what=f"the service is not {state}"
        )

    def wait_for_status(self, text: str, seconds: float = PATIENCE) -> str:
        def said() -> str:
            status = self.status()
            return status if text in status else ""

        return wait_until(said, seconds, what=f"status {text!r}")

    # Its journal, from the last `forget` on.

    def forget(self) -> None:
        self._since = self.run("date", "+@%s.%6N").strip()

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """Everything that the unit, or systemd about it, has written, with all fields."""
        lines = self.run("journalctl", "--output=json", "--all", *self._after(), *matches)
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]

    def text(self) -> str:
        """The same as a person reads it."""
        return self.run("journalctl", *self._after(), f"--unit={UNIT}")

    def _after(self) -> list[str]:
        """By time: of entries after a cursor journalctl finds none that have to match besides."""
        return ["--quiet", "--no-pager", f"--since={self._since}"]

    def events(self, name: str) -> list[dict[str, Any]]:
        return self.journal(f"_SYSTEMD_UNIT={UNIT}", f"GIDDYUP_EVENT={name}")

    def wait_for(
        self, name: str, count: int = 1, seconds: float = PATIENCE
    ) -> list[dict[str, Any]]:
        def logged() -> list[dict[str, Any]] | None:
            found = self.events(name)
            return found if len(found) >= count else None

        return wait_until(logged, seconds, what=f"{name} is not in the journal") or []

    # Its database.

    def sql(self, statement: str, database: str = DATABASE) -> str:
        return self.run(
            "psql", "-XAtq", "--set=ON_ERROR_STOP=1", database, user="postgres", said=statement
        ).strip()

    def make_database(self) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", "postgres")
        self.sql(f'CREATE DATABASE {DATABASE} OWNER "{NAME}" TEMPLATE template0', "postgres")

    def loaded(self) -> Mapping[str, int]:
        """Runners by month, as the database has them."""
        rows = self.sql(
            "SELECT to_char(race_date, 'YYYY-MM'), count(*) FROM racing.runners GROUP BY 1"
        )
        return {month: int(count) for month, count in (row.split("|") for row in rows.split())}

    def wait_until_idle(self) -> None:
        self.wait_for_status("up to date")

    def prove(self) -> str:
        """What `verify` says, asked by the service's own user; it ends with 0."""
        return self.run(NAME, "verify", user=NAME)

    # Its tree, which another user writes.

    def scrape(self, code: str, master: str = MASTER) -> None:
        """Run Python with the sample tree's modules, as the user who writes it."""
        prologue = (
            "from pathlib import Path\n"
            "from giddyup_watch.demo import edits, tree, writers\n"
            "from giddyup_watch.demo.racing.cards import World\n"
            "from giddyup_watch.model import SegmentKey\n"
            f"master = Path({master!r})\n"
        )
        self.run(PYTHON, "-sP", "-", user=SCRAPER, said=prologue + code)

    def write_months(self, *months: str, volume: float = 0.05, master: str = MASTER) -> None:
        keys = [f"SegmentKey('gb', 'flat', {month!r})" for month in months]
        self.scrape(f"tree.build(master, World(volume={volume}), [{', '.join(keys)}])", master)

    def correct(self, month: str) -> None:
        """The stewards change a result of that month."""
        self.scrape(
            f"key = SegmentKey('gb', 'flat', {month!r})\n"
            "card = edits.read(master, key)\n"
            "edits.correct_result(card, edits.resulted(card)[0])\n"
            "writers.RenameWriter(master).replace(key, card)\n"
        )

    def shell(self, script: str) -> str:
        return self.run("sh", "-euc", script)

    def quoted(self, text: str) -> str:
        return shlex.quote(text)


def _toml(settings: Mapping[str, Any]) -> str:
    sections: dict[str, list[str]] = {}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, []).append(f"{key} = {json.dumps(value)}")
    return "\n".join("\n".join((f"[{name}]", *lines)) for name, lines in sections.items()) + "\n"
