"""The command line as a script meets it: arguments in; exit code, stdout, stderr out."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.cli import main
from giddyup_watch.demo import tree
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey
from tests import warm


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Done]


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No settings but those of the test, and a state directory of its own."""
    for name in list(os.environ):
        if name.startswith("GIDDYUP_WATCH_") or name in ("NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return monkeypatch


@pytest.fixture
def cli(environ: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line inside this process."""

    def call(*args: object) -> Done:
        capfd.readouterr()
        code = main.run([str(arg) for arg in args])
        return Done(code, *capfd.readouterr())

    return call


@pytest.fixture
def process(environ: pytest.MonkeyPatch) -> Cli:
    """Run a command line in a process of its own, without a terminal."""

    def call(*args: object) -> Done:
        done = warm.PROCESS.run(*map(str, args))
        return Done(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def connected_cli(cli: Cli, environ: pytest.MonkeyPatch, database: str) -> Cli:
    """`cli` with a migrated database in the environment."""
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", database)
    return cli


#: Few races, but every kind of folder.
WORLD = World(seed=7, volume=0.05)
MONTHS = ("2024-05", "2024-06")


@pytest.fixture(scope="session")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both regions and codes, to copy."""
    folder = tmp_path_factory.mktemp("two-months")
    tree.build(folder, WORLD, tree.segments(MONTHS))
    return folder


@pytest.fixture
def master(two_months: Path, tmp_path: Path) -> Path:
    """A small clean tree: two months of both regions and codes."""
    return Path(shutil.copytree(two_months, tmp_path / "master", copy_function=shutil.copyfile))


@pytest.fixture
def segments(master: Path) -> list[SegmentKey]:
    return sorted(
        SegmentKey.parse(str(path.relative_to(master)))
        for path in master.glob("*/*/*")
        if path.is_dir()
    )
