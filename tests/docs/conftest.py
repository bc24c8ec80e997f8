"""A machine as the documents have it: a daemon at work, and a shell beside it."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from giddyup_watch.demo import tree
from giddyup_watch.demo.racing.cards import World
from tests.docs.markdown import ROOT
from tests.flow.daemon import Daemon
from tests.http.asking import ask
from tests.server import Server
from tests.wait import wait_until

TOKEN = "a-token-for-tests"
#: Of the days that the documents speak of.
MONTHS = ("2024-06", "2024-09", "2025-10")
OPENAPI = json.loads((ROOT / "docs" / "openapi.json").read_text())


@dataclass(frozen=True)
class Said:
    command: str
    code: int
    out: str
    err: str

    @property
    def statuses(self) -> list[int]:
        """Of each answer that curl had."""
        return [int(status) for status in re.findall(r"^HTTP (\d{3})$", self.err, re.MULTILINE)]


@dataclass(frozen=True)
class Machine:
    """`home` has a .curlrc by which http://localhost:9917 is the daemon of this test."""

    daemon: Daemon
    database: str
    home: Path
    environ: Mapping[str, str]

    @property
    def socket(self) -> Path:
        return Path(self.environ["SOCKET"])

    def shell(self, command: str, *, shell: str = "/bin/bash", **environ: str) -> Said:
        """Type a command, as it stands; with `environ` in no other environment."""
        done = subprocess.run(
            [shell, "-c", command],
            env=environ or dict(self.environ),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Said(command, done.returncode, done.stdout, done.stderr)

    def ended(self, run_id: int) -> dict[str, Any]:
        """The run when it has ended."""

        def found() -> Any:
            run = ask(self.daemon.url, "GET", f"ingest/runs/{run_id}").document
            progress = run["progress"]
            return None if run["status"] == "running" or not progress["ended"] else run

        run: dict[str, Any] = wait_until(found, 60)
        return run


@pytest.fixture(scope="module")
def machine(postgres: Server, template: str) -> Iterator[Machine]:
    with (
        tempfile.TemporaryDirectory(prefix="gw-") as folder,
        postgres.database(template) as database,
        pytest.MonkeyPatch.context() as patch,
    ):
        home = Path(folder)
        master = home / "master"
        tree.build(master, World(seed=3, volume=0.1), tree.segments(MONTHS))
        given = {
            "HOME": folder,
            "RUNTIME_DIRECTORY": folder,
            "STATE_DIRECTORY": f"{folder}/state",
            "GIDDYUP_WATCH_DATABASE__URL": database,
            "GIDDYUP_WATCH_MASTER__PATH": str(master),
            "GIDDYUP_WATCH_HTTP__TOKEN": TOKEN,
            "TOKEN": TOKEN,
            "SOCKET": f"{folder}/admin.sock",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        for name, value in given.items():
            patch.setenv(name, value)
        with Daemon(home / "daemon", master, database, {"gaps.verify_at": ""}) as daemon:
            daemon.wait_for("run_finished")
            (home / ".curlrc").write_text(_curlrc(daemon.url))
            yield Machine(daemon, database, home, {**os.environ})


def _curlrc(url: str) -> str:
    """The address of the documents leads to this daemon; the status of each answer is told."""
    real = urlsplit(url).netloc
    return (
        f'connect-to = "localhost:9917:{real}"\nsilent\nshow-error\nmax-time = 60\n'
        'write-out = "%{stderr}HTTP %{http_code}\\n"\n'
    )


def assert_documented(said: Said) -> Any:
    """What curl printed has the status and the shape that openapi.json promises; return it."""
    (method,) = re.findall(r"(?<=-X )[A-Z]+", said.command) or ["GET"]
    (path,) = re.findall(r"https?://localhost(?::\d+)?(/[^\s\"?]*)", said.command)
    ways = {re.sub(r"{[^}]+}", "[^/]+", way): item for way, item in OPENAPI["paths"].items()}
    (item,) = [item for way, item in ways.items() if re.fullmatch(way, path)]
    ((good, answer),) = [
        (int(status), answer)
        for status, answer in item[method.lower()]["responses"].items()
        if status < "300"
    ]
    assert (said.code, said.statuses) == (0, [good]), f"{said.command}\n{said.out}{said.err}"
    document = json.loads(said.out)
    schema = answer["content"]["application/json"]["schema"]
    jsonschema.validate(document, {**schema, "components": OPENAPI["components"]})
    return document
