import json
from pathlib import Path

import pytest

from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout


class Tree:
    """A master tree for tests that care about files, not about what is in them."""

    def __init__(self, master: Path) -> None:
        self.master = master
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
