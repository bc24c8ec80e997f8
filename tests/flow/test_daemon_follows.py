"""Whatever happens to the tree, soon afterwards the database is equal to it.

Equal means: to a database into which the tree was loaded undisturbed. Each
change leaves the run that it should, and everything holds without events too.
"""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import SegmentKey
from tests import comparison, server
from tests.flow import loading
from tests.flow.daemon import Daemon
from tests.wait import wait_until

pytestmark = [pytest.mark.failure(line=6), pytest.mark.failure(line=7)]

WORLD = World(seed=9, volume=0.05)
MONTHS = ["2024-06"]
TODAY = dt.date(2024, 6, 20)
KEY = SegmentKey("gb", "flat", "2024-06")

#: Out of reach: what had to wait for one of them is not in time. How soon it is on a machine of
#: one's own, `make bench` measures.
SLOW = {"watch.rescan_seconds": 600, "watch.deadline_ms": 60_000}
#: That polling finds the same changes is for tests/daemon/test_watcher.py to show, and what is done
#: about a change is one thing whoever found it.
BACKENDS = ["auto", pytest.param("polling", marks=pytest.mark.slow)]
BOTH = pytest.mark.parametrize("following", ["auto", "polling"], indirect=True)
#: From the last write of a writer to the commit, on a machine with other work to do.
LAG_SECONDS = 20.0


class Run(NamedTuple):
    status: str
    scope: dict[str, Any]
    stats: dict[str, int]


@dataclass
class Following:
    """A daemon that has loaded the tree and has nothing more to do.

    `clean` is an empty database, for an undisturbed load to compare with.
    """

    daemon: Daemon
    master: Path
    url: str
    conn: psycopg.Connection[Any]
    clean: str

    def after(self, change: Callable[[], object]) -> list[Run]:
        """Do it, see the database follow in time, and give the runs that it took."""
        last = self.conn.execute("SELECT coalesce(max(run_id), 0) FROM racing.etl_runs").fetchone()
        change()
        self.wait_until_loaded()
        return wait_until(lambda: self._finished(last), what="the run is not finished")

    def assert_equal_to_a_clean_load(self) -> None:
        loading.load(self.clean, self.master)
        assert comparison.difference(self.url, self.clean) == []

    def wait_until_loaded(self) -> None:
        wait_until(
            lambda: self._ledger() == self._disk(), LAG_SECONDS, what="disk and ledger differ"
        )

    def _finished(self, last: Any) -> list[Run]:
        rows = self.conn.execute(
            "SELECT status, scope, stats FROM racing.etl_runs WHERE run_id > %s ORDER BY run_id",
            last,
        ).fetchall()
        runs = [Run(*row) for row in rows]
        return runs if all(run.status != "running" for run in runs) else []

    def _ledger(self) -> dict[str, tuple[bytes, ...]]:
        """Digests of the files that are loaded, by segment."""
        rows = self.conn.execute(
            "SELECT region, code, to_char(month, 'YYYY-MM'),"
            " manifest_sha256, races_sha256, runners_sha256"
            " FROM racing.ledger_segments WHERE state = 'loaded'"
        ).fetchall()
        return {"/".join(row[:3]): row[3:] for row in rows}

    def _disk(self) -> dict[str, tuple[bytes, ...]]:
        found = {}
        for key in tree.segments(["2024-04", *MONTHS]):
            files = writers.paths(self.master, key)
            if files["manifest"].exists():
                kinds = ("manifest", "races", "runners")
                digests = (hashlib.sha256(files[kind].read_bytes()).digest() for kind in kinds)
                found[str(key)] = tuple(digests)
        return found


@pytest.fixture(params=BACKENDS)
def following(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    master: Path,
    database: str,
    second_database: str,
) -> Iterator[Following]:
    tree.build(master, WORLD, tree.segments(MONTHS), today=TODAY)
    settings = {"watch.backend": request.param, "log.level": "debug", **SLOW}
    with (
        closing(psycopg.connect(server.as_owner(database), autocommit=True)) as conn,
        Daemon(tmp_path / "daemon", master, database, settings) as daemon,
    ):
        made = Following(daemon, master, database, conn, second_database)
        made.wait_until_loaded()
        yield made


def _next_racing(key: SegmentKey) -> tuple[dt.date, Card]:
    """The first day after the tree's last on which the segment has races."""
    day = TODAY + dt.timedelta(days=1)
    while not WORLD.day(key.region, key.code, day).races:
        day += dt.timedelta(days=1)
    return day, WORLD.day(key.region, key.code, day)


def _some_race(card: Card) -> str:
    """A resulted race with enough runners to lose one."""
    return next(key for key in edits.resulted(card) if len(edits.field_of(card, key)) > 4)


def _sum(runs: list[Run]) -> Counter[str]:
    total: Counter[str] = Counter()
    for run in runs:
        total.update(run.stats)
    return total


def _written(runs: list[Run]) -> dict[str, int]:
    """What the runs did to the facts, zeros left out."""
    effects = ("_inserted", "_updated", "_deleted")
    return {k: v for k, v in _sum(runs).items() if k.endswith(effects) and v}


def test_a_day_appended(following: Following) -> None:
    day, card = _next_racing(KEY)
    before = edits.read(following.master, KEY)
    writer = writers.AppendWriter(following.master)
    (run,) = following.after(lambda: writer.append(KEY, card))
    assert run.status == "success"
    assert run.scope["segments"] == [str(KEY)]
    assert (run.scope["regions"], run.scope["codes"]) == (["gb"], ["flat"])
    assert run.scope["dates"] == [day.isoformat()]
    assert run.scope["trigger"] in ("watch", "rescan")
    assert _written([run]) == {
        "races_inserted": len(card.races),
        "runners_inserted": len(card.runners),
    }
    assert run.stats["runners_unchanged"] == len(before.runners)
    following.assert_equal_to_a_clean_load()


def test_a_month_rewritten_in_place(following: Following) -> None:
    _, more = _next_racing(KEY)
    card = edits.read(following.master, KEY)
    edits.correct_result(card, _some_race(card))
    card.extend(more)
    writer = writers.TruncateWriter(following.master)
    runs = following.after(lambda: writer.rewrite(KEY, card))
    assert [run.status for run in runs] == ["success"]
    assert _written(runs) == {
        "races_inserted": len(more.races),
        "runners_inserted": len(more.runners),
        "runners_updated": 2,
    }
    following.assert_equal_to_a_clean_load()


@pytest.mark.long
@pytest.mark.failure(line=10)
@pytest.mark.parametrize("kind", ["append", "rewrite"])
def test_a_slow_writer_is_waited_for(following: Following, kind: str) -> None:
    """At every step it waits until the daemon has looked: what is half there is never loaded."""
    _, more = _next_racing(KEY)
    whole = edits.read(following.master, KEY)
    whole.extend(more)
    seen: list[writers.Step] = []

    def pause(step: writers.Step) -> None:
        if step in ("races", "runners", "manifest emptied", "manifest half"):
            seen.append(step)
            following.daemon.wait_for("segment_waiting", count=len(seen))

    if kind == "append":
        append = writers.AppendWriter(following.master, pause=pause)
        (run,) = following.after(lambda: append.append(KEY, more))
    else:
        rewrite = writers.TruncateWriter(following.master, pause=pause)
        (run,) = following.after(lambda: rewrite.rewrite(KEY, whole))
    assert len(seen) == 4
    assert _written([run]) == {
        "races_inserted": len(more.races),
        "runners_inserted": len(more.runners),
    }
    following.assert_equal_to_a_clean_load()


def test_a_result_corrected(following: Following) -> None:
    card = edits.read(following.master, KEY)
    race = _some_race(card)
    winner, _ = edits.correct_result(card, race)
    writer = writers.RenameWriter(following.master)
    (run,) = following.after(lambda: writer.replace(KEY, card))
    assert _written([run]) == {"runners_updated": 2}
    stored = following.conn.execute(
        "SELECT runner_key FROM racing.runners JOIN racing.races USING (race_id, race_date)"
        " WHERE race_key = %s AND win_flag",
        [race],
    ).fetchall()
    assert stored == [(winner["runner_key"],)]
    following.assert_equal_to_a_clean_load()


def test_a_runner_withdrawn(following: Following) -> None:
    card = edits.read(following.master, KEY)
    edits.withdraw_runner(card, edits.field_of(card, _some_race(card))[0]["runner_key"])
    writer = writers.RenameWriter(following.master)
    (run,) = following.after(lambda: writer.replace(KEY, card))
    assert _written([run]) == {"races_updated": 1, "runners_deleted": 1}
    following.assert_equal_to_a_clean_load()


def test_a_month_moved_in(following: Following, tmp_path: Path) -> None:
    key = SegmentKey("gb", "flat", "2024-04")
    card = WORLD.month(key)
    elsewhere = tmp_path / "elsewhere"
    writers.AppendWriter(elsewhere).append(key, card)
    source = writers.paths(elsewhere, key)["manifest"].parent
    target = writers.paths(following.master, key)["manifest"].parent
    (run,) = following.after(lambda: source.rename(target))
    assert run.scope["segments"] == [str(key)]
    assert _written([run]) == {
        "races_inserted": len(card.races),
        "runners_inserted": len(card.runners),
    }
    following.assert_equal_to_a_clean_load()


@pytest.mark.long
@BOTH
@pytest.mark.failure(line=3)
def test_a_month_moved_in_and_then_rewritten_twice(following: Following, tmp_path: Path) -> None:
    key = SegmentKey("ire", "jumps", "2024-04")
    card = WORLD.month(key)
    writers.AppendWriter(tmp_path / "elsewhere").append(key, card)
    source = writers.paths(tmp_path / "elsewhere", key)["manifest"].parent
    following.after(lambda: source.rename(writers.paths(following.master, key)["races"].parent))
    writer = writers.TruncateWriter(following.master)
    for race in edits.resulted(card)[:2]:
        edits.correct_result(card, race)
        runs = following.after(lambda: writer.rewrite(key, card))
        assert _written(runs) == {"runners_updated": 2}
    following.assert_equal_to_a_clean_load()


@BOTH
def test_the_whole_tree_deleted_and_rewritten(following: Following) -> None:
    months = {
        key: edits.read(following.master, key)
        for key in tree.segments(MONTHS)
        if writers.paths(following.master, key)["manifest"].exists()
    }
    edits.correct_result(months[KEY], _some_race(months[KEY]))
    writer = writers.TruncateWriter(following.master)
    runs = following.after(lambda: writer.rewrite_tree(months))
    assert {run.status for run in runs} == {"success"}
    assert _written(runs) == {"runners_updated": 2}
    following.assert_equal_to_a_clean_load()
