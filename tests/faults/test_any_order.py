"""Whoever writes what, and whatever is heard of it, the end is the last version and nothing else.

The parts of a daemon that notice, queue, read and load, moved by hand: at each step of a writer
an event comes or is lost, somebody looks at the tree, what is known is loaded, in any order.
"""

import itertools
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.daemon.watching.rescan import Census
from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.ingest import run
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.memory import Memory
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from tests import comparison
from tests.conftest import LOCK_ID
from tests.flow import loading
from tests.ingest.conftest import FLAT, JUMPS, Bench, emptied
from tests.wait import wait_until

TINY = World(seed=3, volume=0.04)
#: Whatever a writer does to a day is believed: a hold is the one way in which the end may differ.
OPEN = Rules(shrink_guard_percent=100)
#: Seconds for which a month that does not agree with its manifest is left alone.
PATIENCE = 3600.0
#: Linux's: the time that files get, which ticks some hundred times a second.
CLOCK_REALTIME_COARSE = 5
#: Of a writer: at most so many on the way.
STEPS = 7

STEP = st.sampled_from(["heard", "lost", "look", "load", "heard and loaded"])
VERSION = st.tuples(
    st.sampled_from(["append", "truncate", "rename"]),
    st.sampled_from([FLAT, JUMPS]),
    st.integers(0, 20),
    st.one_of(
        st.just(["lost"] * STEPS),
        st.lists(STEP, min_size=STEPS, max_size=STEPS),
    ),
)


@pytest.fixture
def bench(conn: Connection, tmp_path: Path) -> Bench:
    empty = tmp_path / "empty"
    empty.mkdir()
    return Bench(conn, empty)


class Follower:
    """Hears, looks and loads when it is told to; by a clock on which every wait is over."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._session = run.Session(
            bench.conn, bench.master, OPEN, LOCK_ID, PATIENCE, parse=Memory().parse
        )
        self._pending = Pending(quiet=1, deadline=10)
        self._census = Census()
        self._told: dict[SegmentKey, float] = {}
        self._clock = itertools.count(step=1000)
        self.look()

    def hear(self, key: SegmentKey) -> None:
        self._told[key] = time.time()
        self._pending.note(key, "watch", next(self._clock))

    def look(self) -> None:
        now = time.time()
        segments = layout.look(self._bench.master, loading.REGIONS, loading.CODES).segments
        for key in self._census.compare(segments, self._told, now).untold:
            self._pending.note(key, "rescan", next(self._clock))

    def load(self) -> None:
        """One turn over what waits, as long as a quiet after the last event."""
        for told in self._told.values():
            _wait_until_files_are_newer_than(told)
        now = float(next(self._clock))
        run.turn(
            self._session,
            run.Request("watch"),
            lambda: self._pending.take(now),
            lambda outcome: self._settle(outcome, now),
        )

    def end(self) -> None:
        """Nothing is written any more: the next look is made, and what it finds loaded."""
        self.look()
        for _ in range(10):
            if not self._pending.depth:
                return
            self.load()
        raise AssertionError("there is always something left to be loaded")

    def _settle(self, outcome: Outcome, now: float) -> None:
        assert outcome.result in ("loaded", "unchanged", "waiting", "absent"), outcome
        if outcome.retry_after is None:
            self._pending.done(outcome.key)
        else:
            self._pending.retry_at(outcome.key, now + outcome.retry_after)
        for heir in outcome.also:
            self._pending.note(heir, "watch", now)


@settings(
    max_examples=settings().max_examples // 6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(versions=st.lists(VERSION, min_size=1, max_size=6))
def test_the_end_is_that_of_loading_the_last_version_from_nothing(
    bench: Bench,
    database: str,
    second_database: str,
    versions: list[tuple[str, SegmentKey, int, list[str]]],
) -> None:
    writers.clear(bench.master)
    with (
        emptied(bench),
        closing(connection.connect(second_database, application_name="clean")) as conn,
        emptied(Bench(conn, bench.master)),
    ):
        follower = Follower(bench)
        for writer, key, number, steps in versions:
            write(bench.master, writer, key, number, steps_of(follower, key, steps))
        follower.end()
        loading.load(second_database, bench.master, rules=OPEN)
        assert comparison.difference(database, second_database) == []


def steps_of(follower: Follower, key: SegmentKey, steps: list[str]) -> Callable[[str], None]:
    """What happens at each step of a writer."""
    left = iter(steps)

    def step(_: str) -> None:
        what = next(left)
        if "heard" in what:
            follower.hear(key)
        if "load" in what:
            follower.load()
        if what == "look":
            follower.look()

    return step


def write(
    master: Path, writer: str, key: SegmentKey, number: int, pause: Callable[[str], None]
) -> None:
    """A version of the month; what is appended may be there already, in other words."""
    card = TINY.month(key)
    if writer == "append":
        day = card.days[number % len(card.days)]
        races = [race for race in card.races if race["date"] == day]
        part = edits.part(card, [race["race_key"] for race in races])
        writers.AppendWriter(master, pause=pause).append(key, part)
        return
    change(card, number)
    if writer == "truncate":
        writers.TruncateWriter(master, pause=pause).rewrite(key, card)
    else:
        writers.RenameWriter(master, pause=pause).replace(key, card)


def change(card: Card, number: int) -> None:
    """Correct a race, and now and then withdraw a runner; its days stay, or they would be kept."""
    race = card.races[number % len(card.races)]
    race["going"] = f"Going {number}"
    field = edits.field_of(card, race["race_key"])
    if number % 3 == 0 and len(field) > 1:
        edits.withdraw_runner(card, field[0]["runner_key"])


def _wait_until_files_are_newer_than(moment: float) -> None:
    """Or a change right after an event has its time, and seems to be what the event told of."""
    wait_until(lambda: time.clock_gettime(CLOCK_REALTIME_COARSE) > moment)
