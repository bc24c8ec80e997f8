"""`kill -9` at any moment: the next start ends in the database of an undisturbed load.

The daemon is held up at a known statement by a lock of somebody else's, then
killed; the server gives its locks back while it still waits for that one.
"""

import random
import threading
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from giddyup_watch.demo import edits, tree
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import Rules
from tests.faults import sessions
from tests.faults.conftest import FLAT, MONTHS, SEGMENTS, TODAY, WORLD, Stage

pytestmark = pytest.mark.failure(line=19)

#: Enough of a month to go in at once.
BUSIER = World(seed=5, volume=0.2)
#: Kills at random moments, each at most so many seconds after the daemon committed something.
KILLS, KILL_SECONDS = 2, 0.1


class Point(NamedTuple):
    """Somebody's transaction has done `lock`, which holds the daemon up in `statement`."""

    lock: str
    statement: str


def locked(table: str, statement: str) -> Point:
    return Point(f"LOCK TABLE {table} IN EXCLUSIVE MODE", statement)


RUN_OPENED = Point(
    "INSERT INTO racing.etl_runs (run_id, status, scope)"
    " SELECT coalesce(max(run_id), 0) + n, 'running', '{}'"
    " FROM generate_series(1, 100) AS n LEFT JOIN racing.etl_runs ON true GROUP BY n",
    "start_run",
)
MONTH_MADE = Point("LOCK TABLE racing.races IN SHARE UPDATE EXCLUSIVE MODE", "ensure_month")
STAGING_EMPTIED = Point("LOCK TABLE staging.pedigrees IN ACCESS SHARE MODE", "empty_staging")

#: In the order in which a load comes to them, on a database with the month's partitions.
POINTS = (
    locked("staging.runners", "copy_runners"),
    locked("racing.runners", "upsert_runners"),
    STAGING_EMPTIED,
    Point(sessions.LAST_LOCK, sessions.LAST_STATEMENT),
)
#: The other statements of a load, run and transaction alike.
OTHER_POINTS = (
    locked("racing.etl_runs", "close_orphaned_runs"),
    RUN_OPENED,
    locked("staging.races", "copy_races"),
    locked("staging.names", "fill_names"),
    locked("racing.horses", "insert_horses"),
    locked("racing.bloodlines", "insert_bloodlines"),
    locked("racing.races", "upsert_races"),
    locked("racing.ledger_races", "upsert_ledger_races"),
    locked("racing.ledger_days", "upsert_ledger_days"),
    locked("racing.ingested_days", "upsert_ingested_days"),
    locked("racing.ingest_rejects", "delete_rejects"),
)
#: Of a month that goes in at once: its tables are made, filled, the second becomes a partition.
WHOLE_MONTH_POINTS = (
    Point("CREATE TABLE staging.month_races (line int)", "begin_month"),
    locked("racing.ledger_races", "copy_ledger_races"),
    Point("LOCK TABLE racing.runners IN SHARE UPDATE EXCLUSIVE MODE", "attach_month"),
)
OTHER_WHOLE_MONTH_POINTS = (
    RUN_OPENED,
    locked("racing.horses", "make_horses"),
    locked("racing.bloodlines", "make_bloodlines"),
    Point("ALTER SEQUENCE racing.races_race_id_seq CACHE 1", "reserve_race_ids"),
    locked("racing.ledger_days", "upsert_ledger_days"),
    locked("racing.ingested_days", "upsert_ingested_days"),
    Point(sessions.LAST_LOCK, sessions.LAST_STATEMENT),
    Point("LOCK TABLE racing.races IN SHARE UPDATE EXCLUSIVE MODE", "attach_month"),
)


def kill_at(stage: Stage, point: Point) -> None:
    with sessions.in_the_way(stage.url, point.lock), stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url, point.statement)
        daemon.kill()
        sessions.wait_until_lock_is_free(stage.url)


def _make_months(stage: Stage, *first: str) -> None:
    """Make the partitions that a load would make first: attaching them takes locks of its own."""
    with sessions.session(stage.url) as other:
        other.execute(
            "SELECT racing.ensure_month(day::date)"
            " FROM (SELECT unnest(%s::date[]) UNION ALL"
            " SELECT now() + make_interval(months => n) FROM generate_series(0, 3) AS n) _ (day)",
            [list(first)],
        )


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(POINTS, id="main statements"),
        pytest.param(OTHER_POINTS, id="other statements", marks=pytest.mark.slow),
    ],
)
def test_in_a_first_load(stage: Stage, points: Iterable[Point]) -> None:
    kill_at(stage, MONTH_MADE)
    _make_months(stage, "2024-05-01")
    for point in points:
        kill_at(stage, point)
        assert stage.facts() == {}, point
    with stage.daemon():
        stage.assert_ends_equal()
    assert stage.count("racing.etl_runs", "status = 'success'") == 1


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(WHOLE_MONTH_POINTS, id="main statements"),
        pytest.param(OTHER_WHOLE_MONTH_POINTS, id="other statements", marks=pytest.mark.slow),
    ],
)
def test_in_a_whole_month(stage: Stage, points: Iterable[Point]) -> None:
    tree.build(stage.master, BUSIER, tree.segments(MONTHS), today=TODAY)
    _make_months(stage)
    for point in points:
        kill_at(stage, point)
        assert stage.facts() == {}, point
        assert not stage.count("pg_class", "relname ~ '^(month_|r.*_2024_05)'"), point
    with stage.daemon() as daemon:
        stage.assert_ends_equal()
        assert not any("alone" in event for event in daemon.events("segment_ingested"))


def test_in_the_second_segment(stage: Stage) -> None:
    lock = (
        "INSERT INTO racing.ledger_segments (region, code, month, state)"
        " VALUES ('gb', 'jumps', '2024-05-01', 'due')"
    )
    kill_at(stage, Point(lock, sessions.LAST_STATEMENT))
    assert stage.count("racing.ledger_segments") == 1
    with stage.daemon(log__level="debug") as daemon:
        stage.assert_ends_equal()
        (unchanged,) = daemon.events("segment_unchanged")
        assert unchanged["segment"] == str(FLAT)


def test_when_everything_is_committed_but_the_end_of_the_run(stage: Stage) -> None:
    with sessions.in_the_way(stage.url, sessions.LAST_LOCK) as early, stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url)
        with sessions.in_the_way(stage.url, "SELECT FROM racing.etl_runs FOR NO KEY UPDATE"):
            early.rollback()
            daemon.wait_for("segment_ingested", SEGMENTS)
            sessions.wait_until_blocked(stage.url, "finish_run")
            daemon.kill()
            sessions.wait_until_lock_is_free(stage.url)
    with stage.daemon():
        stage.assert_ends_equal()
    assert stage.count("racing.etl_runs") == 1


def test_in_a_correction_with_deletions(stage: Stage) -> None:
    stage.rules = Rules(shrink_guard_percent=100)
    stage.load()
    before = stage.facts()
    card = stage.card()
    gone, corrected, smaller = edits.resulted(card)[:3]
    edits.drop_races(card, {gone})
    edits.correct_result(card, corrected)
    edits.withdraw_runner(card, edits.field_of(card, smaller)[0]["runner_key"])
    stage.put(card)
    lock = f"SELECT FROM racing.races WHERE race_key = '{gone}' FOR UPDATE"
    kill_at(stage, Point(lock, "delete_races"))
    assert stage.facts() == before
    with stage.daemon():
        stage.assert_ends_equal()


def test_at_random_moments(stage: Stage) -> None:
    """Each daemon gets a little further than the one before it."""
    tree.build(stage.master, WORLD, tree.segments(["2024-03", "2024-04"]))
    chance = random.Random()
    for loaded in range(KILLS):
        with stage.daemon() as daemon:
            stage.wait_until_loaded(loaded + 1)
            threading.Event().wait(chance.uniform(0, KILL_SECONDS))
            daemon.kill()
            sessions.wait_until_lock_is_free(stage.url)
    with stage.daemon():
        stage.assert_ends_equal()
