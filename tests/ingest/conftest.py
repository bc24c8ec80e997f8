"""A bench for ingesting: a tree on disk, a database, and runs between them by hand."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.ingest import run
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.model import Accept, Rules, SegmentKey, Trigger, newest_first
from giddyup_watch.source import layout
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from tests import server
from tests.conftest import LOCK_ID
from tests.server import Server

REGIONS, CODES = ("gb", "ire"), ("flat", "jumps")
FLAT = SegmentKey("gb", "flat", "2024-06")
JUMPS = SegmentKey("gb", "jumps", "2024-06")
SMALL = World(seed=7, volume=0.05)


DAY, NEXT_DAY = "2024-06-05", "2024-06-06"


def race(
    key: str, runners: Sequence[str], *, kind: str = "Flat", day: str = DAY, **cells: str
) -> Card:
    """One race that was run, with only the cells that it cannot be without, and those given."""
    row = {
        "date": day,
        "region": "GB",
        "course": "Ascot",
        "off": "2:10",
        "race_name": f"Race {key}",
        "type": kind,
        "ran": str(len(runners)),
        "race_key": key,
    }
    field = [
        {"race_key": key, "runner_key": name, "horse": f"Horse {name}", "num": "1", "pos": "1"}
        for name in runners
    ]
    return Card([row | cells], field)


def broken_races(count: int, day: str = DAY) -> Card:
    """Lines of races without a course: rejected."""
    return together(*(race(f"broken-{day}-{n}", (), day=day, course="") for n in range(count)))


def together(*cards: Card) -> Card:
    whole = Card()
    for card in cards:
        whole.extend(card)
    return whole


@dataclass
class Bench:
    """`orphan_seconds` is 0: what is on disk is taken as it is, unless a test says otherwise."""

    conn: Connection
    master: Path
    rules: Rules = field(default_factory=Rules)
    orphan_seconds: float = 0.0
    keep_up: Callable[[Connection], object] = lambda _: None

    def put(self, key: SegmentKey, card: Card) -> None:
        """Make the segment's files hold the card and nothing else."""
        writers.TruncateWriter(self.master).rewrite(key, card)

    def card(self, key: SegmentKey) -> Card:
        return edits.read(self.master, key)

    @property
    def session(self) -> run.Session:
        return run.Session(
            self.conn,
            self.master,
            self.rules,
            LOCK_ID,
            self.orphan_seconds,
            keep_up=self.keep_up,
        )

    def keys(self) -> list[SegmentKey]:
        found = layout.look(self.master, REGIONS, CODES).segments
        return sorted(found, key=newest_first)

    def turn(
        self,
        *keys: SegmentKey,
        trigger: Trigger = "watch",
        days: Iterable[dt.date] | None = None,
        force: bool = False,
        accept: Iterable[Accept] = (),
    ) -> tuple[TurnResult, list[Outcome]]:
        """One run over these segments, or over all on disk."""
        queue = iter(keys or self.keys())
        request = run.Request(
            trigger, None if days is None else frozenset(days), force, frozenset(accept)
        )
        outcomes: list[Outcome] = []
        result = run.turn(self.session, request, lambda: next(queue, None), outcomes.append)
        return result, outcomes

    def load(self, *keys: SegmentKey, **how: Any) -> Outcome:
        """One run of which only the last outcome matters."""
        return self.turn(*keys, **how)[1][-1]

    def rows(self, text: str, *params: object) -> list[tuple[Any, ...]]:
        return self.conn.execute(text, params).fetchall()

    def value(self, text: str, *params: object) -> Any:
        return self.rows(text, *params)[0][0]

    def alter(self, text: str, *params: object) -> int:
        """Do to the database what only the owner of its tables may; how many rows it was."""
        return server.alter(self.conn, text, params)

    def count(self, table: str) -> int:
        number: int = self.value(f"SELECT count(*) FROM {table}")
        return number


@contextmanager
def emptied(bench: Bench) -> Iterator[Bench]:
    """The bench with a database as after migrate: examples share one, for speed."""
    tables = (
        "races, runners, ingested_days, ledger_segments, ledger_days, ledger_races,"
        " ingest_rejects, etl_runs"
    )
    names = ", ".join(f"racing.{name.strip()}" for name in tables.split(","))
    bench.alter(f"TRUNCATE {names} CASCADE")
    yield bench


@pytest.fixture(scope="session")
def loaded(
    postgres: Server, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Name of a database into which `month` was loaded, to make others from, and its tree."""
    with postgres.database(template) as url:
        with closing(connection.connect(url, application_name="loaded")) as conn:
            bench = Bench(conn, tmp_path_factory.mktemp("loaded") / "master")
            bench.put(FLAT, SMALL.month(FLAT))
            assert bench.load(FLAT).result == "loaded"
        yield connection.parse_url(url)["dbname"], bench.master


@pytest.fixture
def database(postgres: Server, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a fresh database; whoever asks for `month` finds it loaded there."""
    wants_month = "month" in request.fixturenames
    source = request.getfixturevalue("loaded")[0] if wants_month else template
    with postgres.database(source) as url:
        yield url


@pytest.fixture
def bench(conn: Connection, tmp_path: Path) -> Bench:
    master = tmp_path / "master"
    master.mkdir()
    return Bench(conn, master)


@pytest.fixture
def month(bench: Bench, loaded: tuple[str, Path]) -> Card:
    """A loaded month of GB flat racing, as a card to change and to put back."""
    shutil.copytree(loaded[1], bench.master, dirs_exist_ok=True)
    return bench.card(FLAT)


@pytest.fixture
def other_session(database: str) -> Iterator[Connection]:
    """A session of somebody else on the same database."""
    with closing(
        connection.connect(server.as_owner(database), application_name="somebody else")
    ) as opened:
        yield opened
