"""A small tree, daemons on it as processes of their own, and a clean load to compare with."""

import datetime as dt
import itertools
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import Rules, SegmentKey
from tests import comparison, warm
from tests.conftest import migrated
from tests.faults import sessions
from tests.faults.sessions import Session
from tests.flow import loading
from tests.flow.daemon import Daemon
from tests.server import Server
from tests.wait import wait_until

WORLD = World(seed=5, volume=0.05)
MONTHS = ["2024-05"]
TODAY = dt.date(2024, 5, 25)
#: In each month of the tree.
SEGMENTS = 4
FLAT = SegmentKey("gb", "flat", "2024-05")

#: Quick, and patient with whoever stands in the way.
SETTINGS = {
    "watch.quiet_ms": 50,
    "watch.rescan_seconds": 1,
    "watch.poll_ms": 100,
    "watch.orphan_seconds": 2,
    "database.lock_timeout_ms": 45_000,
    "derived.mode": "off",
}
EQUAL_SECONDS = 30


@dataclass
class Stage:
    """A tree on disk, a database, the daemons that run on them; `clean` is for comparison."""

    folder: Path
    master: Path
    url: str
    clean: str
    rules: Rules = field(default_factory=Rules)
    _number: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    def daemon(self, **settings: Any) -> Daemon:
        """One to enter; `gaps__interval_seconds=1` stands for `gaps.interval_seconds`."""
        chosen = {name.replace("__", "."): value for name, value in settings.items()}
        folder = self.folder / f"daemon{self._number()}"
        rules = {"ingest.shrink_guard_percent": self.rules.shrink_guard_percent}
        return Daemon(folder, self.master, self.url, SETTINGS | rules | chosen)

    def load(self) -> None:
        """Have the tree loaded before any daemon comes."""
        loading.load(self.url, self.master, rules=self.rules)

    def card(self, key: SegmentKey = FLAT) -> Card:
        return edits.read(self.master, key)

    def put(self, card: Card, key: SegmentKey = FLAT) -> None:
        writers.RenameWriter(self.master).replace(key, card)

    def correct(self, key: SegmentKey = FLAT) -> None:
        """Change one result on disk."""
        card = self.card(key)
        edits.correct_result(card, edits.resulted(card)[0])
        self.put(card, key)

    def facts(self) -> comparison.Facts:
        return comparison.facts(self.url)

    def count(self, table: str, where: str = "true") -> int:
        return sessions.count(self.url, table, where)

    def wait_until_loaded(self, segments: int) -> None:
        """Wait until at least so many are."""
        with sessions.session(self.url) as looking:
            wait_until(
                lambda: sum(row[-1] == "loaded" for row in _ledger(looking)) >= segments,
                EQUAL_SECONDS,
                what=f"{segments} segments are not loaded",
            )

    def assert_ends_equal(self) -> None:
        """The database becomes that of an undisturbed load of the tree; no run is left open."""
        loading.load(self.clean, self.master, rules=self.rules)
        with sessions.session(self.url) as looking, sessions.session(self.clean) as clean:
            wanted = _ledger(clean)
            with suppress(AssertionError):  # the difference tells more
                wait_until(lambda: _ledger(looking) == wanted, EQUAL_SECONDS)
        assert comparison.difference(self.url, self.clean) == []
        wait_until(lambda: not self.count("racing.etl_runs", "status = 'running'"))


def _ledger(looking: Session) -> list[tuple[Any, ...]]:
    """What is loaded, by the digests of its files: as good as the facts, and sooner asked."""
    return looking.execute(
        "SELECT region, code, month, manifest_sha256, races_sha256, runners_sha256, state"
        " FROM racing.ledger_segments ORDER BY region, code, month"
    ).fetchall()


def command(daemon: Daemon, *args: str) -> subprocess.CompletedProcess[str]:
    """What another `giddyup-watch`, with the daemon's settings, answers."""
    return warm.PROCESS.run(*args, "--config", str(daemon.config))


@pytest.fixture
def master(tmp_path: Path) -> Path:
    folder = tmp_path / "master"
    tree.build(folder, WORLD, tree.segments(MONTHS), today=TODAY)
    return folder


@pytest.fixture
def stage(tmp_path: Path, master: Path, database: str, second_database: str) -> Stage:
    return Stage(tmp_path, master, database, second_database)


@pytest.fixture
def own_stage(
    tmp_path: Path, master: Path, own_postgres: Server, second_database: str
) -> Iterator[Stage]:
    """The same on a server of its own, to stop and to start."""
    with own_postgres.database() as url:
        yield Stage(tmp_path, master, migrated(url), second_database)
