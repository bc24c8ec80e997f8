import datetime as dt
import json
from pathlib import Path

import pytest

from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.tree import build, segments
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout


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


@pytest.fixture
def racing(tmp_path: Path) -> Path:
    """A master tree that can be loaded: four segments of one small month."""
    master = tmp_path / "racing"
    build(master, World(seed=9, volume=0.1), segments(["2024-06"]), today=dt.date(2024, 6, 12))
    return master
