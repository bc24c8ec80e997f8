import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.tree import build, segments
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from tests.daemon import monitored
from tests.daemon.test_worker import Plain, session
from tests.flow import loading
from tests.server import Server


class Tree:
    """A master tree for tests that care about files, not about what is in them."""

    def __init__(self, master: Path, *, make: bool = True) -> None:
        self.master = master
        if make:
            master.mkdir()
        self._writes = 0

    def write(self, *names: str) -> None:
        """Make or change segments, manifest last, each file in place."""
        for name in names:
            paths = layout.paths(self.master, SegmentKey.parse(name))
            paths.folder.mkdir(parents=True, exist_ok=True)
            self._writes += 1
            text = f"race_key\n{self._writes}\n"
            paths.races.write_text(text)
            paths.runners.write_text(text)
            paths.manifest.write_text(json.dumps({"race_count": self._writes}))

    def folder(self, name: str) -> Path:
        return layout.paths(self.master, SegmentKey.parse(name)).folder


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "master")


@pytest.fixture(scope="session")
def small_month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four segments, to copy."""
    master = tmp_path_factory.mktemp("small") / "racing"
    build(master, World(seed=9, volume=0.05), segments(["2024-06"]), today=dt.date(2024, 6, 12))
    return master


@pytest.fixture
def racing(small_month: Path, tmp_path: Path) -> Path:
    """A master tree that can be loaded: four segments of one small month."""
    return Path(shutil.copytree(small_month, tmp_path / "racing", copy_function=shutil.copyfile))


@pytest.fixture(scope="session")
def recent_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last days, to copy."""
    master = tmp_path_factory.mktemp("recent") / "master"
    monitored.build(master)
    return master


@pytest.fixture(scope="session")
def recent_template(postgres: Server, template: str, recent_tree: Path) -> Iterator[str]:
    """Name of a database with the last days loaded, to make others from."""
    with postgres.database(template) as url:
        loading.load(url, recent_tree)
        yield url.rpartition("/")[2].partition("?")[0]


@pytest.fixture
def recent(recent_tree: Path, tmp_path: Path) -> Path:
    """A master tree of the last days."""
    return Path(shutil.copytree(recent_tree, tmp_path / "recent"))


@pytest.fixture
def loaded(postgres: Server, recent_template: str) -> Iterator[str]:
    """URL of a fresh database with `recent` loaded."""
    with postgres.database(recent_template) as url:
        yield url


@pytest.fixture
def other(loaded: str) -> Iterator[Plain]:
    """A session of somebody else's on `loaded`."""
    with session(loaded) as opened:
        yield opened
