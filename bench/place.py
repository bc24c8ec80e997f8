"""Where it is measured: a generated tree, and one server whose databases all cases share."""

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from giddyup_watch.demo import tree, writers
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store import cluster, embedded

Connection = psycopg.Connection[tuple[Any, ...]]

#: GB flat in July: 856 races and 8,633 runners, the busiest month of the sample world.
BUSY = SegmentKey("gb", "flat", "2024-07")
LAST_YEAR = 2024


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: the months of the tree, and how often each thing."""

    first: str
    last: str
    changed_days: int
    busy_months: int
    sampled_months: int
    asked_days: int
    reads: int
    looks: int
    idle_seconds: float
    peers: bool

    @property
    def months(self) -> list[str]:
        return tree.months(self.first, self.last)


def years(count: int) -> Size:
    """The years up to the last one; twenty are the size of the real thing."""
    first = f"{LAST_YEAR - count + 1}-01"
    return Size(
        first,
        f"{LAST_YEAR}-12",
        changed_days=50,
        busy_months=10,
        sampled_months=12,
        asked_days=40,
        reads=20,
        looks=3,
        idle_seconds=60,
        peers=True,
    )


SMALL = Size(
    "2024-06",
    "2024-07",
    changed_days=5,
    busy_months=2,
    sampled_months=2,
    asked_days=10,
    reads=5,
    looks=1,
    idle_seconds=4,
    peers=False,
)


@dataclass(frozen=True)
class Place:
    """`folder` holds the tree in `master`, the server in `state`, and what the cases leave."""

    folder: Path
    size: Size
    url: str
    whole: bool = False

    @property
    def master(self) -> Path:
        return self.folder / "master"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @cached_property
    def keys(self) -> list[SegmentKey]:
        """The segments that lay there at the start, newest month first."""
        found = layout.look(self.master, tree.REGIONS, tree.CODES).segments
        return sorted(found, key=lambda key: key.month, reverse=True)

    def count(self, what: str, keys: Iterable[SegmentKey] | None = None) -> int:
        """Rows of the segments, all by default, as their manifests say: `race` or `runner`."""
        chosen = self.keys if keys is None else keys
        paths = (writers.paths(self.master, key)["manifest"] for key in chosen)
        return sum(int(writers.read_manifest(path)[f"{what}_count"]) for path in paths)

    def files(self, kind: str, month: str = "*") -> list[Path]:
        """The CSV files of that kind, `races` or `runners`."""
        return sorted(self.master.glob(f"*/*/{month}/{kind}_*.csv"))

    def database(self, name: str) -> str:
        """The URL of another database of this server; `fresh` makes it."""
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def fresh(self, name: str) -> str:
        """An empty database of that name, whatever was there before."""
        self.drop(name)
        with closing(self._administrator()) as admin:
            admin.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.database(name)

    def drop(self, name: str) -> None:
        with closing(self._administrator()) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def settings(self) -> Mapping[str, str]:
        """What the server was told, beyond its defaults, that bears on speed."""
        with closing(self._administrator()) as admin:
            told = admin.execute("SHOW server_version").fetchall()
            found = {"server_version": str(told[0][0])}
            for name in cluster.SETTINGS:
                if not name.startswith(("unix", "listen", "log", "port", "timezone", "cluster")):
                    (row,) = admin.execute(f"SHOW {name}".encode()).fetchall()
                    found[name] = str(row[0])
        return found

    def _administrator(self) -> Connection:
        return psycopg.connect(self.database("postgres"), autocommit=True)


@contextmanager
def at(folder: Path, size: Size, *, whole: bool) -> Iterator[Place]:
    """The place in `folder`, its tree made if it is not there yet, its server up."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "master").exists():
        _plant(folder / "master", size.months)
    with embedded.server(folder / "state") as url:
        yield Place(folder, size, url, whole)


def _plant(master: Path, months: list[str]) -> None:
    """Build the tree on all cores: a world's day is the same whoever asks for it."""
    growing = master.with_name("master.new")
    parts = [list(each) for _, each in groupby(months, key=lambda month: month[:4])]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(partial(_build, growing), parts))
    growing.rename(master)


def _build(master: Path, months: list[str]) -> None:
    tree.build(master, World(), tree.segments(months))
